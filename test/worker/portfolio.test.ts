import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Execution } from "../../src/domain/execution.ts";
import type { Portfolio } from "../../src/domain/portfolio.ts";
import { type Venue, account as theAccount, withAccount } from "./support/faulty-venue.ts";
import { call, eventually, get, placeOrder, put, settled } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };

const readPortfolio = async (account = "paper"): Promise<Portfolio> =>
  (await get(`/v1/portfolio?account=${account}`)).json();

type Page = { executions: Execution[]; next_cursor: string | null };
const readExecutions = async (query: string): Promise<Page> => (await get(`/v1/executions${query}`)).json();

/** An order and its trades, once the broker's list has shown them. */
async function trade(body: object): Promise<{ id: string; executions: Execution[] }> {
  const { id } = await placeOrder(body);
  await settled(id, "filled");
  const executions = await eventually(async () => {
    const page = await readExecutions(`?order_id=${id}`);
    return page.executions.length > 0 ? page.executions : undefined;
  });
  return { id, executions };
}

afterEach(() => vi.restoreAllMocks());

describe("the portfolio", () => {
  it("of a new account is its cash", async () => {
    expect(await readPortfolio()).toEqual({
      account: "paper",
      as_of: expect.any(String) as string,
      stale: false,
      currency: "USD",
      cash: "100000",
      equity: "100000",
      buying_power: "100000",
      positions: [],
      exposure: { held: "0", working: "0", unknown: "0", total: "0", unpriced: [] },
    });
  });

  it("shows what is held, what working orders may add, and the money that is left", async () => {
    await settled((await placeOrder(BUY)).id, "filled");
    await placeOrder({ ...BUY, type: "limit", quantity: "4", limit_price: "100" });
    // The broker's figures are read again when they are some seconds old.
    const portfolio = await eventually(async () => {
      const now = await readPortfolio();
      return now.cash === "100000" ? undefined : now;
    }, 10_000);
    expect(portfolio).toMatchObject({ cash: "98125", equity: "100000", stale: false });
    expect(portfolio.positions).toMatchObject([
      {
        symbol: "AAPL",
        quantity: "10",
        average_price: "187.5",
        market_value: "1875",
        working_buy: "4",
        working_sell: "0",
        unknown_buy: "0",
        exposure_quantity: "14",
      },
    ]);
    expect(portfolio.exposure).toEqual({ held: "1875", working: "750", unknown: "0", total: "2625", unpriced: [] });
  }, 15_000);

  it("is stale once the broker has told nothing for 15 s, and keeps what it told", async () => {
    const lastToldSecondsAgo = (seconds: number) =>
      runInDurableObject(theAccount(), (_, state) => {
        state.storage.sql.exec("UPDATE broker_view SET at_ms = ?", Date.now() - seconds * 1000);
      });
    const { cash } = await readPortfolio();
    const mute: Venue = () => Promise.resolve(new Response(null, { status: 500 }));
    await withAccount({ venue: () => mute }, async () => {
      await lastToldSecondsAgo(8);
      expect(await readPortfolio()).toMatchObject({ stale: false, cash });
      await lastToldSecondsAgo(16);
      expect(await readPortfolio()).toMatchObject({ stale: true, cash });
    });
    await call("POST", "/v1/accounts/paper/circuit-breaker/reset");
    expect(await eventually(async () => ((await readPortfolio()).stale ? undefined : true))).toBe(true);
  });

  it("is each account's own", async () => {
    expect(await readPortfolio("second")).toMatchObject({ account: "second", positions: [], cash: "100000" });
  });
});

describe("an account that sees settings which are not usable", () => {
  it("answers 503, and the log names the account", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line));
    await withAccount({ settings: { CREDENTIALS_ENCRYPTION_KEYS: "1:" } }, async () => {
      for (const path of ["/v1/portfolio", "/v1/accounts/paper/circuit-breaker"]) {
        const response = await get(path);
        expect(response.status).toBe(503);
        expect(response.headers.get("Retry-After")).toBe("60");
        expect(await response.json()).toMatchObject({ code: "misconfigured" });
      }
    });
    expect(lines.join("\n")).toContain("paper the configuration is not usable");
  });
});

describe("executions", () => {
  it("are listed by order, with the broker's price of each", async () => {
    await put("/v1/paper/paper/prices/SPY", { price: "600.25" });
    const { id, executions } = await trade({ ...BUY, symbol: "SPY", quantity: "3" });
    expect(executions).toEqual([
      {
        id: expect.any(String) as string,
        order_id: id,
        symbol: "SPY",
        side: "buy",
        quantity: "3",
        price: "600.25",
        executed_at: expect.any(String) as string,
      },
    ]);
  });

  it("are found by their order also at an account that is not the default one", async () => {
    const { id, executions } = await trade({ ...BUY, account: "second", quantity: "1" });
    expect(executions).toMatchObject([{ order_id: id }]);
    expect((await readExecutions(`?account=paper&order_id=${id}`)).executions).toEqual([]);
  });

  it("page, newest first", { timeout: 20_000 }, async () => {
    for (let count = 0; count < 3; count++) await trade({ ...BUY, quantity: "1" });
    const all = (await readExecutions("?limit=200")).executions;
    const times = all.map(({ executed_at }) => executed_at);
    expect(times).toEqual(times.toSorted().reverse());
    const first = await readExecutions("?limit=2");
    expect(first.executions).toHaveLength(2);
    const rest = await readExecutions(`?limit=200&cursor=${first.next_cursor}`);
    expect(rest.next_cursor).toBeNull();
    expect([...first.executions, ...rest.executions]).toEqual(all);
  });

  it("are listed by symbol", async () => {
    await trade({ ...BUY, symbol: "SPY", quantity: "1" });
    await trade({ ...BUY, quantity: "1" });
    const { executions } = await readExecutions("?symbol=SPY&limit=200");
    expect(new Set(executions.map(({ symbol }) => symbol))).toEqual(new Set(["SPY"]));
    expect((await readExecutions("?symbol=TSLA")).executions).toEqual([]);
    const [first, ...rest] = executions;
    const page = await readExecutions(`?symbol=SPY&limit=200&cursor=${first?.id}`);
    expect(page.executions).toEqual(rest);
  });

  it.each(["?limit=0", "?limit=201", "?order_id=1", "?account=A", "?symbols=SPY", "?cursor=zzz"])(
    "%s is refused",
    async (query) => {
      expect((await call("GET", `/v1/executions${query}`)).status).toBe(422);
    },
  );
});
