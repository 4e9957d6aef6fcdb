import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Instrument } from "../../src/domain/instrument.ts";
import { openDatabase } from "../../src/storage/client.ts";
import {
  type ListedBroker,
  countInstruments,
  findInstruments,
  replaceInstruments,
} from "../../src/storage/instruments.ts";
import { anInstrument } from "../support/builders.ts";

const MONDAY = new Date("2026-11-16T06:00:00.000Z");
const TUESDAY = new Date("2026-11-17T06:00:00.000Z");

const ofSymbol = (symbol: string, overrides: Parameters<typeof anInstrument>[0] = {}): Instrument =>
  anInstrument({ symbol, min_notional: "1", price_increment: null, ...overrides });

const AAPL = ofSymbol("AAPL");
const MSFT = ofSymbol("MSFT");
const many = (count: number, overrides: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, index) => ofSymbol(`S${index}`, overrides));

/** What a list needs of D1, counting the rows that are written, as the platform bills them, and the longest text that is bound. */
function aCountingDatabase() {
  const seen = { rowsWritten: 0, longestText: 0 };
  const d1 = {
    prepare: (query: string) => ({
      bind: (...values: unknown[]) => {
        seen.longestText = Math.max(seen.longestText, ...values.map((value) => String(value).length));
        return env.DB.prepare(query).bind(...values);
      },
    }),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements);
      for (const { meta } of results) seen.rowsWritten += meta.rows_written;
      return results;
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the database only this is used
  return { database: openDatabase(d1 as unknown as D1Database), seen };
}

function aList(broker: ListedBroker = "alpaca_paper") {
  const { database, seen } = aCountingDatabase();
  return {
    /** What came of it, and the rows it wrote. */
    replace: async (listed: readonly Instrument[], now = MONDAY) => {
      seen.rowsWritten = 0;
      const replaced = await replaceInstruments(database, broker, listed, now);
      return { ...replaced, rowsWritten: seen.rowsWritten };
    },
    find: async (...symbols: string[]) => Object.fromEntries(await findInstruments(database, broker, symbols)),
    count: () => countInstruments(database, broker),
    seen,
  };
}

beforeEach(async () => {
  await env.DB.batch([env.DB.prepare("DELETE FROM instruments"), env.DB.prepare("DELETE FROM instrument_lists")]);
});

const rowOf = (broker: string, symbol: string) =>
  env.DB.prepare("SELECT * FROM instruments WHERE broker = ? AND symbol = ?").bind(broker, symbol).first();

describe("the list of what a broker trades", () => {
  it("is nothing before the broker was asked", async () => {
    const { find, count } = aList();
    expect(await find("AAPL")).toEqual({});
    expect(await count()).toBeUndefined();
  });

  it("is what the broker has listed, found by symbol, with the time at which it was asked", async () => {
    const { replace, find, count } = aList();
    const pair = ofSymbol("BTC/USD", { asset_class: "crypto", price_increment: "0.01", lot_size: "0.0001" });
    expect(await replace([AAPL, MSFT, pair])).toEqual({ listed: 3, added: 3, changed: 0, gone: 0, rowsWritten: 4 });
    expect(await find("BTC/USD", "ZZZZ", "AAPL", "aapl")).toEqual({ AAPL, "BTC/USD": pair });
    expect(await find()).toEqual({});
    expect(await count()).toEqual({ listed: 3, refreshed_at: MONDAY.toISOString() });
  });

  it("writes no instrument when it is the same again, only that it was asked for", async () => {
    const { replace, find, count } = aList();
    const listed = many(2_500);
    expect(await replace(listed)).toMatchObject({ added: 2_500, rowsWritten: 2_501 });
    expect(await replace(listed, TUESDAY)).toEqual({ listed: 2_500, added: 0, changed: 0, gone: 0, rowsWritten: 1 });
    expect(await count()).toEqual({ listed: 2_500, refreshed_at: TUESDAY.toISOString() });
    expect(await rowOf("alpaca_paper", "S2499")).toMatchObject({ changed_at: MONDAY.toISOString() });
    expect(await find("S0", "S999", "S1000", "S2499")).toEqual(
      Object.fromEntries([0, 999, 1000, 2499].map((index) => [`S${index}`, listed[index]])),
    );
  });

  it("writes what is listed otherwise", async () => {
    const { replace, find } = aList();
    await replace([AAPL, MSFT]);
    const halted = ofSymbol("MSFT", { tradable: false });
    expect(await replace([AAPL, halted], TUESDAY)).toEqual({
      listed: 2,
      added: 0,
      changed: 1,
      gone: 0,
      rowsWritten: 2,
    });
    expect(await find("AAPL", "MSFT")).toEqual({ AAPL, MSFT: halted });
    expect(await rowOf("alpaca_paper", "MSFT")).toMatchObject({ changed_at: TUESDAY.toISOString() });
  });

  it("keeps what is gone as inactive, writes that once, and takes it back when it is listed again", async () => {
    const { replace, find, count } = aList();
    await replace([AAPL, MSFT]);
    expect(await replace([AAPL])).toEqual({ listed: 1, added: 0, changed: 0, gone: 1, rowsWritten: 2 });
    expect(await find("MSFT")).toEqual({ MSFT: { ...MSFT, status: "inactive" } });
    expect(await count()).toMatchObject({ listed: 1 });
    expect(await replace([AAPL])).toMatchObject({ gone: 0, rowsWritten: 1 });
    expect(await replace([AAPL, MSFT])).toEqual({ listed: 2, added: 0, changed: 1, gone: 0, rowsWritten: 2 });
    expect(await find("MSFT")).toEqual({ MSFT });
  });

  it("counts what is new, changed and gone apart when all happens at once", async () => {
    const { replace } = aList();
    await replace([AAPL, MSFT, ofSymbol("OLD")]);
    const listed = [AAPL, ofSymbol("MSFT", { shortable: false }), ofSymbol("NEW"), ofSymbol("NEWER")];
    expect(await replace(listed)).toEqual({ listed: 4, added: 2, changed: 1, gone: 1, rowsWritten: 5 });
  });

  it("is of one kind of broker, and none of another's business", async () => {
    const [paper, live] = [aList("alpaca_paper"), aList("alpaca_live")];
    await paper.replace([AAPL]);
    expect(await live.replace([MSFT])).toMatchObject({ added: 1, gone: 0 });
    expect(await paper.find("AAPL", "MSFT")).toEqual({ AAPL });
    expect(await live.find("AAPL", "MSFT")).toEqual({ MSFT });
    expect(await paper.count()).toMatchObject({ listed: 1 });
  });

  it("may be empty, and then everything is gone", async () => {
    const { replace, find } = aList();
    await replace([AAPL]);
    expect(await replace([])).toEqual({ listed: 0, added: 0, changed: 0, gone: 1, rowsWritten: 2 });
    expect(await find("AAPL")).toMatchObject({ AAPL: { status: "inactive" } });
  });

  it("fits into what D1 binds, 2 MB, also with the longest words there can be", async () => {
    const { replace, find, seen } = aList();
    const exchange = "\u0001".repeat(128);
    const listed = many(3_000, { exchange, min_quantity: "123456789012345.123456789" });
    expect(await replace(listed)).toMatchObject({ added: 3_000 });
    expect(seen.longestText).toBeLessThan(2_000_000);
    expect(await replace(listed)).toMatchObject({ rowsWritten: 1 });
    expect(await find("S2999")).toEqual({ S2999: listed[2_999] });
  });

  it("has nothing of a row in a form that is not known, until the list is read again", async () => {
    const { replace, find } = aList();
    await replace([AAPL]);
    await env.DB.prepare("UPDATE instruments SET settings = json_remove(settings, '$.lot_size')").run();
    expect(await find("AAPL")).toEqual({});
    expect(await replace([AAPL])).toMatchObject({ changed: 1 });
    expect(await find("AAPL")).toEqual({ AAPL });
  });
});
