import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHeaderLines, readHeaders } from "../../../src/cli/captured-headers.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-headers-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("captured headers", () => {
  it("are found whatever the case of their names", () => {
    const header = readHeaders(["x-nonce: abc", "X-Timestamp:2026-01-15T14:30:00Z  "]);
    expect(header("X-Nonce")).toBe("abc");
    expect(header("x-timestamp")).toBe("2026-01-15T14:30:00Z");
    expect(header("X-Signature")).toBeUndefined();
  });

  it("that came twice are joined, as a server sees them", () => {
    expect(readHeaders(["X-Signature: v1=a", "x-signature: v1=b"])("X-Signature")).toBe("v1=a, v1=b");
  });

  it("are refused where a line is none", () => {
    expect(() => readHeaders(["X-Nonce abc"])).toThrow("A header is like");
  });

  it("are read from what curl -v prints, and from a whole request's head", () => {
    const path = join(dir, "headers.txt");
    writeFileSync(path, "> POST /webhooks/default HTTP/1.1\r\n> X-Nonce: abc\r\n> X-Signature: v1=a\r\n>\r\n");
    expect(readHeaderLines(path)).toEqual(["X-Nonce: abc", "X-Signature: v1=a"]);
    expect(() => readHeaderLines(join(dir, "none"))).toThrow("cannot be read");
  });
});
