// A JSON document from a file or stdin. Never from the command line, which every user of this machine can see: a broker's key
// may be in it.
import { decodeUtf8 } from "../crypto/encoding.ts";
import { readBody } from "./body.ts";
import { Failure, UsageFault } from "./failure.ts";

/** From `--file`, or from stdin where the one argument is `-`. What is wrong with it is said without repeating any of it. */
export async function readDocument(positionals: readonly string[], file: string | undefined): Promise<unknown> {
  if (file === undefined && positionals[0] !== "-") throw new UsageFault("Give --file FILE, or - to read stdin");
  const { bytes } = await readBody(positionals, file);
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "");
  } catch {
    // Without its cause, which quotes the text.
    throw new Failure(`${file ?? "stdin"} holds no JSON.`);
  }
}
