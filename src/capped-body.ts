// Reads the body of a request or an answer with a hard cap, whatever its Content-Length claims.

/**
 * The body's bytes; none where there is no body, `undefined` where there are more than `bytesMax`. Rejects when the stream
 * does. The stream is read to its end or cancelled, also when `signal` aborts.
 */
export async function readCapped(
  body: ReadableStream | null,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  // Nobody waits for a cancelled stream, and one that cannot be cancelled has already ended.
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener("abort", cancel, { once: true });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const chunk: Uint8Array = value;
    length += chunk.byteLength;
    if (length > bytesMax) {
      cancel();
      return undefined;
    }
    chunks.push(chunk);
  }
  return join(chunks, length);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
