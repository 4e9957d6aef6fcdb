// Reads a request body with a hard cap, whatever its Content-Length claims.

/** Larger than any order or alert, and small enough to hash and hold without a thought. */
export const BODY_BYTES_MAX = 64 * 1024;

/** The body's bytes, or `undefined` when there are more than {@link BODY_BYTES_MAX}. */
export async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (request.body === null) return new Uint8Array(0);
  if (Number(request.headers.get("Content-Length")) > BODY_BYTES_MAX) {
    await request.body.cancel();
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (length > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}
