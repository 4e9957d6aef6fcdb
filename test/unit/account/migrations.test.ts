// What was stored before the tables, or what stands in them, could say more.
import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../../src/account/configuration.ts";
import { MIGRATIONS, migrate } from "../../../src/account/migrations.ts";
import { findSignal } from "../../../src/account/signals/signals.ts";
import { aConfiguration, aPolicy } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";

/** The tables as they were before the step that has these words in it. */
const openBefore = (words: string): SqlStorage =>
  openSqlStorage(
    MIGRATIONS.slice(
      0,
      MIGRATIONS.findIndex((statements) => statements.includes(words)),
    ),
  );

const migrated = (sql: SqlStorage): void => migrate({ sql, transactionSync: (change) => change() });

describe("a configuration from before there were overrides and modes", () => {
  it("has none, and is of a live account", () => {
    const sql = openBefore("$.overrides");
    const { overrides: _, mode: _mode, ...before } = aConfiguration();
    sql.exec("INSERT INTO configuration (id, configuration) VALUES (1, ?)", JSON.stringify(before));
    migrated(sql);
    expect(readConfiguration(sql)).toEqual(aConfiguration());
  });
});

describe("a policy from before orders were held", () => {
  it("holds none", () => {
    const sql = openBefore("$.policy.approval");
    const { approval: _, ...policy } = aPolicy();
    sql.exec(
      "INSERT INTO configuration (id, configuration) VALUES (1, ?)",
      JSON.stringify({ ...aConfiguration(), policy }),
    );
    migrated(sql);
    expect(readConfiguration(sql)).toEqual(aConfiguration());
  });

  it("stays as it is where it says something", () => {
    const sql = openBefore("$.policy.approval");
    const approval = { above: "0", expires_sec: 60, max_drift_percent: "off", two_persons: true };
    const configuration = aConfiguration({ policy: aPolicy({ approval }) });
    sql.exec("INSERT INTO configuration (id, configuration) VALUES (1, ?)", JSON.stringify(configuration));
    migrated(sql);
    expect(readConfiguration(sql)).toEqual(configuration);
  });
});

describe("a step of a signal from before its stop said whom it stops", () => {
  const id = "1f0c2a4e-7d35-4f0e-9a51-3d7f5d0c9b11";
  const step = { action: "stop", outcome: "done", stop: { id, state: "halted" } };
  const migratedSteps = (sql: SqlStorage, steps: readonly object[]) => {
    sql.exec(
      "INSERT INTO signals (id, source, request_id, request, signal) VALUES ('s', 'bot', 'r', '', ?)",
      JSON.stringify({ id: "s", steps, notices: [] }),
    );
    migrated(sql);
    return findSignal(sql, "s")?.signal.steps;
  };

  it.each([
    { account: "paper", source: "bot" },
    { account: "paper", source: null },
    { account: null, source: null },
  ])("says so as the stop itself does, here %j", (whom) => {
    const sql = openBefore("whom it stops");
    const stop = { id, ...whom, symbol: null, state: "halted", level: "source", set_by: "bot", reason: "signal r" };
    sql.exec("INSERT INTO stops (id, stop, released_at_ms) VALUES (?, ?, 1)", id, JSON.stringify(stop));
    const buy = { action: "buy", outcome: "ordered", stop: null };
    expect(migratedSteps(sql, [buy, step])).toMatchObject([buy, { ...step, stop: { id, state: "halted", ...whom } }]);
  });

  it("does not say what nobody knows any more", () => {
    const [migratedStep] = migratedSteps(openBefore("whom it stops"), [step]) ?? [];
    expect(migratedStep?.stop).toEqual(step.stop);
  });

  it("is not there in a signal that asked for nothing", () => {
    expect(migratedSteps(openBefore("whom it stops"), [])).toEqual([]);
  });
});

describe("a step of a signal from before it had the verdicts of the rules about signals", () => {
  it("has none, and stays as it is otherwise", () => {
    const sql = openBefore("'$.verdicts'");
    const steps = [
      { action: "buy", outcome: "failed", code: "signal_too_old", stop: null, orders: [], canceled: [] },
      { action: "exit", outcome: "working", goal: "g", stop: null, orders: ["o"], canceled: [] },
    ];
    sql.exec(
      "INSERT INTO signals (id, source, request_id, request, signal) VALUES ('s', 'bot', 'r', '', ?), ('t', 'bot', 'q', '', ?)",
      JSON.stringify({ id: "s", steps, notices: [] }),
      JSON.stringify({ id: "t", steps: [], notices: [] }),
    );
    migrated(sql);
    expect(findSignal(sql, "s")?.signal).toEqual({
      id: "s",
      steps: steps.map((step) => ({ ...step, verdicts: [] })),
      notices: [],
    });
    expect(findSignal(sql, "t")?.signal.steps).toEqual([]);
  });
});

describe("a step of a signal from before it said which stop it has set", () => {
  it("says so, and one that has set none says that", () => {
    const sql = openBefore("$.steps");
    const id = "1f0c2a4e-7d35-4f0e-9a51-3d7f5d0c9b11";
    const steps = [
      { action: "buy", outcome: "failed", detail: "max_quantity_exceeded, order 1" },
      { action: "stop", outcome: "done", detail: `halted, stop ${id}` },
    ];
    sql.exec(
      "INSERT INTO signals (id, source, request_id, request, signal) VALUES ('s', 'bot', 'r', '', ?)",
      JSON.stringify({ id: "s", steps, notices: [] }),
    );
    migrated(sql);
    const [buy, stop] = steps;
    expect(findSignal(sql, "s")?.signal).toMatchObject({
      id: "s",
      steps: [
        { ...buy, stop: null },
        { ...stop, stop: { id, state: "halted" } },
      ],
      notices: [],
    });
  });
});
