// Alerts in the formats that people already have, through the signed door to the venue, and what becomes of each thing they ask
// for.
import { evictDurableObject } from "cloudflare:test";
import { Webhook } from "standardwebhooks";
import { beforeAll, describe, expect, it } from "vitest";
import { SETTLED_MS } from "../../src/directory/directory.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import type { TradingStop } from "../../src/domain/trading-stop.ts";
import { wakeAccounts } from "../../src/intake/wake-accounts.ts";
import { makeAccount } from "../support/make-account.ts";
import { CORPUS } from "../unit/domain/signal/corpus.ts";
import { env } from "cloudflare:workers";
import { type Signed, anAddress, call, eventually, get, placeOrder, post, sign } from "./support/gateway.ts";
import { away, withAccounts } from "./support/unheard.ts";

const SECRETS = new Map<string, string>();

/** A source of its own for an account of its own, whose signals are read as the settings say. */
async function makeSource(
  id: string,
  signals: object = {},
  { schemes, policy = {} }: { readonly schemes?: readonly string[]; readonly policy?: object } = {},
): Promise<void> {
  await makeAccount(id, policy);
  // Until every isolate finds it, see the directory.
  await scheduler.wait(SETTLED_MS);
  const body = { id, kind: "signed", account: id, signals, schemes };
  const response = await call("POST", "/v1/sources", { body });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  SECRETS.set(id, (await response.json<{ secret: { secret: string } }>()).secret.secret);
}

/** One attempt, as Standard Webhooks has it. */
function attemptOf(order: object, secret: string): Signed {
  const body = JSON.stringify(order);
  const id = `msg_${crypto.randomUUID()}`;
  const now = new Date();
  return {
    body,
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, now, body),
      "CF-Connecting-IP": anAddress(),
    },
  };
}

/** The same message, attempted again a second later. */
function reattempt({ body, headers }: Signed, secret: string): Signed {
  const id = headers["webhook-id"] ?? "";
  const at = new Date(Number(headers["webhook-timestamp"]) * 1000 + (attempts += 1) * 1000);
  const text = typeof body === "string" ? body : "";
  return {
    body,
    headers: {
      ...headers,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, at, text),
    },
  };
}

let attempts = 0;

async function alert(source: string, text: string | object, headers: Record<string, string> = {}): Promise<Response> {
  const secret = SECRETS.get(source) ?? "";
  return post(await sign(text, { secret, headers: { Prefer: "wait=5", ...headers } }), source);
}

async function receive(source: string, text: string | object): Promise<SignalReceipt> {
  const response = await alert(source, text);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

const readReceipt = async (id: string): Promise<SignalReceipt> => (await get(`/v1/signals/${id}`)).json();

/** The receipt once nothing of it is on its way any more. */
const settled = (id: string): Promise<SignalReceipt> =>
  eventually(async () => {
    const receipt = await readReceipt(id);
    const isOver = receipt.steps.every(({ outcome }) => outcome !== "working" && outcome !== "waiting");
    return isOver && receipt.orders.every(({ delivery }) => delivery !== "pending") ? receipt : undefined;
  });

async function positionOf(account: string, symbol: string): Promise<string> {
  const { positions } = await (
    await get(`/v1/portfolio?account=${account}`)
  ).json<{
    positions: { symbol: string; quantity: string }[];
  }>();
  return positions.find((position) => position.symbol === symbol)?.quantity ?? "0";
}

/** Until so many units are held. */
const holds = (account: string, symbol: string, quantity: string): Promise<true> =>
  eventually(async () => ((await positionOf(account, symbol)) === quantity ? true : undefined));

const errorsOf = async (response: Response): Promise<string[]> => {
  expect(response.status).toBe(422);
  const { errors } = await response.json<{ errors: { pointer: string; code: string }[] }>();
  return errors.map(({ pointer, code }) => `${pointer} ${code}`);
};

describe("an alert in somebody else's format", () => {
  beforeAll(() =>
    makeSource("alerts", { default_size: { by: "quantity", value: "2" }, accounts: { MyKeys: "alerts" } }),
  );

  it.each<[string, string | object, string]>([
    ["plain text", "BUY 10 AAPL", "10"],
    ["TradersPost", { ticker: "AAPL", action: "exit" }, "0"],
    [
      "TradersPost without a quantity",
      { ticker: "NASDAQ:AAPL", action: "buy", sentiment: "bullish", price: "187.5" },
      "2",
    ],
    [
      "OpenAlgo's target",
      {
        apikey: "k",
        strategy: "s",
        symbol: "AAPL",
        exchange: "NASDAQ",
        action: "BUY",
        quantity: "1",
        position_size: "5",
        pricetype: "MARKET",
        product: "MIS",
      },
      "5",
    ],
    [
      "TradingView's own words",
      {
        ticker: "AAPL",
        action: "sell",
        contracts: "5",
        position_size: "0",
        market_position: "flat",
        prev_market_position: "long",
      },
      "0",
    ],
    ["trade-relay", { action: "buy", symbol: "AAPL", quantity: "3" }, "3"],
    ["Alertatron", "MyKeys(AAPL) { market(side=sell, amount=1); }", "2"],
    ["PineConnector", "60123456789,closelong,AAPL", "0"],
  ])("does what it says: %s", async (_, text, held) => {
    const receipt = await receive("alerts", text);
    expect(receipt.steps.map(({ outcome }) => outcome)).not.toContain("failed");
    await holds("alerts", "AAPL", held);
    expect((await settled(receipt.id)).orders.map(({ status }) => status)).toEqual(receipt.orders.map(() => "filled"));
  });

  it("says what its numbers came from", async () => {
    const { orders } = await receive("alerts", "buy 1% AAPL");
    expect(orders[0]?.arithmetic).toMatch(/^1 % of equity/);
    await receive("alerts", "FLATTEN");
    await holds("alerts", "AAPL", "0");
  });

  it("never carries another service's key anywhere", async () => {
    const receipt = await receive("alerts", {
      apikey: "of-another-service",
      strategy: "s",
      symbol: "AAPL",
      exchange: "NSE",
      action: "SELL",
      quantity: "0",
      position_size: "0",
      pricetype: "MARKET",
      product: "MIS",
    });
    expect(JSON.stringify(receipt)).not.toContain("of-another-service");
    expect(receipt.notices.map(({ pointer }) => pointer)).toContain("/apikey");
  });
});

describe("the signals of a 3Commas bot", () => {
  beforeAll(() => makeSource("bot", { default_size: { by: "quantity", value: "3" } }));

  const BOT = { secret: "of-another-service", bot_uuid: "f1a2b3c4-0000-4000-8000-9d0e1f2a3b4c", max_lag: "300" };
  const SEEN = { tv_exchange: "NASDAQ", tv_instrument: "AAPL", trigger_price: "187.5" };

  /** One that has been sent just now, or some time ago. */
  const signal = (fields: object, agoMs = 0) => ({
    ...BOT,
    ...SEEN,
    timestamp: new Date(Date.now() - agoMs).toISOString(),
    ...fields,
  });

  /** Of the strategy type: the order of a TradingView strategy, and what that holds before and after it. */
  const strategy = (action: string, amount: string, before: readonly string[], after: readonly string[]) => ({
    action,
    order: { amount, currency_type: "base" },
    strategy_info: {
      prev_market_position: before[0],
      prev_market_position_size: before[1],
      market_position: after[0],
      market_position_size: after[1],
    },
  });

  it.each<[string, object, string]>([
    ["a strategy's entry", strategy("buy", "5", ["flat", "0"], ["long", "5"]), "5"],
    ["a strategy that takes something off", strategy("sell", "2", ["long", "5"], ["long", "3"]), "3"],
    ["a strategy's exit, whatever its order was of", strategy("sell", "2", ["long", "2"], ["flat", "0"]), "0"],
    ["a strategy's short entry", strategy("sell", "4", ["flat", "0"], ["short", "4"]), "-4"],
    ["its exit", strategy("buy", "4", ["short", "4"], ["flat", "0"]), "0"],
    ["an entry by a custom signal", { action: "enter_long", order: { amount: "6", currency_type: "base" } }, "6"],
    ["an exit from a half", { action: "exit_long", order: { amount: "50", currency_type: "position_percent" } }, "3"],
    ["an exit from a side that is not held", { action: "exit_short" }, "3"],
    ["an exit from the rest", { action: "exit_long" }, "0"],
    ["an entry of the size that the source has for it", { action: "enter_short" }, "-3"],
    ["an exit from a short position", { action: "exit_short" }, "0"],
  ])("do what they say: %s", async (_, fields, held) => {
    const receipt = await receive("bot", signal(fields));
    expect(receipt).toMatchObject({ format: "3commas" });
    expect(receipt.steps.map(({ outcome }) => outcome)).not.toContain("failed");
    await holds("bot", "AAPL", held);
    expect((await settled(receipt.id)).orders.map(({ status }) => status)).toEqual(receipt.orders.map(() => "filled"));
    expect(JSON.stringify(receipt)).not.toContain(BOT.secret);
  });

  it("open nothing once they are later than they say they may be, and close something all the same", async () => {
    const entry = { action: "enter_long" };
    expect(await receive("bot", signal(entry, 600_000))).toMatchObject({
      steps: [{ outcome: "failed", code: "signal_too_old" }],
    });
    await receive("bot", signal(entry));
    await holds("bot", "AAPL", "3");
    await receive("bot", signal({ action: "exit_long" }, 600_000));
    await holds("bot", "AAPL", "0");
  });

  it("are refused where they ask for leverage", async () => {
    const order = { amount: "1", currency_type: "base", leverage_type: "isolated", leverage_custom_value: "20" };
    expect(await errorsOf(await alert("bot", signal({ action: "enter_long", order })))).toEqual([
      "/order/leverage_type loosens_policy",
      "/order/leverage_custom_value loosens_policy",
    ]);
  });

  it("stop the source when they switch the bot off: what it holds is left, and nothing is opened", async () => {
    await receive("bot", signal({ action: "enter_long" }));
    await holds("bot", "AAPL", "3");
    expect(await receive("bot", { ...BOT, action: "disable" })).toMatchObject({
      steps: [{ action: "stop", outcome: "done", stop: { state: "reducing", source: "bot" } }],
    });
    const { id } = await receive("bot", signal({ action: "enter_long", tv_instrument: "MSFT" }));
    expect((await settled(id)).steps).toMatchObject([{ outcome: "failed", code: "reducing_only" }]);
    await receive("bot", signal({ action: "exit_long" }));
    await holds("bot", "AAPL", "0");
  });
});

describe("an alert that cannot be carried out as a whole", () => {
  beforeAll(() => makeSource("unfit"));

  it.each<[string, string | object, string]>([
    ["with a placeholder left in it", { ticker: "{{ticker}}", action: "buy" }, " unresolved_placeholder"],
    ["that no format is like", { hello: "world" }, " unknown_format"],
    [
      "with a sentiment that contradicts its action",
      { ticker: "AAPL", action: "exit", sentiment: "bullish" },
      "/sentiment invalid_sentiment_action",
    ],
    [
      "with a misspelt field",
      { ticker: "AAPL", action: "buy", quantity: "1", limtPrice: "5" },
      "/limtPrice unknown_field",
    ],
    [
      "that wants fewer checks",
      { ticker: "AAPL", action: "buy", quantity: "1", ignoreTradingWindows: true },
      "/ignoreTradingWindows",
    ],
    [
      "that says what is to be held in words of another format",
      { ticker: "AAPL", action: "sell", sentiment: "flat", contracts: "5" },
      "/sentiment unknown_field",
    ],
    ["that wants leverage", { action: "buy", symbol: "AAPL", quantity: 1, leverage: 10 }, "/leverage loosens_policy"],
    [
      "for an account that is not there",
      { action: "buy", symbol: "AAPL", quantity: 1, account: "nope" },
      "/account account_unknown",
    ],
    ["that would release a stop", { action: "resume", symbol: "AAPL" }, "/action cannot_release"],
    ["that is a test", { ticker: "AAPL", action: "buy", quantity: "1", test: true }, " test_signal"],
    ["that leaves everything and asks for more", "FLATTEN\nbuy 1 AAPL", " sequence_unsupported"],
  ])("is refused by name: %s", async (_, text, code) => {
    expect((await errorsOf(await alert("unfit", text))).join()).toContain(code);
  });

  it("leaves its nonce unused, and no trace of an order", async () => {
    const { orders } = await (await get("/v1/orders?account=unfit")).json<{ orders: object[] }>();
    expect(orders).toEqual([]);
  });
});

describe("every alert of the corpus", () => {
  beforeAll(() => makeSource("corpus", { accounts: { MyKeys: "corpus" }, loosening: "ignore" }));

  it.each(CORPUS.filter(({ format }) => format !== "native"))(
    "is understood or refused by a code: $format, $name",
    async ({ text }) => {
      const response = await alert("corpus", text);
      expect([200, 202, 422]).toContain(response.status);
      if (response.status !== 422) return;
      const { errors } = await response.json<{ errors: { code?: string }[] }>();
      expect(errors.length).toBeGreaterThan(0);
      for (const { code } of errors) expect(code).toMatch(/^[a-z_]+$/);
    },
  );
});

describe("positions", () => {
  // As the account of `npm start` has it: an order at the market that opens something is one with a price.
  beforeAll(() => makeSource("turns", {}, { policy: { price_collar_percent: "5" } }));
  const turns = (text: string | object) => receive("turns", text);

  it("are turned around by an exit, and then an entry, whoever asks twice", async () => {
    await turns("BUY 100 AAPL");
    await holds("turns", "AAPL", "100");
    const reverse = { intent: "reverse", symbol: "AAPL", side: "sell", quantity: "50" };
    const [first, second] = await Promise.all([turns(reverse), scheduler.wait(50).then(() => turns(reverse))]);
    await holds("turns", "AAPL", "-50");
    await settled(second.id);
    expect((await settled(first.id)).steps[0]?.code).toMatch(/superseded|ordered/);
    const orders = [...(await settled(first.id)).orders, ...(await settled(second.id)).orders];
    expect(orders.map(({ side, quantity }) => `${side} ${quantity}`)).toEqual(["sell 100", "sell 50"]);
  });

  it.each([
    ["a text", "close AAPL"],
    ["an instruction", { intent: "exit", symbol: "AAPL" }],
  ])("are closed by %s that comes 50 ms after the order that opens them", async (_, exit) => {
    await turns("FLATTEN");
    await holds("turns", "AAPL", "0");
    const [bought, left] = await Promise.all([turns("BUY 10 AAPL"), scheduler.wait(50).then(() => turns(exit))]);
    const isOver = async ({ id }: SignalReceipt) =>
      (await readReceipt(id)).orders.every(({ status }) => ["filled", "canceled"].includes(status)) || undefined;
    await settled(left.id);
    await eventually(() => isOver(bought));
    await eventually(() => isOver(left));
    expect(await positionOf("turns", "AAPL")).toBe("0");
  });

  it("are closed by whoever writes the symbol in small letters, and a misspelled one is named", async () => {
    await turns("FLATTEN");
    await holds("turns", "AAPL", "0");
    await turns("BUY 3 aapl");
    await holds("turns", "AAPL", "3");
    expect((await turns("close APPL")).steps).toMatchObject([{ outcome: "failed", code: "instrument_unknown" }]);
    await turns("close aapl");
    await holds("turns", "AAPL", "0");
  });

  it("reach a target also where the process ends in the middle", async () => {
    await turns("FLATTEN");
    await holds("turns", "AAPL", "0");
    await turns({ intent: "target", symbol: "AAPL", position: "20" });
    await holds("turns", "AAPL", "20");
    const wanted = await turns({ intent: "target", symbol: "AAPL", position: "-30" });
    await evictDurableObject(env.ACCOUNTS_DO.getByName("turns"));
    await holds("turns", "AAPL", "-30");
    expect(await settled(wanted.id)).toMatchObject({
      steps: [{ action: "target", outcome: "ordered", code: "ordered" }],
    });
  });

  it("are left by an exit for no more than is held, and there is nothing to do where nothing is", async () => {
    await turns("FLATTEN");
    await holds("turns", "AAPL", "0");
    await turns("BUY 5 AAPL");
    await holds("turns", "AAPL", "5");
    const { id } = await turns({ intent: "exit", symbol: "AAPL", quantity: "50" });
    await holds("turns", "AAPL", "0");
    expect((await settled(id)).orders[0]).toMatchObject({
      quantity: "5",
      arithmetic: expect.stringContaining("50 asked for"),
    });
    expect(await turns("close AAPL")).toMatchObject({ steps: [{ outcome: "done", code: "nothing_to_do" }] });
  });

  it("are not opened by an entry that comes too late, and left by an exit that does", async () => {
    await makeSource("late", { max_age_sec: 60 });
    const sent_at = new Date(Date.now() - 120_000).toISOString();
    const order = { intent: "enter", symbol: "AAPL", side: "buy", quantity: "1" };
    expect(await receive("late", { ...order, sent_at })).toMatchObject({
      steps: [{ outcome: "failed", code: "signal_too_old" }],
    });
    await receive("late", { ...order, sent_at: new Date().toISOString() });
    await holds("late", "AAPL", "1");
    await receive("late", { intent: "exit", symbol: "AAPL", sent_at });
    await holds("late", "AAPL", "0");
  });

  it("are opened by an order that does not say when it was sent only where its signature does, and that is not too late", async () => {
    await makeSource("aged", { max_age_sec: 60 }, { schemes: ["v1", "sha256", "standard_webhooks"] });
    const secret = SECRETS.get("aged") ?? "";
    const at = new Date(Date.now() - 120_000);
    const order = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
    const stepOf = async (request: Signed) => (await (await post(request, "aged")).json<SignalReceipt>()).steps[0];
    // A body-only signature does not cover the time beside it.
    expect(await stepOf(await sign(order, { secret, scheme: "sha256" }))).toMatchObject({ code: "signal_age_unknown" });
    // The time of an attempt, which may be the tenth one, is not that of its message.
    expect(await stepOf(attemptOf(order, secret))).toMatchObject({ code: "signal_age_unknown" });
    expect(await stepOf(await sign(order, { secret, at }))).toMatchObject({ code: "signal_too_old" });
    const sent_at = at.toISOString();
    const late = { intent: "enter", symbol: "AAPL", side: "buy", quantity: "1", sent_at };
    expect(await stepOf(await sign(late, { secret }))).toMatchObject({ code: "signal_too_old" });
    expect(await stepOf(await sign(order, { secret }))).toMatchObject({ outcome: "ordered" });
    await holds("aged", "AAPL", "1");
  });

  it("that are larger than what TradersPost takes off them are only made smaller", async () => {
    await makeSource("parts", { on_opposite: "reverse" });
    const message = (action: "buy" | "sell", quantity: number) => ({ ticker: "AAPL", action, quantity });
    await receive("parts", message("buy", 5));
    await holds("parts", "AAPL", "5");
    const { id } = await receive("parts", message("sell", 3));
    await holds("parts", "AAPL", "2");
    expect(await settled(id)).toMatchObject({
      steps: [{ action: "enter", outcome: "ordered", code: "ordered" }],
      orders: [{ side: "sell", quantity: "3" }],
    });
    await receive("parts", message("sell", 3));
    await holds("parts", "AAPL", "-3");
  });

  it("that the sender sees otherwise are noted, or keep it from opening any", async () => {
    const claim = { intent: "add", symbol: "AAPL", quantity: "1", position_before: { side: "long", size: "7" } };
    expect((await turns(claim)).notices).toMatchObject([{ code: "position_gap" }]);
    await makeSource("gaps", { position_gap: "deny" });
    expect(await receive("gaps", { ...claim, intent: "enter", side: "buy" })).toMatchObject({
      steps: [{ code: "position_gap" }],
    });
  });
});

describe("several instructions in one symbol", () => {
  beforeAll(() => makeSource("plans", { accounts: { MyKeys: "plans" } }));
  const PLAN =
    "MyKeys(AAPL) { cancel(which=all); market(side=buy, amount=10); stopOrder(side=sell, amount=100%p, offset=2%); }";

  it("are carried out one after the other: Alertatron's entry is protected by a stop for all that is held", async () => {
    const { id } = await receive("plans", PLAN);
    await holds("plans", "AAPL", "10");
    const { steps, orders } = await settled(id);
    expect(steps.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      "cancel done",
      "buy ordered",
      "sell ordered",
    ]);
    expect(orders).toMatchObject([
      { side: "buy", quantity: "10", status: "filled" },
      { side: "sell", type: "stop", quantity: "10", delivery: "delivered" },
    ]);
    await eventually(async () => ((await readReceipt(id)).orders[1]?.status === "new" ? true : undefined));
    await receive("plans", "cancel AAPL");
  });

  const leaveAll = async () => {
    await receive("plans", "FLATTEN");
    await holds("plans", "AAPL", "0");
  };

  it.each([
    "limit(side=buy, amount=10, offset=@205); stopOrder(side=sell, amount=100%p, offset=2%);",
    "limit(position=10, offset=@205); stopOrder(side=sell, amount=100%p, offset=2%);",
    "market(side=buy, amount=10); cancel(which=all); stopOrder(side=sell, amount=100%p, offset=2%);",
  ])("protect all of what they open: %s", async (plan) => {
    await leaveAll();
    const { id } = await receive("plans", `MyKeys(AAPL) { ${plan} }`);
    await holds("plans", "AAPL", "10");
    const { orders } = await settled(id);
    expect(orders).toMatchObject([
      { side: "buy", status: "filled" },
      { side: "sell", type: "stop", quantity: "10" },
    ]);
  });

  it("are an exit that its own signal's cancel does not call back", async () => {
    await leaveAll();
    await receive("plans", "buy 5 AAPL");
    await holds("plans", "AAPL", "5");
    const { id } = await receive("plans", "MyKeys(AAPL) { market(position=0); cancel(which=all); }");
    await holds("plans", "AAPL", "0");
    expect((await settled(id)).steps).toMatchObject([{ outcome: "ordered" }, { action: "cancel", outcome: "done" }]);
  });

  it("may be more than the rate of their source ever allows at once: they take all of it", async () => {
    await makeSource("slow-plans");
    expect((await call("PATCH", "/v1/sources/slow-plans", { body: { caps: { signals_per_min: 20 } } })).status).toBe(
      200,
    );
    const plan = Array.from({ length: 3 }, () => "cancel AAPL").join("\n");
    expect((await alert("slow-plans", plan)).status).toBe(200);
    expect((await alert("slow-plans", "cancel AAPL")).status).toBe(429);
  });

  it("are an exit and then an entry, in text, also where the process ends in between", async () => {
    await receive("plans", "FLATTEN");
    await holds("plans", "AAPL", "0");
    await receive("plans", "buy 5 AAPL");
    await holds("plans", "AAPL", "5");
    const response = await alert("plans", "close AAPL\nbuy 1 AAPL", { Prefer: "wait=0" });
    expect(response.status).toBe(202);
    const { id } = await response.json<SignalReceipt>();
    await evictDurableObject(env.ACCOUNTS_DO.getByName("plans"));
    await holds("plans", "AAPL", "1");
    expect((await settled(id)).orders).toMatchObject([
      { side: "sell", quantity: "5", status: "filled" },
      { side: "buy", quantity: "1", status: "filled" },
    ]);
  });

  it("are the same signal when they come again, as it stands by then", async () => {
    const secret = SECRETS.get("plans") ?? "";
    await receive("plans", "FLATTEN");
    await holds("plans", "AAPL", "0");
    const send = async () => {
      const headers = { "Idempotency-Key": "plan", Prefer: "wait=5" };
      const response = await post(await sign(PLAN, { secret, headers }), "plans");
      return response.json<SignalReceipt>();
    };
    const { id } = await send();
    await settled(id);
    const again = await send();
    expect(again).toEqual(await readReceipt(id));
    expect(again.steps.map(({ outcome }) => outcome)).toEqual(["done", "ordered", "ordered"]);
    expect(await positionOf("plans", "AAPL")).toBe("10");
  });
});

describe("a signal that is sent again", () => {
  beforeAll(() => makeSource("again"));

  it("under its name is the same signal, and other content under that name a conflict", async () => {
    const wanted = { intent: "target", symbol: "AAPL", position: "3", client_order_id: "morning" };
    const first = await receive("again", wanted);
    const repeated = await alert("again", wanted);
    expect(repeated.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await repeated.json<SignalReceipt>()).id).toBe(first.id);
    const other = await alert("again", { ...wanted, position: "4" });
    expect([other.status, (await other.json<{ code: string }>()).code]).toEqual([409, "idempotency_conflict"]);
    await holds("again", "AAPL", "3");
  });

  it("with the same nonce is refused", async () => {
    const request = await sign("cancel all", { secret: SECRETS.get("again") ?? "" });
    expect((await post(request, "again")).status).toBe(200);
    expect((await post(request, "again")).status).toBe(409);
  });
});

describe("a signal that nobody knows", () => {
  it.each(["no-id", "paper_019bc224-4100-7abc-8def-0123456789ab"])("is said to be no signal: %s", async (id) => {
    const response = await get(`/v1/signals/${id}`);
    expect([response.status, await response.json()]).toMatchObject([404, { detail: "No signal has this id." }]);
  });
});

describe("a source that may stop more than itself", () => {
  beforeAll(async () => {
    await Promise.all(
      ["goes-on", "far-away", "unheard", "died-here", "not-told", "grants"].map((id) => makeAccount(id)),
    );
    await scheduler.wait(SETTLED_MS);
  });

  type Stop = { id: string; account: string | null; source: string | null; level: string; set_by: string };
  const stopsOf = async (by: string): Promise<Stop[]> => {
    const { stops } = await (await get("/v1/stops")).json<{ stops: Stop[] }>();
    return stops.filter(({ set_by: setter }) => setter === by);
  };
  const release = async (id: string | undefined) =>
    expect((await call("POST", `/v1/stops/${id}/release`, { body: {} })).status).toBe(200);
  const buy = (account: string) => placeOrder({ account, symbol: "AAPL", side: "buy", type: "market", quantity: "1" });

  it("stops the account it sends to, everybody in it, and no other", async () => {
    await makeSource("stops-account", { stop_reach: "account" });
    await receive("stops-account", "PAUSE");
    expect(await buy("stops-account")).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
    expect(await buy("goes-on")).not.toMatchObject({ status: "denied" });
    const [stop] = await stopsOf("stops-account");
    expect(stop).toMatchObject({ account: "stops-account", source: null, level: "account" });
    await release(stop?.id);
  });

  it("stops everything with one signed request, in every account by the time of the answer", async () => {
    await makeSource("stops-all", { stop_reach: "everything" });
    await buy("far-away");
    await holds("far-away", "AAPL", "1");
    const receipt = await receive("stops-all", { intent: "stop", state: "reducing", flatten: true });
    try {
      expect(await buy("far-away")).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
      await makeAccount("later");
      await scheduler.wait(SETTLED_MS);
      expect(await buy("later")).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
      await holds("far-away", "AAPL", "0");
      expect(receipt.steps).toMatchObject([
        { action: "stop", outcome: "done" },
        { action: "flatten", outcome: "done" },
      ]);
      const stops = await stopsOf("stops-all");
      expect(stops).toMatchObject([{ account: null, source: null, level: "gateway" }]);
      // A lost answer, asked for again: the same stop.
      await receive("stops-all", { intent: "stop", state: "reducing", flatten: true });
      expect(await stopsOf("stops-all")).toEqual(stops);
    } finally {
      for (const { id } of await stopsOf("stops-all")) await release(id);
    }
    expect(await buy("far-away")).not.toMatchObject({ status: "denied" });
  });

  it("is answered 503 while somebody could not be told, and by the same message once everybody is", async () => {
    await makeSource("stops-late", { stop_reach: "everything" });
    const message = attemptOf({ intent: "stop", state: "halted" }, SECRETS.get("stops-late") ?? "");
    await withAccounts({ unheard: { stop: away } }, async () => {
      const response = await post(message, "stops-late");
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: "not_told", detail: expect.stringContaining("unheard") });
    });
    // Who was told goes by it already, and who was not learns of it from the same message, attempted again.
    expect(await buy("stops-late")).toMatchObject({ reason: { code: "trading_halted" } });
    const again = await post(reattempt(message, SECRETS.get("stops-late") ?? ""), "stops-late");
    expect([again.status, again.headers.get("Idempotency-Replayed")]).toEqual([200, "true"]);
    expect(await buy("unheard")).toMatchObject({ reason: { code: "trading_halted" } });
    const [stop, ...more] = await stopsOf("stops-late");
    expect(more).toEqual([]);
    await release(stop?.id);
    // Released by a person, it is not set again by one more attempt.
    expect((await post(reattempt(message, SECRETS.get("stops-late") ?? ""), "stops-late")).status).toBe(200);
    expect(await buy("unheard")).not.toMatchObject({ status: "denied" });
  });

  it("has the others stopped by the cron trigger, where its request died on the way to them", async () => {
    const stop: TradingStop = {
      id: crypto.randomUUID(),
      account: null,
      source: null,
      symbol: null,
      state: "reducing",
      level: "gateway",
      set_by: "died",
      set_at: new Date().toISOString(),
      reason: "a test",
    };
    const caller = { actor: { kind: "source", id: "died" }, requestId: "died", clientIp: null } as const;
    await env.ACCOUNTS_DO.getByName("died-here").stop(stop, { cancels: "entries", flatten: false }, caller);
    expect(await buy("not-told")).not.toMatchObject({ status: "denied" });
    await wakeAccounts(env);
    expect(await buy("not-told")).toMatchObject({ reason: { code: "reducing_only" } });
    await release(stop.id);
    await wakeAccounts(env);
    expect(await buy("died-here")).not.toMatchObject({ status: "denied" });
  });

  it("is one that signs, and is given by somebody who may stop as much", async () => {
    const signals = { stop_reach: "everything" };
    const made = await call("POST", "/v1/api-keys", {
      body: { owner: "bound", scopes: ["admin:sources"], accounts: ["grants"] },
    });
    const { key } = await made.json<{ key: string }>();
    const bound = { "X-API-Key": key, "CF-Connecting-IP": anAddress() };
    const terms = { id: "granted", kind: "signed", account: "grants" };
    const refused = await call("POST", "/v1/sources", { body: { ...terms, signals }, headers: bound });
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: "beyond_own_rights" }]);
    expect((await call("POST", "/v1/sources", { body: terms, headers: bound })).status).toBe(201);
    const widened = await call("PATCH", "/v1/sources/granted", { body: { signals }, headers: bound });
    expect(widened.status).toBe(403);
    expect((await call("PATCH", "/v1/sources/granted", { body: { signals } })).status).toBe(200);
    // From then on its secret is worth more than the key that is bound to the account.
    expect((await call("POST", "/v1/sources/granted/secrets", { body: {}, headers: bound })).status).toBe(404);
  });
});

describe("a source that stops itself", () => {
  it("opens nothing any more, still exits, and is released by a person", async () => {
    await makeSource("stops-itself");
    await receive("stops-itself", "BUY 2 AAPL");
    await holds("stops-itself", "AAPL", "2");
    await receive("stops-itself", "PAUSE");
    expect(await receive("stops-itself", "BUY 1 AAPL")).toMatchObject({
      steps: [{ outcome: "failed", code: "order_denied" }],
    });
    await receive("stops-itself", "close AAPL");
    await holds("stops-itself", "AAPL", "0");
    const { stops } = await (await get("/v1/stops")).json<{ stops: { id: string; source: string; level: string }[] }>();
    const own = stops.find(({ source }) => source === "stops-itself");
    expect(own?.level).toBe("source");
    expect((await call("POST", `/v1/stops/${own?.id}/release`, { body: {} })).status).toBe(200);
    await receive("stops-itself", "BUY 1 AAPL");
    await holds("stops-itself", "AAPL", "1");
  });
});
