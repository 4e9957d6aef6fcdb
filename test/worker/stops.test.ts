// Stopping trading through the HTTP door: what it binds, what it lets through, and who may release it.
import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { SETTLED_MS } from "../../src/directory/directory.ts";
import type { Order } from "../../src/domain/order.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import type { TradingStop } from "../../src/domain/trading-stop.ts";
import { makeAccount } from "../support/make-account.ts";
import { makeAccounts } from "./support/fan-out.ts";
import { account, withAccount } from "./support/faulty-venue.ts";
import { withSilentAccount } from "./support/unheard.ts";
import {
  anAddress,
  call,
  eventually,
  get,
  placeOrder,
  readAudit,
  readOrder,
  sendOrder,
  settled,
} from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const SELL = { ...BUY, side: "sell" };
const RESTING = { symbol: "AAPL", side: "buy", type: "limit", quantity: "1", limit_price: "10", time_in_force: "gtc" };

type StoppedAccount = { account: string; canceled: number; on_the_wire: string[]; flattened: SignalReceipt | null };
type Stopped = { stop: TradingStop; accounts: StoppedAccount[] };

async function stop(terms: object, headers: Record<string, string> = {}): Promise<Stopped> {
  const response = await call("POST", "/v1/stops", { body: { reason: "a test", ...terms }, headers });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return response.json();
}

const release = (id: string, headers: Record<string, string> = {}) =>
  call("POST", `/v1/stops/${id}/release`, { body: {}, headers });

async function stopped<T>(terms: object, work: (done: Stopped) => Promise<T>): Promise<T> {
  const done = await stop(terms);
  try {
    return await work(done);
  } finally {
    expect((await release(done.stop.id)).status).toBe(200);
  }
}

/** The key of somebody who is bound to this account. */
async function keyFor(accounts: string[], scopes: string[]): Promise<Record<string, string>> {
  const owner = `stops-${crypto.randomUUID().slice(0, 8)}`;
  const made = await call("POST", "/v1/api-keys", { body: { owner, scopes, accounts } });
  const { key } = await made.json<{ key: string }>();
  return { "X-API-Key": key, "CF-Connecting-IP": anAddress() };
}

const codeOf = async (response: Response): Promise<string> =>
  `${response.status} ${(await response.json<{ code: string }>()).code}`;

describe("a stop of everything", () => {
  it("denies entries, lets exits through, cancels what would open, and is released", async () => {
    await settled((await sendOrder(BUY)).id, "filled");
    const resting = await sendOrder(RESTING);
    await stopped({}, async ({ accounts }) => {
      expect(accounts).toContainEqual({ account: "paper", canceled: 1, on_the_wire: [], flattened: null });
      await settled(resting.id, "canceled");
      expect(await sendOrder(BUY)).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
      expect((await settled((await sendOrder(SELL)).id, "filled")).verdicts[0]).toMatchObject({ limit: "reducing" });
    });
    await settled((await sendOrder(BUY)).id, "filled");
  });

  it("binds every account, also one that is added later, and survives a restart", async () => {
    await stopped({ state: "halted", cancel: "none" }, async ({ accounts }) => {
      expect(accounts.map((one) => one.account).toSorted()).toEqual(["paper", "second"]);
      await makeAccount("added-while-stopped");
      await evictDurableObject(account());
      for (const name of ["paper", "second", "added-while-stopped"]) {
        expect(await placeOrder({ ...BUY, account: name })).toMatchObject({ reason: { code: "trading_halted" } });
      }
    });
    await settled((await placeOrder({ ...BUY, account: "added-while-stopped" })).id, "filled");
  });

  it("is on the gateway's record and on each account's", async () => {
    const { id } = await stopped({ cancel: "none", reason: "for the record" }, async (done) => done.stop);
    await eventually(async () => {
      const told = (await readAudit("&type=trading.stopped")).filter(
        ({ event }) => (event.data["stop"] as TradingStop).id === id,
      );
      return told.length > 0 ? true : undefined;
    });
    const atGateway = await get("/v1/audit?chain=gateway&type=trading.stopped&limit=200");
    expect(await atGateway.text()).toContain(id);
  });

  it("binds the accounts also while the database is away", async () => {
    await sendOrder(RESTING);
    const gateway = env.GATEWAY_DO.getByName("gateway");
    const id = crypto.randomUUID();
    const broken = {
      prepare: () => {
        throw new Error("D1 is away");
      },
      batch: () => {
        throw new Error("D1 is away");
      },
    };
    // Which accounts there are is known from the last time that it answered.
    await stopped({ cancel: "none" }, async () => undefined);
    await runInDurableObject(gateway, async (instance, state) => {
      const own = (instance as unknown as { env: Env }).env;
      (instance as unknown as { env: object }).env = { ...own, DB: broken };
      void state;
    });
    try {
      const wide = { account: null, source: null, symbol: null, state: "halted", level: "gateway" } as const;
      const set_at = new Date().toISOString();
      const caller = { actor: { kind: "api_key", id: "bootstrap" }, requestId: "away", clientIp: null } as const;
      const done = await gateway.stop(
        { id, ...wide, set_by: "bootstrap", set_at, reason: "away" },
        { cancels: "none", flatten: false },
        caller,
      );
      expect(done).toMatchObject({ untold: [], answer: { isStored: false } });
      expect(await sendOrder(BUY)).toMatchObject({ status: "denied", reason: { code: "trading_halted" } });
    } finally {
      await evictDurableObject(gateway);
    }
    // With the database back it is released, although it was never stored.
    expect((await release(id)).status).toBe(200);
    await settled((await sendOrder(BUY)).id, "filled");
  });
});

describe("a stop of a part", () => {
  it.each([
    ["of a symbol", { symbol: "MSFT" }, { ...BUY, symbol: "MSFT" }, BUY],
    ["of an account", { account: "second" }, { ...BUY, account: "second" }, BUY],
    ["of the orders that come with an API key", { source: "api" }, BUY, null],
  ])("%s leaves the rest", async (_, reach, within, outside) => {
    await stopped({ ...reach, cancel: "none" }, async () => {
      expect(await placeOrder(within)).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
      await settled((await (outside === null ? sendOrder(BUY) : placeOrder(outside))).id, "filled");
    });
  });

  it.each([
    ["an account that is not there", { account: "nowhere" }, "/account"],
    ["a source that is not there", { source: "nobody" }, "/source"],
    ["a symbol that no broker lists", { symbol: "aapl" }, "/symbol"],
  ])("for %s is refused: it would stop nothing", async (_, reach, pointer) => {
    const response = await call("POST", "/v1/stops", { body: { reason: "a typing error", ...reach } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
  });
});

describe("a stop that leaves every position", () => {
  beforeAll(async () => {
    await Promise.all(["a", "b", "receipt", "symbol", "disabled"].map((name) => makeAccount(`flat-${name}`)));
    // Until every isolate finds them, see the directory.
    await scheduler.wait(SETTLED_MS);
  });

  const unitsOf = async (of: string, symbol: string): Promise<string> => {
    const portfolio = await get(`/v1/portfolio?account=${of}`);
    const { positions } = await portfolio.json<{ positions: { symbol: string; quantity: string }[] }>();
    return positions.find((position) => position.symbol === symbol)?.quantity ?? "0";
  };
  const flat = (of: string, symbol: string) =>
    eventually(async () => ((await unitsOf(of, symbol)) === "0" ? true : undefined));
  const symbolsIn = ({ accounts }: Stopped, of: string): (string | null)[] =>
    accounts
      .find((one) => one.account === of)
      ?.flattened?.steps.filter(({ action }) => action === "exit")
      .map(({ symbol }) => symbol) ?? [];
  const buy = async (of: string, symbol: string) =>
    settled((await placeOrder({ ...BUY, account: of, symbol, quantity: "3" })).id, "filled");

  it("is flat in every account in the end, with nothing resting and nothing opened after", async () => {
    await Promise.all([buy("flat-a", "AAPL"), buy("flat-a", "MSFT"), buy("flat-b", "SPY")]);
    const entry = await placeOrder({ ...RESTING, account: "flat-a" });
    const protects = { symbol: "AAPL", side: "sell", type: "stop", quantity: "3", stop_price: "10" };
    const protection = await placeOrder({ ...protects, time_in_force: "gtc", account: "flat-a" });
    await stopped({ flatten: true }, async (done) => {
      expect([symbolsIn(done, "flat-a"), symbolsIn(done, "flat-b")]).toEqual([["AAPL", "MSFT"], ["SPY"]]);
      expect(done.accounts.find((one) => one.account === "flat-a")?.canceled).toBe(2);
      await Promise.all([flat("flat-a", "AAPL"), flat("flat-a", "MSFT"), flat("flat-b", "SPY")]);
      await Promise.all([entry, protection].map(({ id }) => settled(id, "canceled")));
      expect(await placeOrder({ ...BUY, account: "flat-a" })).toMatchObject({ reason: { code: "reducing_only" } });
      // Once more, it finds nothing to leave.
      const again = await stop({ flatten: true });
      expect(again.stop.id).toBe(done.stop.id);
      expect([symbolsIn(again, "flat-a"), symbolsIn(again, "flat-b")]).toEqual([[], []]);
      const { orders } = await (await get("/v1/orders?account=flat-a")).json<{ orders: Order[] }>();
      expect(orders.filter(({ side, status }) => side === "sell" && status === "filled")).toHaveLength(2);
    });
    expect(await unitsOf("flat-a", "AAPL")).toBe("0");
  });

  it("says what became of each, and reads like the receipt of a signal", async () => {
    await buy("flat-receipt", "AAPL");
    const receipt = await stopped({ account: "flat-receipt", flatten: true }, async ({ accounts }) => {
      await flat("flat-receipt", "AAPL");
      return accounts[0]?.flattened;
    });
    const stands = await (await get(`/v1/signals/${receipt?.id}`)).json<SignalReceipt>();
    expect(stands).toMatchObject({ format: "stop", source: "api", steps: [{}, { symbol: "AAPL", code: "ordered" }] });
    expect(stands.orders).toMatchObject([{ side: "sell", quantity: "3", status: "filled" }]);
    const entry = await eventually(async () => {
      const entries = await readAudit("&type=positions.flatten_requested&account=flat-receipt");
      return entries.find(({ event }) => event.data["signal"] === receipt?.id);
    });
    expect(entry.event).toMatchObject({ actor: { kind: "api_key" }, data: { steps: [{}, { symbol: "AAPL" }] } });
  });

  it("leaves one symbol where it is a symbol's", async () => {
    await Promise.all([buy("flat-symbol", "AAPL"), buy("flat-symbol", "MSFT")]);
    await stopped({ account: "flat-symbol", symbol: "MSFT", flatten: true }, async (done) => {
      expect(symbolsIn(done, "flat-symbol")).toEqual(["MSFT"]);
      await flat("flat-symbol", "MSFT");
    });
    expect(await unitsOf("flat-symbol", "AAPL")).toBe("3");
  });

  it("stops an account that is disabled all the same, and says that its positions stay", async () => {
    await buy("flat-disabled", "AAPL");
    await call("PATCH", "/v1/accounts/flat-disabled", { body: { status: "disabled" } });
    await stopped({ account: "flat-disabled", flatten: true }, async ({ accounts }) => {
      expect(accounts[0]?.flattened?.steps[1]).toMatchObject({ outcome: "failed", code: "account_disabled" });
    });
  });

  it.each([
    ["with halted, under which no exit passes", { state: "halted" }],
    ["of a source, whose positions are its account's", { source: "api" }],
  ])("is refused %s, and nothing is stopped", async (_, terms) => {
    const response = await call("POST", "/v1/stops", { body: { reason: "x", flatten: true, ...terms } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/flatten" }] });
    const { stops } = await (await get("/v1/stops")).json<{ stops: TradingStop[] }>();
    expect(stops.filter(({ account: of }) => of === null)).toEqual([]);
  });
});

describe("who may", () => {
  it("stop with the scope kill, and release only with another", async () => {
    const killer = await keyFor(["paper"], ["kill"]);
    const { stop: set } = await stop({ account: "paper", cancel: "none" }, killer);
    expect(set.level).toBe("account");
    expect(await codeOf(await release(set.id, killer))).toBe("403 scope_missing");
    const keeper = await keyFor(["paper"], ["admin:risk"]);
    expect((await release(set.id, keeper)).status).toBe(200);
  });

  it("stop what is theirs, and neither everything nor what is somebody else's", async () => {
    const killer = await keyFor(["paper"], ["kill"]);
    const post = (terms: object) => call("POST", "/v1/stops", { body: { reason: "x", ...terms }, headers: killer });
    expect(await codeOf(await post({}))).toBe("403 beyond_own_rights");
    expect((await post({ account: "second" })).status).toBe(422);
  });

  it("not release what somebody above them has stopped", async () => {
    const keeper = await keyFor(["paper"], ["admin:risk"]);
    await stopped({ account: "paper", cancel: "none" }, async (done) => {
      expect(await codeOf(await release(done.stop.id, keeper))).toBe("403 stop_of_higher_level");
    });
    await stopped({ cancel: "none" }, async (done) => {
      expect(await codeOf(await release(done.stop.id, keeper))).toBe("403 stop_of_higher_level");
    });
  });

  it("see the stops of their accounts, each once", async () => {
    await stopped({ cancel: "none" }, async (done) => {
      const { stops } = await (await get("/v1/stops")).json<{ stops: TradingStop[] }>();
      expect(stops.filter(({ id }) => id === done.stop.id)).toHaveLength(1);
    });
    expect(await (await get("/v1/stops")).json()).toEqual({ stops: [], unread: [] });
  });
});

describe("while an account keeps silent", () => {
  it("the stops of the others are listed and released, and it is named", async () => {
    const [silent = "", other = ""] = await makeAccounts("silent", "other");
    const { stop: own } = await stop({ account: silent });
    const { stop: others } = await stop({ account: other });
    await withSilentAccount(silent, async () => {
      const list = await (await get("/v1/stops")).json<{ stops: TradingStop[]; unread: string[] }>();
      expect(list).toMatchObject({ stops: [{ id: others.id }], unread: [silent] });
      expect((await release(others.id)).status).toBe(200);
      const unknown = await release(own.id);
      expect([unknown.status, await unknown.json()]).toMatchObject([
        503,
        { code: "unavailable", detail: expect.stringContaining(silent) as string },
      ]);
    });
    expect((await release(own.id)).status).toBe(200);
    const again = await release(own.id);
    expect([again.status, await again.json()]).toMatchObject([
      404,
      { code: "not_found", detail: expect.stringContaining("`GET /v1/stops`") as string },
    ]);
  });
});

describe("the kill switch, thrown while 100 orders are in flight", () => {
  it("lets no order leave after it has answered, and exits still work", { timeout: 60_000 }, async () => {
    await settled((await sendOrder({ ...BUY, quantity: "5" })).id, "filled");
    let answeredAtMs = Infinity;
    const late: string[] = [];
    const sent = new Set<string>();
    const slow =
      (real: (request: Request) => Promise<Response>) =>
      async (request: Request): Promise<Response> => {
        if (request.method === "POST") {
          const { side, client_order_id: id } = await request.clone().json<{ side: string; client_order_id: string }>();
          sent.add(id);
          if (side === "buy" && Date.now() > answeredAtMs) late.push(id);
          await scheduler.wait(30);
        }
        return real(request);
      };
    await withAccount({ venue: slow, settings: { RATE_LIMIT_RPS: "1000" } }, async () => {
      const wishes = Array.from({ length: 100 }, () =>
        sendOrder({ ...RESTING, limit_price: "11" }, { headers: { Prefer: "wait=0" } }),
      );
      await eventually(async () => (sent.size >= 5 ? true : undefined));
      await stopped({}, async ({ accounts }) => {
        answeredAtMs = Date.now();
        expect(accounts.find((one) => one.account === "paper")).toMatchObject({ on_the_wire: [] });
        const exit = await settled((await sendOrder(SELL)).id, "filled");
        const orders: Order[] = await Promise.all(wishes);
        await scheduler.wait(500);
        const after = await Promise.all(orders.map(({ id }) => readOrder(id)));
        expect(exit.filled_quantity).toBe("1");
        expect(late).toEqual([]);
        // What had left was called back, what had not never left, and what came later was denied.
        for (const order of after) {
          const hasLeft = sent.has(order.client_order_id);
          expect(order.attempts).toBe(hasLeft ? 1 : 0);
          if (!hasLeft) expect(["canceled", "expired", "denied"]).toContain(order.status);
        }
        expect(after.filter(({ attempts }) => attempts === 0).length).toBeGreaterThan(10);
      });
    });
  });
});
