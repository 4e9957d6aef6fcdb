import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccountId, SourceId } from "../../../src/domain/ids.ts";
import { err, ok } from "../../../src/domain/result.ts";
import { type FannedOut, fanOut, refusalsIn, withOutcomesOf } from "../../../src/intake/fan-out.ts";
import type { Submitted } from "../../../src/intake/submitted.ts";
import { anOrder } from "../../support/builders.ts";

const [A, B, C] = ["a", "b", "c"].map((id) => AccountId.parse(id)) as [AccountId, AccountId, AccountId];

const PROOF = {
  scheme: "v1",
  keyId: "key-1",
  claims: {
    source: SourceId.parse("bot"),
    nonce: "nonce-1",
    nonceExpiresAtMs: 1,
    bodySha256: null,
    repeats: "refused",
  },
} as const;

const submitted = (account: AccountId, duplicate: boolean): Submitted => ({
  order: anOrder({ account }),
  duplicate,
  remaining: 1,
  limits: { ratePerSec: 1, capacity: 1 },
});

/** `fresh`: has not taken it. `used`: has. `closed`: refuses it. `away`: cannot be reached. `silent`: never answers. `gone`: is not there. */
type Condition = "fresh" | "used" | "closed" | "away" | "silent" | "gone";

/** Hands a signal to accounts in these conditions; says what came of it, and what each was asked. */
async function send(conditions: ReadonlyMap<AccountId, Condition>) {
  const asked: string[] = [];
  const outcomes = await fanOut([...conditions.keys()], {
    proven: { proof: PROOF, requestId: "request-1", waitMs: 5_000 },
    isThere: (account) => Promise.resolve(conditions.get(account) !== "gone"),
    handTo: (account, { claims }) => {
      asked.push(`${account} ${claims.repeats}`);
      switch (conditions.get(account)) {
        case "fresh":
          return Promise.resolve(ok(submitted(account, false)));
        case "used":
          return Promise.resolve(
            claims.repeats === "answered" ? ok(submitted(account, true)) : err({ reason: "replayed" as const }),
          );
        case "closed":
          return Promise.resolve(err({ reason: "account_disabled" as const }));
        case "silent":
          return new Promise(() => undefined);
        default:
          return Promise.reject(new Error("no answer"));
      }
    },
  });
  return { ...outcomes, asked };
}

const summaryOf = ({ outcomes }: FannedOut): string[] =>
  outcomes.map(({ outcome }) => (outcome.ok ? (outcome.value.duplicate ? "again" : "taken") : outcome.error.reason));

let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

describe("a signal for several accounts", () => {
  it("comes to an outcome in each, and one that cannot be reached keeps nobody from it", async () => {
    const sent = await send(
      new Map<AccountId, Condition>([
        [A, "fresh"],
        [B, "away"],
        [C, "closed"],
      ]),
    );
    expect(summaryOf(sent)).toEqual(["taken", "account_unreachable", "account_disabled"]);
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { event: "signal.account_unreachable", account: "b", request_id: "request-1" },
    ]);
  });

  it("waits for one that keeps silent no longer than for a broker and a while, and then tells the others' outcomes", async () => {
    vi.useFakeTimers();
    try {
      const conditions = new Map<AccountId, Condition>([
        [A, "fresh"],
        [B, "silent"],
      ]);
      const sent = send(conditions);
      await vi.advanceTimersByTimeAsync(15_000);
      expect(summaryOf(await sent)).toEqual(["taken", "account_unreachable"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is a replay where all have taken it, and is not asked for twice", async () => {
    const sent = await send(
      new Map<AccountId, Condition>([
        [A, "used"],
        [B, "used"],
      ]),
    );
    expect(summaryOf(sent)).toEqual(["replayed", "replayed"]);
    expect(sent.asked).toEqual(["a refused", "b refused"]);
  });

  it("is answered by those who have taken it, where one has not", async () => {
    const sent = await send(
      new Map<AccountId, Condition>([
        [A, "used"],
        [B, "fresh"],
      ]),
    );
    expect(summaryOf(sent)).toEqual(["again", "taken"]);
    expect(sent.asked).toEqual(["a refused", "b refused", "a answered"]);
  });

  it("is carried out by every account that has not taken it and can, whatever the others do, in the order asked for", async () => {
    const anyCondition = fc.constantFrom<Condition>("fresh", "used", "closed", "away", "gone");
    await fc.assert(
      fc.asyncProperty(fc.array(anyCondition, { minLength: 1, maxLength: 6 }), async (list) => {
        const conditions = new Map(list.map((condition, at) => [AccountId.parse(`a${at}`), condition]));
        const sent = await send(conditions);
        expect(sent.outcomes.map(({ account }) => account)).toEqual([...conditions.keys()]);
        const replayed = list.every((condition) => condition === "used") ? "replayed" : "again";
        const expected = {
          fresh: "taken",
          used: replayed,
          closed: "account_disabled",
          away: "account_unreachable",
          silent: "account_unreachable",
          gone: "account_unknown",
        } as const;
        expect(summaryOf(sent)).toEqual(list.map((condition) => expected[condition]));
      }),
    );
  });
});

describe("a second attempt", () => {
  const taken = { account: A, outcome: ok(submitted(A, false)) };
  const stale = { account: B, outcome: err({ reason: "stale_source" as const }) };

  it("is for what was refused in any account", () => {
    expect(refusalsIn(ok({ outcomes: [taken, stale] }))).toEqual([{ reason: "stale_source" }]);
    expect(refusalsIn(err({ reason: "unproven" }))).toEqual([{ reason: "unproven" }]);
    expect(refusalsIn(ok(submitted(A, false)))).toEqual([]);
  });

  it("hides nothing that the first has come to", () => {
    const first = ok({ outcomes: [taken, stale] });
    expect(withOutcomesOf(first, err({ reason: "unproven" }))).toEqual(first);
    const other = { account: B, outcome: ok(submitted(B, false)) };
    expect(withOutcomesOf(first, ok({ outcomes: [other] }))).toEqual(ok({ outcomes: [other, taken] }));
    expect(withOutcomesOf(first, ok({ outcomes: [taken, other] }))).toEqual(ok({ outcomes: [taken, other] }));
  });

  it("that does not reach an account hides nothing that the first has come to there", () => {
    const unreachable = { account: A, outcome: err({ reason: "account_unreachable" as const }) };
    const other = { account: B, outcome: ok(submitted(B, false)) };
    const second = ok({ outcomes: [unreachable, other] });
    expect(withOutcomesOf(ok({ outcomes: [taken, stale] }), second)).toEqual(ok({ outcomes: [taken, other] }));
  });

  it("stands for itself where the first has come to nothing", () => {
    const second = ok(submitted(B, false));
    expect(withOutcomesOf(ok({ outcomes: [stale] }), second)).toEqual(second);
    expect(withOutcomesOf(err({ reason: "unproven" }), second)).toEqual(second);
  });
});
