import { expect, it } from "vitest";
import { encodeHex } from "../../../src/crypto/encoding.ts";
import { randomBytes } from "../../../src/crypto/random.ts";

it.each([0, 1, 10, 32])("randomBytes gives as many bytes as asked: %i", (length) => {
  expect(randomBytes(length)).toHaveLength(length);
});

it("randomBytes does not repeat itself", () => {
  const seen = new Set(Array.from({ length: 1000 }, () => encodeHex(randomBytes(16))));
  expect(seen.size).toBe(1000);
});
