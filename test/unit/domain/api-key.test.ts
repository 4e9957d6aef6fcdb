import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  API_KEY_PATTERN,
  ApiKeyId,
  type Environment,
  isRotationDue,
  looksLikeApiKey,
  makeApiKey,
  readApiKey,
} from "../../../src/domain/api-key.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ENVIRONMENTS: readonly Environment[] = ["development", "staging", "production"];

/** Yields 0 to 255 again and again, across calls. */
function everyByteInTurn(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => Uint8Array.from({ length }, () => next++ % 256);
}

const aKey = (environment: Environment = "development") => makeApiKey(environment, (length) => randomBytes(length));

const environments = fc.constantFrom(...ENVIRONMENTS);
/** Made of the bytes that fast-check picks, and of others when those run out. */
const keys = fc.tuple(environments, fc.uint8Array({ minLength: 42, maxLength: 64 })).map(([environment, bytes]) => {
  let at = 0;
  return makeApiKey(environment, (length) => Uint8Array.from({ length }, () => bytes[at++] ?? at % 256)).key;
});

const base62 = (value: number): string => {
  const digits = Array.from({ length: 6 }, (_, index) => Math.floor(value / 62 ** (5 - index)) % 62);
  return digits.map((digit) => ALPHABET.charAt(digit)).join("");
};

describe("a new API key", () => {
  it.each([
    ["development", "sp_dev_"],
    ["staging", "sp_staging_"],
    ["production", "sp_prod_"],
  ] as const)("of %s begins with %s, has 48 characters after it and its id first", (environment, prefix) => {
    const { id, key } = aKey(environment);
    expect(key).toMatch(/^[a-z]+_[a-z]+_[0-9A-Za-z]{48}$/);
    expect(key.startsWith(prefix + id)).toBe(true);
    expect(ApiKeyId.safeParse(id).success).toBe(true);
  });

  it("is read as what it was made as", () => {
    fc.assert(
      fc.property(environments, (environment) => {
        const { id, key } = aKey(environment);
        expect(readApiKey(key)).toEqual({ ok: true, value: { id, environment } });
      }),
    );
  });

  it("ends with the CRC-32 of what is before it, as zlib computes it", () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(key.slice(-6)).toBe(base62(crc32(key.slice(0, -6))));
      }),
    );
  });

  it("is this one for these bytes", () => {
    const { id, key } = makeApiKey("production", everyByteInTurn());
    expect(id).toBe("0123456789");
    expect(key).toBe(
      `sp_prod_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef${base62(crc32("sp_prod_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"))}`,
    );
  });

  it("has every character as often as every other, when every byte is", () => {
    const bytes = everyByteInTurn();
    const counts = new Map<string, number>();
    // 124 keys of 42 random characters are 21 turns of the 248 bytes that are taken.
    for (let made = 0; made < 124; made += 1) {
      const { key } = makeApiKey("development", bytes);
      for (const character of key.slice("sp_dev_".length, -6)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(ALPHABET.split("").sort());
    expect(new Set(counts.values())).toEqual(new Set([84]));
  });

  it("asks for more bytes where some would favour a character", () => {
    const batches = [Uint8Array.from({ length: 10 }, () => 255), Uint8Array.from({ length: 10 }, () => 247)];
    const { id } = makeApiKey("development", (length) => batches.shift() ?? new Uint8Array(length));
    expect(id).toBe("zzzzzzzzzz");
  });
});

describe("a text that is read as an API key", () => {
  const { key } = aKey("staging");

  it("is mistyped when any one character is another", () => {
    fc.assert(
      fc.property(keys, fc.nat(), fc.constantFrom(...ALPHABET.split("")), (whole, position, character) => {
        const from = whole.lastIndexOf("_") + 1;
        const at = from + (position % (whole.length - from));
        fc.pre(whole[at] !== character);
        const typo = whole.slice(0, at) + character + whole.slice(at + 1);
        expect(readApiKey(typo)).toEqual({ ok: false, error: { reason: "mistyped" } });
      }),
    );
  });

  it("is mistyped when two neighbours have changed places", () => {
    fc.assert(
      fc.property(keys, fc.nat(), (whole, position) => {
        const at = whole.lastIndexOf("_") + 1 + (position % 47);
        fc.pre(whole[at] !== whole[at + 1]);
        const typo = whole.slice(0, at) + whole.charAt(at + 1) + whole.charAt(at) + whole.slice(at + 2);
        expect(readApiKey(typo)).toEqual({ ok: false, error: { reason: "mistyped" } });
      }),
    );
  });

  it.each([
    ["cut", key.slice(0, -1)],
    ["lengthened", `${key}0`],
    ["followed by a line end", `${key}\n`],
    ["of an environment there is none of", key.replace("staging", "live")],
    ["of an environment every object has", key.replace("staging", "constructor")],
    ["taken to another environment", key.replace("staging", "prod")],
    ["in upper case", `sp_${key.slice(3).toUpperCase()}`],
    ["with another separator", key.replaceAll("_", "-").replace("sp-", "sp_")],
  ])("is mistyped when it is %s", (_, text) => {
    expect(readApiKey(text)).toEqual({ ok: false, error: { reason: "mistyped" } });
  });

  it.each(["", " ", ` ${key}`, "Bearer x", "SP_dev_", "a-secret-of-somebody-else-0123456789"])(
    "is none: %o",
    (text) => {
      expect(readApiKey(text)).toEqual({ ok: false, error: { reason: "not_an_api_key" } });
    },
  );

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        expect(readApiKey(text).ok).toBe(false);
        expect(readApiKey(`sp_dev_${text}`).ok).toBe(false);
      }),
    );
  });
});

describe("the pattern for secret scanners", () => {
  it("finds every key in a text, and the key only", () => {
    fc.assert(
      fc.property(keys, fc.constantFrom(" ", '"', "=", ":", "\n", "/", "'", ""), (key, edge) => {
        expect(API_KEY_PATTERN.exec(`X-API-Key${edge || " "}${key}${edge}`)?.[0]).toBe(key);
      }),
    );
  });

  it.each(["sp_dev_", `sp_dev_${"a".repeat(47)}`, `sp_dev_${"a".repeat(49)}`, `wasp_dev_${"a".repeat(48)}`])(
    "does not find %s",
    (text) => {
      expect(API_KEY_PATTERN.test(text)).toBe(false);
    },
  );
});

describe("a key in a query string", () => {
  it("is found wherever it is, also without its end", () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 0, max: 37 }), (key, cut) => {
        const query = new URLSearchParams({ limit: "5", any_name: key.slice(0, key.length - cut), x: "" });
        expect(looksLikeApiKey(`?${query.toString()}`)).toBe(true);
      }),
    );
  });

  it.each(["", "?limit=5&cursor=sp_500", "?key_id=sp_dev_0123456789", "?symbol=BRK.B&account=paper"])(
    "is not seen in %o",
    (query) => {
      expect(looksLikeApiKey(query)).toBe(false);
    },
  );
});

describe("an id of a key", () => {
  it.each(["", "123456789", "12345678901", "12345678_0", "123456789\n", "١234567890"])("is not %o", (text) => {
    expect(ApiKeyId.safeParse(text).success).toBe(false);
  });
});

describe("the rotation of a key", () => {
  const createdAtMs = Date.UTC(2026, 0, 15);
  it.each([
    [0, false],
    [90 * 86_400_000 - 1, false],
    [90 * 86_400_000, true],
  ])("%d ms after it was made is due: %s", (ageMs, expected) => {
    expect(isRotationDue({ createdAtMs }, createdAtMs + ageMs)).toBe(expected);
  });
});
