// One signal for several accounts, through the doors: each decides by itself, and each one's outcome is told.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { type Outcome, changeAccount, makeAccounts, outcomesOf, summaryOf, venueOrdersOf } from "./support/fan-out.ts";
import { type Signed, anAddress, call, listOrders, post, readAudit, settled, sign } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const order = (overrides: object = {}) => ({ ...BUY, client_order_id: crypto.randomUUID(), ...overrides });

type Source = { readonly id: string; readonly secret: string; readonly accounts: readonly string[] };

/** A source whose signals go to accounts of its own. */
async function makeSource(letters: readonly string[], terms: object = {}): Promise<Source> {
  const [account = "", ...others] = await makeAccounts(...letters);
  const id = `fan-${crypto.randomUUID().slice(0, 8)}`;
  const body = { id, kind: "signed", account, fan_out: others, ...terms };
  const response = await call("POST", "/v1/sources", { body });
  if (response.status !== 201) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const made = await response.json<{ secret: { secret: string } }>();
  return { id, secret: made.secret.secret, accounts: [account, ...others] };
}

const signFor = ({ secret }: Source, body: object, options: Parameters<typeof sign>[1] = {}): Promise<Signed> =>
  sign(body, { secret, headers: { Prefer: "wait=5" }, ...options });

const send = async (source: Source, body: object): Promise<Response> => post(await signFor(source, body), source.id);

const idsOf = (outcomes: readonly Outcome[]): (string | undefined)[] =>
  outcomes.map(({ order: made, receipt }) => made?.id ?? receipt?.id);

/** How many orders each of the accounts has. */
const countsOf = ({ accounts }: Source): Promise<number[]> =>
  Promise.all(accounts.map(async (account) => (await listOrders(account)).length));

describe("one signed alert, for a live account and a shadow", () => {
  it("fills in the one; the other records the same decision, and its venue has no order", async () => {
    const source = await makeSource(["live", "shadow"]);
    const [live = "", shadow = ""] = source.accounts;
    await changeAccount(shadow, { mode: "shadow" });

    const outcomes = await outcomesOf(await send(source, order()));
    expect(summaryOf(outcomes)).toBe(`${live} 202, ${shadow} 200`);
    const [sent, kept] = outcomes.map((outcome) => outcome.order);
    expect(await settled(sent?.id ?? "", "filled")).toMatchObject({ filled_quantity: "1" });
    expect(kept).toMatchObject({ status: "shadowed", delivery: "none", filled_quantity: "0", venue_order_id: null });
    const saidOf = (made: typeof sent) => made?.verdicts.map(({ rule, passed }) => `${rule} ${passed}`);
    expect(saidOf(kept)).toEqual(saidOf(sent));
    expect(await venueOrdersOf(live)).toEqual([sent?.client_order_id]);
    expect(await venueOrdersOf(shadow)).toEqual([]);
  });

  it("about a position has its receipt in each", async () => {
    const source = await makeSource(["live", "shadow"]);
    const [live = "", shadow = ""] = source.accounts;
    await changeAccount(shadow, { mode: "shadow" });
    const outcomes = await outcomesOf(
      await send(source, { intent: "enter", symbol: "AAPL", side: "buy", quantity: "2" }),
    );
    expect(summaryOf(outcomes)).toBe(`${live} 202, ${shadow} 200`);
    expect(outcomes[1]?.receipt).toMatchObject({
      account: shadow,
      steps: [{ outcome: "shadowed", code: "order_shadowed" }],
      orders: [{ status: "shadowed", quantity: "2" }],
    });
    expect(await venueOrdersOf(shadow)).toEqual([]);
  });
});

describe("a signal that fans out", () => {
  it("is each account's own to decide: one that is closed or denies keeps nobody else from it", async () => {
    const source = await makeSource(["a", "b", "c", "d"]);
    const [a = "", b = "", c = "", d = ""] = source.accounts;
    await changeAccount(b, { status: "disabled" });
    const { policy } = await (await call("GET", `/v1/accounts/${c}`)).json<{ policy: object }>();
    const tight = { policy: { ...policy, max_quantity: "0.5" }, reason: "a test" };
    expect((await call("PUT", `/v1/accounts/${c}/policy`, { body: tight })).status).toBe(200);

    const outcomes = await outcomesOf(await send(source, order()));
    expect(summaryOf(outcomes)).toBe(`${a} 202, ${b} account_disabled, ${c} 200, ${d} 202`);
    expect(outcomes[2]?.order).toMatchObject({ status: "denied", reason: { code: "max_quantity_exceeded" } });
  });

  it("has one name in all of them, and each account's record has it once", async () => {
    const source = await makeSource(["a", "b"]);
    const asked = order();
    const outcomes = await outcomesOf(await send(source, asked));
    for (const { account, order: made } of outcomes) {
      expect(made).toMatchObject({ account, source: source.id, client_order_id: asked.client_order_id });
      const types = (await readAudit(`&account=${account}`)).map(({ event }) => event.type);
      expect(types.filter((type) => type === "signal.accepted")).toHaveLength(1);
    }
  });

  it("that names an account goes there alone", async () => {
    const source = await makeSource(["a", "b"]);
    const response = await send(source, order({ account: source.accounts[1] }));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ account: source.accounts[1] });
    expect(await countsOf(source)).toEqual([0, 1]);
  });

  it("that cannot be carried out is refused as a whole, and is nowhere", async () => {
    const source = await makeSource(["a", "b"]);
    expect((await send(source, order({ quantity: "none" }))).status).toBe(422);
    expect(await countsOf(source)).toEqual([0, 0]);
  });

  it("that no account takes has failed, and the answer says of each why", async () => {
    const source = await makeSource(["a", "b"]);
    const [a = "", b = ""] = source.accounts;
    await changeAccount(a, { status: "disabled" });
    await changeAccount(b, { status: "disabled" });
    const response = await send(source, order());
    expect(response.status).toBe(409);
    const { code, detail } = await response.json<{ code: string; detail: string }>();
    expect(code).toBe("account_disabled");
    expect(detail).toContain(`${a}: account_disabled, ${b}: account_disabled`);
  });

  it("that one account can take later has failed as something to send again, whoever else refuses it", async () => {
    const source = await makeSource(["a", "b"], { caps: { signals_per_min: 10 } });
    const [a = "", b = ""] = source.accounts;
    expect((await send(source, order({ account: b }))).status).toBe(202);
    await changeAccount(a, { status: "disabled" });
    const response = await send(source, order());
    expect([response.status, response.headers.has("Retry-After")]).toEqual([429, true]);
    expect(await response.json()).toMatchObject({
      code: "rate_limited",
      detail: expect.stringContaining(`${a}: account_disabled, ${b}: rate_limited`),
    });
  });

  it("counts in each account by itself: the caps of one used up leave the others", async () => {
    const source = await makeSource(["a", "b"], { caps: { signals_per_min: 10 } });
    const [a = "", b = ""] = source.accounts;
    expect((await send(source, order({ account: a }))).status).toBe(202);
    expect(summaryOf(await outcomesOf(await send(source, order())))).toBe(`${a} rate_limited, ${b} 202`);
  });

  it("is not lost on an account that has been deleted: the others take it", async () => {
    const source = await makeSource(["a", "b"]);
    const [a = "", b = ""] = source.accounts;
    await changeAccount(b, { status: "disabled" });
    expect((await call("DELETE", `/v1/accounts/${b}`)).status).toBe(200);
    const [taken, gone] = await outcomesOf(await send(source, order()));
    expect([taken?.account, taken?.status]).toEqual([a, 202]);
    expect(gone?.account).toBe(b);
    expect(gone?.problem).toBeDefined();
  });
});

describe("the same signal again", () => {
  /** A source of which the second account was closed when the signal came, and is open now. */
  async function interrupted(body: object, options: Parameters<typeof sign>[1] = {}, terms: object = {}) {
    const source = await makeSource(["a", "b", "c"], terms);
    const second = source.accounts[1] ?? "";
    await changeAccount(second, { status: "disabled" });
    const request = await signFor(source, body, options);
    const first = await outcomesOf(await post(request, source.id));
    expect(first.map(({ status }) => status)).toEqual([202, 409, 202]);
    await changeAccount(second, { status: "active" });
    return { source, request, first };
  }

  /** The first and the third answered as before, the second carried out by now; once in each. */
  async function expectCompleted(again: readonly Outcome[], first: readonly Outcome[], source: Source): Promise<void> {
    expect(again.map(({ status }) => status)).toEqual([200, 202, 200]);
    const [a, , c] = idsOf(first);
    expect([idsOf(again)[0], idsOf(again)[2]]).toEqual([a, c]);
    expect(await countsOf(source)).toEqual([1, 1, 1]);
  }

  it("after an account had not taken it is carried out there alone, though the request is the very same", async () => {
    const { source, request, first } = await interrupted(order());
    await expectCompleted(await outcomesOf(await post(request, source.id)), first, source);
    const replay = await post(request, source.id);
    expect(replay.status).toBe(409);
    expect(await replay.json()).toMatchObject({ code: "replayed" });
    expect(await countsOf(source)).toEqual([1, 1, 1]);
  });

  it("signed anew is known by its name in each account", async () => {
    const body = order();
    const { source, first } = await interrupted(body);
    await expectCompleted(await outcomesOf(await send(source, body)), first, source);
    const response = await send(source, body);
    expect(response.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await outcomesOf(response)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await countsOf(source)).toEqual([1, 1, 1]);
  });

  it("without any name, signed by its body alone, with another nonce, is known by its body", async () => {
    const schemes = { schemes: ["sha256"] };
    const { source, first } = await interrupted(BUY, { scheme: "sha256" }, schemes);
    const again = await post(await signFor(source, BUY, { scheme: "sha256" }), source.id);
    await expectCompleted(await outcomesOf(again), first, source);
    expect((await post(await signFor(source, BUY, { scheme: "sha256" }), source.id)).status).toBe(409);
  });

  it("about a position is answered with the first receipts", async () => {
    const enter = { intent: "enter", symbol: "AAPL", side: "buy", quantity: "2" };
    const { source, request, first } = await interrupted(enter);
    const again = await outcomesOf(await post(request, source.id));
    expect(again.map(({ receipt }) => receipt?.steps.map(({ action }) => action))).toEqual([
      ["enter"],
      ["enter"],
      ["enter"],
    ]);
    await expectCompleted(again, first, source);
  });

  it("twice at once comes to one order in each account, and both hear of the same ones", async () => {
    const source = await makeSource(["a", "b"]);
    const request = await signFor(source, order());
    const answers = await Promise.all([post(request, source.id), post(request, source.id)]);
    const heard = await Promise.all(
      answers.map(async (answer) => ({ status: answer.status, body: await answer.json() })),
    );
    const ids = new Set(
      heard.flatMap(({ status, body }) => (status === 200 ? idsOf((body as { outcomes: Outcome[] }).outcomes) : [])),
    );
    // Whoever finds it taken in every account is refused, like any replay.
    for (const { status } of heard) expect([200, 409]).toContain(status);
    expect(ids.size).toBe(2);
    expect(await countsOf(source)).toEqual([1, 1]);
  });
});

describe("a source whose signals nobody signs", () => {
  const app = createApp();
  const settings = { ...env, UNSIGNED_SOURCES: "true" };
  const ask = (path: string, body: object, headers: Record<string, string> = {}) => {
    const init = {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "CF-Connecting-IP": anAddress(), ...headers },
    };
    return Promise.resolve(
      app.fetch(new Request(`https://gateway.test${path}`, init), settings, createExecutionContext()),
    );
  };
  let accounts: readonly string[] = [];
  let path = "";

  beforeAll(async () => {
    accounts = await makeAccounts("a", "b");
    for (const account of accounts) await changeAccount(account, { minimum_origin: "url_token" });
    const caps = { signals_per_min: 600, max_quantity: "5", max_notional: "5000" };
    const [account, ...others] = accounts;
    const terms = { id: `tv-${crypto.randomUUID().slice(0, 8)}`, kind: "tradingview", account, fan_out: others };
    const body = { ...terms, origin: "url_token", caps };
    const response = await ask("/v1/sources", body, { "X-API-Key": env.BOOTSTRAP_API_KEY });
    if (response.status !== 201) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    path = (await response.json<{ path: string }>()).path;
  });

  const ALERT = { ticker: "AAPL", action: "buy", contracts: "1", id: "Long", time: "2026-01-15T14:25:00Z" };

  it("fans out as well, and the same bar's alert is the same in each account, also in one that had not taken it", async () => {
    const [a = "", b = ""] = accounts;
    await changeAccount(b, { status: "disabled" });
    const first = await outcomesOf(await ask(path, { ...ALERT, timenow: "2026-01-15T14:30:02Z" }));
    expect(summaryOf(first)).toBe(`${a} 202, ${b} account_disabled`);
    await changeAccount(b, { status: "active" });
    const again = await outcomesOf(await ask(path, { ...ALERT, timenow: "2026-01-15T14:30:09Z" }));
    expect(summaryOf(again)).toBe(`${a} 200, ${b} 202`);
    expect(idsOf(again)[0]).toBe(idsOf(first)[0]);
    const third = await ask(path, { ...ALERT, timenow: "2026-01-15T14:30:09Z" });
    expect(third.headers.get("Idempotency-Replayed")).toBe("true");
    expect(idsOf(await outcomesOf(third))).toEqual(idsOf(again));
    expect(await Promise.all(accounts.map(async (account) => (await listOrders(account)).length))).toEqual([1, 1]);
  });
});

describe("the fan-out of a source", () => {
  it("shows, and its accounts are among those that its signals may name", async () => {
    const { id, accounts } = await makeSource(["a", "b"]);
    const shown = await (await call("GET", `/v1/sources/${id}`)).json();
    expect(shown).toMatchObject({ account: accounts[0], accounts, fan_out: [accounts[1]] });
  });

  it("takes no account in later on, which old signals would be fresh at, and lets accounts go", async () => {
    const source = await makeSource(["a", "b", "c"]);
    const [a = "", b = "", c = ""] = source.accounts;
    const change = (fan_out: readonly string[]) => call("PATCH", `/v1/sources/${source.id}`, { body: { fan_out } });
    const widened = await change([b, c, "paper"]);
    expect(widened.status).toBe(422);
    expect(await widened.json()).toMatchObject({ errors: [{ pointer: "/fan_out" }] });
    expect(await (await change([c])).json()).toMatchObject({ account: a, accounts: [a, b, c], fan_out: [c] });
    expect(summaryOf(await outcomesOf(await send(source, order())))).toBe(`${a} 202, ${c} 202`);
    expect((await change([b, c])).status).toBe(422);
    expect((await change([])).status).toBe(200);
    expect((await send(source, order())).status).toBe(202);
  });

  it("names accounts that are there, and that whoever asks may use", async () => {
    const body = { id: "fan-nowhere", kind: "signed", account: "paper", fan_out: ["nowhere"] };
    const response = await call("POST", "/v1/sources", { body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/fan_out" }] });
  });
});
