// A stop of everything while some account has not heard what the others have, or keeps silent: what is answered as in force is in
// force everywhere, and nobody waits for somebody else's.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { TradingStop } from "../../src/domain/trading-stop.ts";
import { wakeAccounts } from "../../src/intake/wake-accounts.ts";
import { changeAccount, makeAccounts } from "./support/fan-out.ts";
import { withAccount } from "./support/faulty-venue.ts";
import { call, eventually, get, listOrders, placeOrder, post, settled, sign } from "./support/gateway.ts";
import { away, never, withAccounts, withSilentDatabase, withSlowDatabase } from "./support/unheard.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const buy = (account: string) => placeOrder({ ...BUY, account });
const REDUCING = { status: "denied", reason: { code: "reducing_only" } };
const HALTED = { status: "denied", reason: { code: "trading_halted" } };

const stopsNow = async (): Promise<TradingStop[]> =>
  (await (await get("/v1/stops")).json<{ stops: TradingStop[] }>()).stops;
const kill = (terms: object = {}) => call("POST", "/v1/stops", { body: { reason: "a test", ...terms } });
const killed = async (terms: object = {}): Promise<string> => {
  const response = await kill(terms);
  if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return (await response.json<{ stop: TradingStop }>()).stop.id;
};
const release = async (id: string): Promise<number> =>
  (await call("POST", `/v1/stops/${id}/release`, { body: {} })).status;
const unitsOf = async (account: string): Promise<string> => {
  const portfolio = await get(`/v1/portfolio?account=${account}`);
  const { positions } = await portfolio.json<{ positions: { quantity: string }[] }>();
  return positions[0]?.quantity ?? "0";
};

/** A source of which `stop` stops everything. */
async function makeSwitch(account: string, others: readonly string[] = []) {
  const id = `switch-${crypto.randomUUID().slice(0, 8)}`;
  const signals = { stop_reach: "everything" };
  const made = await call("POST", "/v1/sources", {
    body: { id, kind: "signed", account, fan_out: others, signals },
  });
  if (made.status !== 201) throw new Error(`HTTP ${made.status}: ${await made.text()}`);
  const { secret } = (await made.json<{ secret: { secret: string } }>()).secret;
  const request = (body: object, headers: Record<string, string> = {}) => sign(body, { secret, headers });
  return { id, request, send: async (body: object, headers = {}) => post(await request(body, headers), id) };
}

afterEach(async () => {
  for (const { id } of await stopsNow()) await release(id);
});

describe("a stop of everything, after a release that one account has not heard of", () => {
  async function releasedUnheard(): Promise<{ heard: string; unheard: string; first: string }> {
    const [heard = "", unheard = ""] = await makeAccounts("heard", "unheard");
    const first = await killed();
    await withAccounts({ [unheard]: { configure: away } }, async () => {
      expect(await release(first)).toBe(503);
    });
    expect(await buy(heard)).not.toMatchObject(REDUCING);
    expect(await buy(unheard)).toMatchObject(REDUCING);
    return { heard, unheard, first };
  }

  it("binds those who have heard of it as well, and goes on when the last one hears of it", async () => {
    const { heard, unheard } = await releasedUnheard();
    await killed();
    expect([await buy(heard), await buy(unheard)]).toMatchObject([REDUCING, REDUCING]);
    await wakeAccounts(env);
    expect([await buy(heard), await buy(unheard)]).toMatchObject([REDUCING, REDUCING]);
    expect(await stopsNow()).toHaveLength(1);
  });

  it("leaves positions with a stop in force, never without", async () => {
    const { heard } = await releasedUnheard();
    await eventually(async () => ((await unitsOf(heard)) === "1" ? true : undefined));
    await killed({ flatten: true });
    expect(await buy(heard)).toMatchObject(REDUCING);
    await eventually(async () => ((await unitsOf(heard)) === "0" ? true : undefined));
  });

  it("binds all by a signal, too, though it finds the old one in its own account", async () => {
    const { heard, unheard } = await releasedUnheard();
    const source = await makeSwitch(unheard);
    expect((await source.send({ intent: "stop", state: "reducing" })).status).toBe(200);
    expect([await buy(heard), await buy(unheard)]).toMatchObject([REDUCING, REDUCING]);
  });

  it("is not undone by that release, asked for once more", async () => {
    const { heard, unheard, first } = await releasedUnheard();
    await killed();
    expect(await release(first)).toBe(200);
    expect([await buy(heard), await buy(unheard)]).toMatchObject([REDUCING, REDUCING]);
  });
});

describe("a stop of everything, while D1 is slow", () => {
  it("binds also who was added since the last one", { timeout: 60_000 }, async () => {
    await release(await killed());
    const [late = ""] = await makeAccounts("late");
    await withSlowDatabase(2_500, async () => {
      await killed();
      expect(await buy(late)).toMatchObject(REDUCING);
    });
  });
});

describe("a stop of everything, asked for again", () => {
  it("is the same one, and one release ends it", async () => {
    const [account = ""] = await makeAccounts("a");
    const first = await killed();
    expect(await killed()).toBe(first);
    expect(await stopsNow()).toHaveLength(1);
    expect(await release(first)).toBe(200);
    expect(await buy(account)).not.toMatchObject(REDUCING);
  });

  it("after somebody could not be told may be two, and one release ends both", async () => {
    const [a = "", b = ""] = await makeAccounts("a", "b");
    await withAccounts({ [a]: { stop: away } }, async () => {
      expect((await kill()).status).toBe(503);
    });
    const again = await killed();
    expect([await buy(a), await buy(b)]).toMatchObject([REDUCING, REDUCING]);
    expect(await release(again)).toBe(200);
    expect(await stopsNow()).toEqual([]);
  });

  it("binds after D1 was restored to a time when it was in force", async () => {
    const [account = ""] = await makeAccounts("restored");
    const first = await killed({ state: "halted" });
    expect(await release(first)).toBe(200);
    const mark = (at: string | null) =>
      env.DB.prepare("UPDATE trading_stops SET released_at = ?, released_by = ? WHERE id = ?")
        .bind(at, at, first)
        .run();
    await mark(null);
    try {
      await killed({ state: "halted" });
      expect(await buy(account)).toMatchObject(HALTED);
    } finally {
      await mark("restored");
    }
  });
});

describe("a stop of everything while one account keeps silent", () => {
  it("binds the others at once, and says who is missing", { timeout: 40_000 }, async () => {
    const [healthy = "", silent = ""] = await makeAccounts("healthy", "silent");
    await withAccounts({ [silent]: { stop: never, stops: never, configure: never } }, async () => {
      const wish = kill({ state: "halted", cancel: "none" });
      await scheduler.wait(1_000);
      expect(await buy(healthy)).toMatchObject(HALTED);
      const answer = await wish;
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: "not_told", detail: expect.stringContaining(silent) });
    });
  });

  it("is released for the others all the same", { timeout: 40_000 }, async () => {
    const [healthy = "", silent = ""] = await makeAccounts("healthy", "silent");
    const id = await killed({ cancel: "none" });
    await withAccounts({ [silent]: { stops: never, configure: never } }, async () => {
      expect(await release(id)).toBe(503);
      expect(await buy(healthy)).not.toMatchObject(REDUCING);
    });
    expect(await release(id)).toBe(200);
  });
});

describe("a stop of everything while the database keeps silent", () => {
  it("binds the accounts at once, and once it is back is listed and released", { timeout: 60_000 }, async () => {
    const [account = ""] = await makeAccounts("a");
    // Which accounts there are is known from the last time that it answered.
    await release(await killed({ cancel: "none" }));
    await withSilentDatabase(async () => {
      const wish = kill({ state: "halted", cancel: "none" });
      await scheduler.wait(4_000);
      expect(await buy(account)).toMatchObject(HALTED);
      const answer = await wish;
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("the database") });
    });
    await wakeAccounts(env);
    const [stop] = await stopsNow();
    expect(await release(stop?.id ?? "")).toBe(200);
    expect(await buy(account)).not.toMatchObject(HALTED);
  });
});

describe("a signal that stops everything", () => {
  it("sets one stop where its source fans out, and stays released when it comes again", async () => {
    const [a = "", b = ""] = await makeAccounts("a", "b");
    const source = await makeSwitch(a, [b]);
    await changeAccount(b, { status: "disabled" });
    const request = await source.request({ intent: "stop", state: "reducing", flatten: true });
    expect((await post(request, source.id)).status).toBe(200);
    const set = await stopsNow();
    expect(set).toMatchObject([{ account: null, set_by: source.id }]);
    expect(await release(set[0]?.id ?? "")).toBe(200);
    await changeAccount(b, { status: "active" });
    await settled((await buy(a)).id, "filled");
    expect((await post(request, source.id)).status).toBe(409);
    expect(await stopsNow()).toEqual([]);
    expect((await listOrders(a)).map(({ side }) => side)).toEqual(["buy"]);
  });

  it("binds all others also where its own account is disabled, which takes no other signal", async () => {
    const [a = "", b = ""] = await makeAccounts("a", "b");
    const source = await makeSwitch(a);
    await changeAccount(a, { status: "disabled" });
    const entry = await post(
      await source.request({ symbol: "AAPL", side: "buy", type: "market", quantity: "1" }),
      source.id,
    );
    expect([entry.status, await entry.json()]).toMatchObject([409, { code: "account_disabled" }]);
    const request = await source.request({ intent: "stop", state: "reducing" });
    expect((await post(request, source.id)).status).toBe(200);
    expect(await buy(b)).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
    expect((await post(await source.request({ intent: "cancel" }), source.id)).status).toBe(200);
    for (const { id } of await stopsNow()) await release(id);
  });

  it("is told to the others at once, whatever its sender waits for", { timeout: 40_000 }, async () => {
    const source = await makeSwitch("paper");
    await settled((await buy("paper")).id, "filled");
    const slow = (real: (request: Request) => Promise<Response>) => async (request: Request) => {
      if (request.method === "POST") await scheduler.wait(6_000);
      return real(request);
    };
    await withAccount({ venue: slow }, async () => {
      const wish = source.send({ intent: "stop", state: "reducing", flatten: true }, { Prefer: "wait=9" });
      await scheduler.wait(2_000);
      expect(await buy("second")).toMatchObject(REDUCING);
      expect((await wish).status).toBe(202);
    });
  });
});

describe("a stop of everything of which the request died on the way", () => {
  it("is carried out by the cron trigger: whoever hears of it cancels and leaves as it was asked for, once", async () => {
    const [told = "", untold = ""] = await makeAccounts("told", "untold");
    for (const account of [told, untold]) await settled((await buy(account)).id, "filled");
    const resting = { ...BUY, type: "limit", limit_price: "10", time_in_force: "gtc", account: untold };
    const entry = await placeOrder(resting);
    const id = crypto.randomUUID();
    const reach = { account: null, source: null, symbol: null, state: "reducing", level: "gateway" } as const;
    const stop = { id, ...reach, set_by: "died", set_at: new Date().toISOString(), reason: "a test" } as const;
    const caller = { actor: { kind: "api_key", id: "bootstrap" }, requestId: id, clientIp: null } as const;
    await env.ACCOUNTS_DO.getByName(told).stop(stop, { cancels: "entries", flatten: true }, caller);
    await wakeAccounts(env);
    expect(await buy(untold)).toMatchObject(REDUCING);
    await settled(entry.id, "canceled");
    for (const account of [told, untold]) {
      await eventually(async () => ((await unitsOf(account)) === "0" ? true : undefined));
      const sells = (await listOrders(account)).filter(({ side }) => side === "sell");
      expect(sells).toHaveLength(1);
    }
  });
});
