import { beforeEach, describe, expect, it } from "vitest";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { markEquity, readFunds } from "../../../../src/account/risk/funds.ts";
import { readWorking } from "../../../../src/account/positions/working.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { BALANCES, numbered, put } from "../tables.ts";

let sql: SqlStorage;
beforeEach(() => {
  sql = openSqlStorage();
});

/** The broker tells its figures, and they are marked, as a comparison does. */
function tell(
  equity: string,
  { date = "2026-01-15", policyVersion = 1, before }: { date?: string; policyVersion?: number; before?: string } = {},
) {
  const marked = {
    askedAtMs: NOW_MS,
    date,
    policyVersion,
    before: before === undefined ? undefined : decimalOf(before),
  };
  markEquity(sql, decimalOf(equity), marked);
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: { ...BALANCES, equity: decimalOf(equity) } });
}

const funds = () => readFunds(sql, readWorking(sql));

describe("the account's money", () => {
  it("is not known before the broker has told it", () => {
    expect(funds()).toBeUndefined();
  });

  it("is the broker's last word", () => {
    tell("100000");
    expect(funds()).toMatchObject({ asOfMs: NOW_MS, equity: "100000", buyingPower: "200000", uncounted: "0" });
  });
});

describe("a day's loss", () => {
  it("is measured from the first word of the day, whatever is told in between", () => {
    for (const equity of ["100000", "101000", "98000"]) tell(equity);
    expect(funds()).toMatchObject({ equity: "98000", dayStart: "100000" });
  });

  it("begins with the last word of the day before, so that the night's loss counts", () => {
    tell("100000");
    tell("95000", { date: "2026-01-16", before: "100000" });
    expect(funds()).toMatchObject({ equity: "95000", dayStart: "100000" });
  });

  it("does not begin anew when a clock is set back over midnight", () => {
    tell("100000", { date: "2026-01-16" });
    tell("95000", { date: "2026-01-15", before: "100000" });
    expect(funds()).toMatchObject({ dayStart: "100000" });
  });
});

describe("the peak", () => {
  it("is the highest word under one policy, over any number of days", () => {
    tell("100000");
    tell("120000", { date: "2026-01-16", before: "100000" });
    tell("90000", { date: "2026-01-17", before: "120000" });
    expect(funds()).toMatchObject({ peak: "120000" });
  });

  it("begins anew with a new policy, which is how a person says that they have seen it", () => {
    tell("120000");
    tell("90000", { policyVersion: 2 });
    expect(funds()).toMatchObject({ peak: "90000" });
  });
});

describe("what the broker has not counted", () => {
  const decidedFor = (money: string, overrides: object = {}): Order =>
    anOrder({
      created_at: new Date(NOW_MS + 1_000).toISOString(),
      verdicts: [{ rule: "max_notional", passed: true, input: money, limit: "25000" }],
      ...overrides,
    });

  beforeEach(() => tell("100000"));

  it("is what orders were expected to cost that were made since, or have not been sent", () => {
    const earlier = new Date(NOW_MS - 1_000).toISOString();
    const before = { created_at: earlier, updated_at: earlier };
    put(sql, numbered(decidedFor("100"), 1));
    put(sql, numbered(decidedFor("20", before), 2));
    put(sql, numbered(decidedFor("3", { ...before, delivery: "delivered", venue_order_id: "v", status: "new" }), 3));
    expect(funds()).toMatchObject({ uncounted: "120" });
  });

  it("is not what only closes a position", () => {
    put(sql, numbered(decidedFor("100"), 1), { isExit: true });
    expect(funds()).toMatchObject({ uncounted: "0" });
  });

  it("is an order's own amount where it has one", () => {
    put(
      sql,
      numbered(
        decidedFor("no matter", { quantity: undefined, notional: "55", limit_price: undefined, type: "market" }),
        1,
      ),
    );
    expect(funds()).toMatchObject({ uncounted: "55" });
  });

  it("makes all of it unknown where nobody knows what one of them costs", () => {
    put(sql, numbered(decidedFor("no reference price"), 1));
    expect(funds()).toBeUndefined();
  });
});
