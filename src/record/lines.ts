// A file of entries, read line by line in bounded memory. Lines end with a newline and nothing else: other characters that some
// readers end lines at may stand inside of an entry.
import { concatBytes } from "../crypto/bytes.ts";
import { decodeUtf8 } from "../crypto/encoding.ts";

/** Longer than any entry: a row of D1 holds 2 MB. */
const LINE_BYTES_MAX = 4 * 1024 * 1024;
const NEWLINE = 10;

/** `undefined` in place of a line that is no text, or longer than any entry. The last one may lack its newline. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  let rest = new Uint8Array();
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield textOf(concatBytes(rest, chunk.subarray(from, end)));
      rest = new Uint8Array();
      from = end + 1;
    }
    rest = concatBytes(rest, chunk.subarray(from));
    if (rest.length <= LINE_BYTES_MAX) continue;
    yield undefined;
    return;
  }
  if (rest.length > 0) yield textOf(rest);
}

const textOf = (line: Uint8Array): string | undefined => (line.length > LINE_BYTES_MAX ? undefined : decodeUtf8(line));
