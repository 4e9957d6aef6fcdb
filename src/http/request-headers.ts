// Request headers that mean the same everywhere.

/** Longer waits would outlive proxies and tempt callers to treat the answer as final. */
const WAIT_SEC_MAX = 10;
/** A structured-field string (draft-ietf-httpapi-idempotency-key-header), or the bare characters many clients send. */
const IDEMPOTENCY_KEY = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/;

/** The key, `null` when there is none, `undefined` when there is one that cannot be read. */
export function readIdempotencyKey(header: string | undefined): string | null | undefined {
  if (header === undefined) return null;
  const [, quoted, bare] = IDEMPOTENCY_KEY.exec(header) ?? [];
  return quoted ?? bare;
}

/** The seconds of `Prefer: wait=N` (RFC 7240), capped; `undefined` without one. A preference nobody understands is ignored. */
export function readWaitSec(header: string | undefined): number | undefined {
  for (const preference of header?.split(",") ?? []) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), WAIT_SEC_MAX);
  }
  return undefined;
}
