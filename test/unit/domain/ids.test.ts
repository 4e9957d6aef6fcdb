import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccountId, ClientOrderId, OrderId, SourceId, accountOf, orderIdOf, uuidv7 } from "../../../src/domain/ids.ts";

/** The last millisecond that 48 bits hold: the year 10889. */
const TIME_MS_MAX = 2 ** 48 - 1;

const nowMs = fc.integer({ min: 0, max: TIME_MS_MAX });
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const account = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/).map((text) => AccountId.parse(text));

describe("uuidv7", () => {
  it("is the example of RFC 9562 appendix A.6", () => {
    // The random bits of the example; where the variant goes, only the two low bits of a digit count.
    const bits = Uint8Array.of(0xcc, 0x31, 0x8c, 0x4d, 0xc0, 0xc0, 0xc0, 0x73, 0x98, 0xf0);
    const uuid = uuidv7(0x017f22e279b0, bits);
    expect(uuid).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  it("has the version and the variant of RFC 9562 for any time and any bytes", () => {
    fc.assert(
      fc.property(nowMs, random, (ms, bytes) => {
        expect(uuidv7(ms, bytes)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  it("sorts as text by the time of its creation", () => {
    fc.assert(
      fc.property(nowMs, nowMs, random, random, (a, b, bytesA, bytesB) => {
        fc.pre(a !== b);
        expect(uuidv7(a, bytesA) < uuidv7(b, bytesB)).toBe(a < b);
      }),
    );
  });

  it("differs for different bytes in the same millisecond", () => {
    fc.assert(
      fc.property(nowMs, random, fc.nat({ max: 8 }), fc.integer({ min: 1, max: 3 }), (ms, bytes, index, change) => {
        // The two low bits of a byte: where the variant is set, only these are random.
        const other = bytes.with(index, (bytes[index] ?? 0) ^ change);
        expect(uuidv7(ms, other)).not.toBe(uuidv7(ms, bytes));
      }),
    );
  });

  it("does not change the bytes it is given", () => {
    const bytes = new Uint8Array(10).fill(0xab);
    uuidv7(1, bytes);
    expect(bytes).toEqual(new Uint8Array(10).fill(0xab));
  });
});

describe("an order id", () => {
  it("leads back to its account", () => {
    fc.assert(
      fc.property(account, nowMs, random, (id, ms, bytes) => {
        expect(accountOf(orderIdOf(id, uuidv7(ms, bytes)))).toBe(id);
      }),
    );
  });

  it("matches its own pattern", () => {
    fc.assert(
      fc.property(account, nowMs, random, (id, ms, bytes) => {
        expect(OrderId.safeParse(`${id}_${uuidv7(ms, bytes)}`).success).toBe(true);
      }),
    );
  });

  const uuid = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

  it.each([
    ["no account", `_${uuid}`],
    ["no UUID", "main_"],
    ["two accounts", `main_main_${uuid}`],
    ["a UUID version 4", "main_6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11"],
    ["a UUID in capitals", `main_${uuid.toUpperCase()}`],
    ["a path", `main/../${uuid}`],
    ["a line feed at the end", `main_${uuid}\n`],
  ])("is refused with %s", (_, text) => {
    expect(OrderId.safeParse(text).success).toBe(false);
  });
});

describe("an account id and a source id", () => {
  it.each(["a", "0", "main", "alpaca-paper-2", "a".repeat(32)])("accept %j", (text) => {
    expect(AccountId.safeParse(text).success).toBe(true);
    expect(SourceId.safeParse(text).success).toBe(true);
  });

  it.each(["", "-a", "A", "a_b", "a b", "a/b", "a.b", "é", "a\n", "a".repeat(33)])("refuse %j", (text) => {
    expect(AccountId.safeParse(text).success).toBe(false);
    expect(SourceId.safeParse(text).success).toBe(false);
  });
});

describe("a client order id", () => {
  it.each(["1", "tv:AAPL:2026-01-15T14.30", "a_b-c", "A".repeat(64)])("accepts %j", (text) => {
    expect(ClientOrderId.safeParse(text).success).toBe(true);
  });

  it.each(["", "a b", "a/b", "a%2fb", "a\nb", "a\n", "é", "A".repeat(65)])("refuses %j", (text) => {
    expect(ClientOrderId.safeParse(text).success).toBe(false);
  });
});
