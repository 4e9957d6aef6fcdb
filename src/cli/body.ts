// The bytes that are signed: from the command line, a file or stdin, and never changed on the way.
import { readFileSync } from "node:fs";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { Failure, UsageFault } from "./failure.ts";
import { readOne, refuseMore } from "./arguments.ts";

export type Body = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The file they are from, where they are from one. */
  readonly file: string | undefined;
};

/** From `--file`, or the one argument: the text itself, or `-` for stdin. */
export async function readBody(positionals: readonly string[], file: string | undefined): Promise<Body> {
  if (file !== undefined) {
    refuseMore(positionals);
    return { bytes: readBytes(file), file };
  }
  const text = readOne("BODY", positionals);
  if (text === "") throw new UsageFault("BODY is empty");
  return { bytes: text === "-" ? await readStdin() : encodeUtf8(text), file: undefined };
}

function readBytes(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (thrown) {
    throw new Failure(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function readStdin(): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return new Uint8Array(Buffer.concat(pieces));
}
