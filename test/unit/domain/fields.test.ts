import * as z from "zod";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFields } from "../../../src/domain/fields.ts";
import { PositiveDecimal } from "../../../src/domain/money.ts";
import { Settlement } from "../../../src/domain/settlement.ts";
import { readNativeOrder } from "../../../src/domain/signal/native.ts";

/** What is wrong with the value, by pointer. */
function errorsOf(schema: z.ZodType, value: unknown): Record<string, string> {
  const read = parseFields(schema, value);
  return read.ok ? {} : Object.fromEntries(read.error.map(({ pointer, message }) => [pointer, message]));
}

const inField = (schema: z.ZodType, value: unknown): string | undefined =>
  errorsOf(z.object({ field: schema }), { field: value })["/field"];

describe("a value that is what the schema has it", () => {
  it("is read", () => {
    expect(parseFields(z.strictObject({ a: z.coerce.number() }), { a: "1" })).toEqual({ ok: true, value: { a: 1 } });
  });
});

describe("what is wrong with a field", () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ["a number for a text", z.string(), 1, "must be a string"],
    ["null for a text", z.string(), null, "must be a string"],
    ["a list for a text", z.string(), ["a"], "must be a string"],
    ["a text for a number", z.number(), "1", "must be a number"],
    ["a text that is no number", z.coerce.number(), "zzz", "must be a number"],
    ["a fraction for a whole number", z.coerce.number().int(), "1.5", "must be a whole number"],
    ["a text for a truth", z.boolean(), "true", "must be true or false"],
    ["an object for a list", z.array(z.string()), {}, "must be a list"],
    ["a list for an object", z.object({}), [], "must be an object"],
    ["a list for a map", z.record(z.string(), z.string()), [], "must be an object"],
    ["another word", z.enum(["market", "limit"]), "stop", "must be one of market, limit"],
    ["another type", z.enum(["market", "limit"]), null, "must be one of market, limit"],
    ["not the only word", z.literal("ok"), "no", "must be ok"],
    ["none of several types", z.union([z.string(), z.number()]), true, "must be a string or a number"],
    ["a null for a decimal", PositiveDecimal.optional(), null, "must be a string or a number"],
    ["a text that is too short", z.string().min(2), "a", "must have at least 2 characters"],
    ["an empty text", z.string().min(1), "", "must not be empty"],
    ["a text that is too long", z.string().max(2), "abc", "must have at most 2 characters"],
    ["an empty list", z.array(z.string()).min(1), [], "must not be empty"],
    ["a list that is too long", z.array(z.string()).max(2), ["a", "b", "c"], "must have at most 2 items"],
    ["a number that is too small", z.number().min(1), 0, "must be at least 1"],
    ["a number that is too large", z.number().max(200), 201, "must be at most 200"],
    ["a number on the wrong side", z.number().gt(1), 1, "must be more than 1"],
    ["a number on the other wrong side", z.number().lt(1), 1, "must be less than 1"],
    ["no time", z.iso.datetime(), "yesterday", "must be a time in UTC, like 2026-01-15T14:30:00Z"],
    ["a text of another form", z.string().regex(/^a$/), "b", "has the wrong form"],
    ["a multiple of nothing", z.number().multipleOf(2), 3, "has the wrong form"],
  ])("is said in our words: %s", (_, schema, value, message) => {
    expect(inField(schema, value)).toBe(message);
  });

  it("has a code: that it is missing, that nobody knows it, or that it does not hold what it has to", () => {
    const read = parseFields(z.strictObject({ a: z.string(), b: z.string() }), { b: 1, c: 1 });
    expect(read).toMatchObject({
      error: [
        { pointer: "/a", code: "missing_field" },
        { pointer: "/b", code: "invalid_field" },
        { pointer: "/c", code: "unknown_field" },
      ],
    });
  });

  it("is said in the schema's own words where it has some", () => {
    expect(inField(z.string({ error: "must be told" }), 1)).toBe("must be told");
    expect(inField(z.string().regex(/^a$/, { error: "must be a" }), "b")).toBe("must be a");
    expect(
      inField(
        z.string().refine(() => false, { error: "will not do" }),
        "b",
      ),
    ).toBe("will not do");
  });

  it.each<[string, z.ZodType]>([
    ["text", z.string()],
    ["text with words of its own", z.string({ error: "must be told" })],
    ["number", z.coerce.number()],
    ["word", z.enum(["market", "limit"])],
    ["only word", z.literal("ok")],
    ["decimal", PositiveDecimal],
    ["list", z.array(z.string())],
    ["object", z.object({})],
  ])("is that it is required where there is none: a %s", (_, schema) => {
    expect(errorsOf(z.object({ field: schema }), {})).toEqual({ "/field": "required" });
  });

  it("is not that it is required where somebody asks for it in words", () => {
    const either = z.object({}).superRefine((_, context) => {
      context.addIssue({ code: "custom", path: ["quantity"], message: "give quantity or notional" });
    });
    expect(errorsOf(either, {})).toEqual({ "/quantity": "give quantity or notional" });
  });

  it("is told once, and what the fields ask of each other last", () => {
    const market = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
    expect(readNativeOrder({ ...market, limit_price: null })).toEqual({
      ok: false,
      error: [{ pointer: "/limit_price", code: "invalid_field", message: "not allowed with type market" }],
    });
    expect(readNativeOrder({ ...market, type: "limit", limit_price: null })).toEqual({
      ok: false,
      error: [{ pointer: "/limit_price", code: "invalid_field", message: "must be a string or a number" }],
    });
  });
});

describe("the field that says which of several forms a value has", () => {
  it.each<[string, object, string]>([
    ["is required", { reason: "x" }, "required"],
    ["is one of those there are", { outcome: "lost", reason: "x" }, "must be one of not_placed, placed"],
    ["is no null", { outcome: null, reason: "x" }, "must be one of not_placed, placed"],
  ])("%s", (_, value, message) => {
    expect(errorsOf(Settlement, value)).toEqual({ "/outcome": message });
  });
});

describe("the pointer", () => {
  it("leads to each unknown key, escaped as RFC 6901 has it", () => {
    const schema = z.object({ inner: z.strictObject({}) });
    expect(errorsOf(schema, { inner: { "a/b": 1, "c~d": 2 } })).toEqual({
      "/inner/a~1b": "unknown field",
      "/inner/c~0d": "unknown field",
    });
  });

  it("leads into lists", () => {
    expect(errorsOf(z.array(z.string()), ["a", 1])).toEqual({ "/1": "must be a string" });
  });

  it("is empty for the value itself", () => {
    expect(errorsOf(z.object({}), [])).toEqual({ "": "must be an object" });
    expect(errorsOf(z.object({}), undefined)).toEqual({ "": "required" });
  });

  it("does not look for a value in a prototype", () => {
    expect(errorsOf(z.object({ constructor: z.string() }), {})).toEqual({ "/constructor": "required" });
  });
});

describe("the words", () => {
  it("are never the library's, whatever comes, and stand at one pointer each", () => {
    const decimals = z.object({ quantity: PositiveDecimal, limit: z.coerce.number().int().min(1).max(200) });
    const schemas = [Settlement, decimals, z.array(z.iso.datetime()), z.record(z.enum(["a", "b"]), z.literal(1))];
    fc.assert(
      fc.property(fc.constantFrom(...schemas), fc.jsonValue({ maxDepth: 3 }), (schema, value) => {
        const read = parseFields(schema, value);
        if (read.ok) return;
        expect(read.error.length).toBeGreaterThan(0);
        expect(new Set(read.error.map(({ pointer }) => pointer)).size).toBe(read.error.length);
        for (const { message } of read.error) {
          expect(message).not.toMatch(/Invalid|expected|received|Too (big|small)|Unrecognized|pattern|NaN/);
        }
      }),
    );
  });
});
