// Reads a request's body as text, with a hard cap, whatever its Content-Length claims.
import { decodeUtf8 } from "../../crypto/encoding.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { Refusal } from "./refusal.ts";

/** The largest order is a few hundred bytes. */
const BYTES_MAX = 16 * 1024;

/** The whole body, `""` where there is none. Refuses more than {@link BYTES_MAX} bytes, and bytes that are not UTF-8. */
export async function readBody({ body }: Request): Promise<Result<string, Refusal>> {
  if (body === null) return ok("");
  const reader = body.getReader();
  const bytes = new Uint8Array(BYTES_MAX);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const chunk: Uint8Array = value;
    if (length + chunk.byteLength > BYTES_MAX) {
      await reader.cancel();
      return err({ reason: "too_large", bytesMax: BYTES_MAX });
    }
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  const text = decodeUtf8(bytes.subarray(0, length));
  return text === undefined ? err({ reason: "unreadable" }) : ok(text);
}
