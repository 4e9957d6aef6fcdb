import { describe, expect, it } from "vitest";
import { SenderMeter } from "../../../../src/account/door/sender-meter.ts";
import { SourceId } from "../../../../src/domain/ids.ts";
import { NOW_MS } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";

const [STRATEGY, ALERTS] = ["strategy", "alerts"].map((name) => SourceId.parse(name)) as [SourceId, SourceId];
const at = (afterMs = 0) => ({ nowMs: NOW_MS + afterMs, date: "2026-01-15" });
const LIMITS = { ratePerSec: 1, capacity: 2 };

describe("what a source may still send", () => {
  it("is kept from one meter to the next, and apart from other sources", () => {
    const sql = openSqlStorage();
    for (const allowed of [true, true, false]) {
      const meter = new SenderMeter(sql, STRATEGY, at());
      expect(meter.draw(LIMITS).allowed).toBe(allowed);
      meter.save();
    }
    expect(new SenderMeter(sql, ALERTS, at()).draw(LIMITS).allowed).toBe(true);
    expect(new SenderMeter(sql, STRATEGY, at(1_000)).draw(LIMITS).allowed).toBe(true);
  });

  it("is as before where the meter is not saved", () => {
    const sql = openSqlStorage();
    for (let times = 0; times < 5; times += 1) {
      expect(new SenderMeter(sql, STRATEGY, at()).draw(LIMITS)).toMatchObject({ allowed: true, remaining: 1 });
    }
  });
});

describe("what an account has done lately", () => {
  it("is what came of all its sources", () => {
    const sql = openSqlStorage();
    for (const [source, kinds] of [
      [STRATEGY, ["orders", "messages"]],
      [ALERTS, ["orders", "messages"]],
      [ALERTS, ["messages"]],
    ] as const) {
      const meter = new SenderMeter(sql, source, at());
      meter.count(...kinds);
      meter.save();
    }
    const { orders, messages } = new SenderMeter(sql, STRATEGY, at(50)).counts();
    expect(orders).toEqual({ second: 2, minute: 2, day: 2 });
    expect(messages).toEqual({ second: 3, minute: 3, day: 3 });
    expect(new SenderMeter(sql, STRATEGY, at(2_000)).counts().orders).toEqual({ second: 0, minute: 2, day: 2 });
  });

  it("counts at once what is not saved yet, for the next order of a batch", () => {
    const meter = new SenderMeter(openSqlStorage(), STRATEGY, at());
    meter.count("orders");
    expect(meter.counts().orders.second).toBe(1);
  });
});
