// Checks a file of the audit log by itself: no gateway, no network, and as much memory for a million entries as for ten.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { ChainCheck, type Fault } from "../record/chain.ts";
import { linesOf } from "../record/lines.ts";
import type { Sha256 } from "../record/tree.ts";
import { Failure } from "./failure.ts";

export type Verified = { readonly chain: string; readonly entries: number; readonly head: string };

const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());

/** `onProgress`: how much of the file has been read, from 0 to 1, at every piece. Throws a Failure that names the first bad entry. */
export async function verifyFile(path: string, onProgress: (part: number) => void): Promise<Verified> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new Failure(`${path} cannot be read.`, { cause });
  });
  let check: ChainCheck | undefined;
  let chain = "";
  for await (const line of linesOf(countedChunks(path, (read) => onProgress(size === 0 ? 1 : read / size)))) {
    if (check === undefined) {
      chain = chainIn(line) ?? refuse({ seq: 1, reason: "unreadable" });
      check = new ChainCheck(chain, { checkpoints: [], sha256 });
    }
    const fault = line === undefined ? { seq: check.size + 1, reason: "unreadable" as const } : check.push(line);
    if (fault !== undefined) refuse(fault);
  }
  if (check === undefined) throw new Failure(`${path} is empty: there is nothing to check.`);
  return { chain, entries: check.size, head: check.head };
}

async function* countedChunks(path: string, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>) {
    onRead((read += chunk.length));
    yield chunk;
  }
}

/** Which chain a file is of, its first entry says; all others have to say the same. */
function chainIn(line: string | undefined): string | undefined {
  try {
    const json: unknown = JSON.parse(line ?? "");
    return typeof json === "object" && json !== null && "chain" in json && typeof json.chain === "string"
      ? json.chain
      : undefined;
  } catch {
    return undefined;
  }
}

const WORDS: Readonly<Record<Fault["reason"], (seq: number) => string>> = {
  unreadable: (seq) => `Entry ${seq} is no entry of an audit log.`,
  another_chain: (seq) => `Entry ${seq} is of another chain.`,
  missing: (seq) => `Entry ${seq} is missing, or stands elsewhere.`,
  broken_link: (seq) => `Entry ${seq} does not follow entry ${seq - 1}: one of the two was changed.`,
  differs_from_checkpoint: (seq) => `From entry ${seq} on, this is not what was signed.`,
  cut_off: (seq) => `Entry ${seq} and what comes after it has been cut off.`,
};

function refuse({ seq, reason }: Fault): never {
  const detail = WORDS[reason](seq);
  throw new Failure(detail, { document: { code: reason, detail, seq } });
}
