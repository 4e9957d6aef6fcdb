// The public keys that a team at Cloudflare Access signs with (RFC 7517). They are read again when they are old, and when an
// assertion names one that is not among them.
import type { JSONWebKeySet, JWTVerifyGetKey } from "jose";
import { JWKSNoMatchingKey } from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { readCapped } from "../capped-body.ts";
import { decodeUtf8 } from "../crypto/encoding.ts";
import { describeError } from "../log.ts";
import { Remembered } from "../remembered.ts";

const AGES = {
  /** For how long a key is gone by that Access no longer shows. A new one is not waited for: it is looked for by its name. */
  refreshMs: 600_000,
  /** The same while Access cannot be asked. It lets a key that it has replaced hold for seven days itself. */
  keptMsMax: 86_400_000,
};
/** Anybody can make up the name of a key. */
const LOOK_AGAIN_MS = 30_000;
const TIMEOUT_MS = 5_000;
/** Two keys, each once more as a certificate, have some 8 KiB. */
const BODY_BYTES_MAX = 64 * 1024;

/** Finds the key that an assertion names: throws a `JOSEError` where there is none, and another error where nobody can tell. */
export type TeamKeys = JWTVerifyGetKey;

export function rememberTeamKeys(read: () => Promise<TeamKeys>, nowMs: () => number = Date.now): TeamKeys {
  const remembered = new Remembered(read, nowMs);
  return async function findTeamKey(header, token) {
    // Without a name, any key of the team would do. Access always gives one.
    if (header.kid === undefined) throw new JWKSNoMatchingKey();
    const keys = await remembered.current(AGES);
    try {
      return await keys(header, token);
    } catch (thrown) {
      if (!(thrown instanceof JWKSNoMatchingKey)) throw thrown;
      const newer = await remembered.since(nowMs() - LOOK_AGAIN_MS);
      return newer(header, token);
    }
  };
}

/** The platform's `fetch`, or a test's. */
type Fetch = (request: Request) => Promise<Response>;

/** Asks Access for the keys of the team whose domain this is. The error says nothing about any assertion. */
export async function readTeamKeys(issuer: string, fetch: Fetch): Promise<TeamKeys> {
  const request = new Request(`${issuer}/cdn-cgi/access/certs`, {
    headers: { Accept: "application/json" },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  try {
    return createLocalJWKSet(await readKeySet(await fetch(request)));
  } catch (thrown) {
    // oxlint-disable-next-line preserve-caught-error -- the log shows a cause alone, and this one does not say what failed
    throw new Error(`the team's keys cannot be read: ${describeError(thrown)}`);
  }
}

async function readKeySet(response: Response): Promise<JSONWebKeySet> {
  if (response.status !== 200) {
    void response.body?.cancel().catch(() => undefined);
    throw new Error(`HTTP ${response.status}`);
  }
  const bytes = await readCapped(response.body, BODY_BYTES_MAX);
  if (bytes === undefined) throw new Error(`more than ${BODY_BYTES_MAX} bytes`);
  // What it holds is checked where the keys are made of it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return JSON.parse(decodeUtf8(bytes) ?? "") as JSONWebKeySet;
}
