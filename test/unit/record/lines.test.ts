import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { linesOf } from "../../../src/record/lines.ts";

/** The bytes, cut into pieces of so many. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(bytes: Uint8Array, size = 7): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  for await (const line of linesOf(pieces(bytes, size))) lines.push(line);
  return lines;
}

describe("lines", () => {
  it("are what stands between newlines, however the file comes", async () => {
    const text = fc.string({ unit: "grapheme" }).filter((line) => !line.includes("\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.integer({ min: 1, max: 50 }), async (lines, size) => {
        expect(await read(encodeUtf8(lines.map((line) => `${line}\n`).join("")), size)).toEqual(lines);
      }),
    );
  });

  it.each(["\r", "\u2028", "\u2029", "\u0085", "\v"])("end at no %j", async (character) => {
    expect(await read(encodeUtf8(`a${character}b\nc\n`))).toEqual([`a${character}b`, "c"]);
  });

  it("are read to the end of a file that lacks its last newline", async () => {
    expect(await read(encodeUtf8("a\nb"))).toEqual(["a", "b"]);
    expect(await read(new Uint8Array())).toEqual([]);
  });

  it("that are no text, or longer than any entry, are none", async () => {
    expect(await read(Uint8Array.of(97, 10, 0xff, 10, 98, 10))).toEqual(["a", undefined, "b"]);
    const long = encodeUtf8("x".repeat(5 * 1024 * 1024));
    expect(await read(long, 1024 * 1024)).toEqual([undefined]);
  });
});
