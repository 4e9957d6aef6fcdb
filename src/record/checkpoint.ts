// Checkpoints (C2SP tlog-checkpoint): how many entries a chain has, and the root of the tree over all of them. A signed note.
import { decodeBase64, encodeBase64 } from "../crypto/base64.ts";
import type { Hash } from "./tree.ts";

export type Checkpoint = {
  /** Which chain of which gateway, such as `sallyport.example.com/audit/paper`. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
};

const ROOT_BYTES = 32;

/** The text to be signed. */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${encodeBase64(root)}\n`;

/** `undefined` where the text is none. Lines beyond the third are extensions, which say nothing here. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [, origin, size, encoded] = /^([^\n]+)\n(0|[1-9]\d{0,14})\n([^\n]+)\n(?:[^\n]+\n)*$/.exec(text) ?? [];
  const root = encoded === undefined ? undefined : decodeBase64(encoded);
  return origin !== undefined && root?.length === ROOT_BYTES ? { origin, size: Number(size), root } : undefined;
}
