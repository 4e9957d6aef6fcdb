// The paper venue as a process, and Alpaca's own client talking to it over HTTP: what the client understands, a real
// account would have been understood by too.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { NotFoundError, OrdersApi, ValidationError, marketData, trading } from "@alpacahq/alpaca-trade-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PaperVenue, startPaperVenue } from "../../src/cli/paper-venue.ts";

const CLI = join(import.meta.dirname, "..", "..", "src", "cli", "paper-venue.ts");
const KEYS = ["--key-id", "test-key", "--secret-key", "test-secret"];

const runVenue = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "pipe", "pipe"] });

/** The URL in the first line that the process prints. */
async function urlOf(venue: ChildProcess): Promise<string> {
  if (venue.stdout === null) throw new Error("the venue's output is not read");
  for await (const line of createInterface({ input: venue.stdout })) return (JSON.parse(line) as { url: string }).url;
  throw new Error("the venue ended without a word");
}

describe("Alpaca's client", () => {
  let venue: ChildProcess;
  let url: string;

  beforeAll(async () => {
    venue = runVenue(...KEYS, "--port", "0", "--cash", "50000", "--price", "AAPL=187.50", "--price", "MSFT=412.25");
    url = await urlOf(venue);
  });

  afterAll(() => {
    venue.kill("SIGKILL");
  });

  /** `basePath` is the client's name for the host; it follows no redirect. */
  const options = () => ({ basePath: url, keyId: "test-key", secret: "test-secret", redirect: "manual" as const });
  const configuration = () => new trading.Configuration(options());
  const ordersApi = () => new OrdersApi(configuration());

  it("places a market order and finds it filled by its client order id", async () => {
    const placed = await ordersApi().market({ symbol: "AAPL", side: "buy", qty: "10", clientOrderId: "client-1" });
    expect(placed).toMatchObject({ clientOrderId: "client-1", status: "accepted", qty: "10", filledQty: "0" });

    const order = await ordersApi().getOrderByClientOrderId({ clientOrderId: "client-1" });
    expect(order).toMatchObject({ id: placed.id, status: "filled", filledQty: "10", filledAvgPrice: "187.5" });
    expect(order.filledAt).toBeInstanceOf(Date);
    expect(await ordersApi().getOrderByOrderID({ orderId: String(placed.id) })).toEqual(order);
  });

  it("places, lists and cancels a limit order", async () => {
    const placed = await ordersApi().limit({
      symbol: "MSFT",
      side: "buy",
      qty: 2,
      limitPrice: 400.25,
      clientOrderId: "client-2",
    });
    const listed = await ordersApi().getAllOrders({ status: "open", symbols: ["MSFT", "AAPL"] });
    expect(listed).toEqual([expect.objectContaining({ id: placed.id, status: "new", limitPrice: "400.25" })]);

    await ordersApi().deleteOrderByOrderID({ orderId: String(placed.id) });
    expect(await ordersApi().getOrderByOrderID({ orderId: String(placed.id) })).toMatchObject({ status: "canceled" });
    expect(await ordersApi().getAllOrders({ status: "open" })).toEqual([]);
  });

  it("cancels all orders at once", async () => {
    const first = await ordersApi().stop({ symbol: "MSFT", side: "buy", qty: 1, stopPrice: 500 });
    const second = await ordersApi().stopLimit({
      symbol: "AAPL",
      side: "buy",
      qty: 1,
      stopPrice: 200,
      limitPrice: 201,
    });
    expect(await ordersApi().deleteAllOrders()).toEqual([
      expect.objectContaining({ id: first.id, status: 200 }),
      expect.objectContaining({ id: second.id, status: 200 }),
    ]);
  });

  it("reads a duplicate client order id as a validation error with Alpaca's code", async () => {
    const again = ordersApi().market({ symbol: "AAPL", side: "buy", qty: "10", clientOrderId: "client-1" });
    await expect(again).rejects.toBeInstanceOf(ValidationError);
    await expect(again).rejects.toMatchObject({ status: 422, code: 40010001 });
  });

  it("reads an unknown client order id as not found", async () => {
    const search = ordersApi().getOrderByClientOrderId({ clientOrderId: "none" });
    await expect(search).rejects.toBeInstanceOf(NotFoundError);
    await expect(search).rejects.toMatchObject({ status: 404, code: 40410000 });
  });

  it("reads the account", async () => {
    expect(await new trading.AccountsApi(configuration()).getAccount()).toMatchObject({
      status: "ACTIVE",
      currency: "USD",
      cash: "48125",
      equity: "50000",
      tradingBlocked: false,
    });
  });

  it("reads positions", async () => {
    const positions = new trading.PositionsApi(configuration());
    expect(await positions.getAllOpenPositions()).toHaveLength(1);
    expect(await positions.getOpenPosition({ symbolOrAssetId: "AAPL" })).toMatchObject({
      symbol: "AAPL",
      side: "long",
      qty: "10",
      avgEntryPrice: "187.5",
    });
  });

  it("reads the trades", async () => {
    const activities = new trading.AccountActivitiesApi(configuration());
    const { raw } = await activities.getAccountActivitiesByActivityTypeRaw({ activityType: "FILL", pageSize: 1 });
    // The client takes every activity for one that is no trade, so the trades' own reader is named here.
    const [trade, ...more] = ((await raw.json()) as unknown[]).map(trading.TradingActivitiesFromJSON);
    expect(more).toEqual([]);
    expect(trade).toMatchObject({
      activityType: "FILL",
      type: "fill",
      orderStatus: "filled",
      symbol: "AAPL",
      side: "buy",
      qty: "10",
      price: "187.5",
      cumQty: "10",
      leavesQty: "0",
    });
    const order = await ordersApi().getOrderByOrderID({ orderId: String(trade?.orderId) });
    expect(order).toMatchObject({ clientOrderId: "client-1", filledAt: trade?.transactionTime });
    const next = { activityType: "FILL", pageToken: String(trade?.id), after: new Date(0) };
    expect(await activities.getAccountActivitiesByActivityType(next)).toEqual([]);
  });

  it("reads the clock", async () => {
    const clock = await new trading.ClockApi(configuration()).legacyClock();
    expect(clock.isOpen).toBe(true);
    expect(clock.nextClose.getTime()).toBeGreaterThan(clock.timestamp.getTime());
  });

  it("reads assets", async () => {
    const assets = new trading.AssetsApi(configuration());
    expect(await assets.getV2Assets({ status: "active" })).toHaveLength(2);
    expect(await assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "AAPL" })).toMatchObject({
      symbol: "AAPL",
      tradable: true,
      fractionable: true,
    });
  });

  it("reads the latest trades", async () => {
    const stocks = new marketData.StockApi(new marketData.Configuration(options()));
    const { trades } = await stocks.stockLatestTrades({ symbols: "AAPL,MSFT", feed: "iex" });
    expect(trades["AAPL"]).toMatchObject({ p: 187.5 });
    expect(await stocks.stockLatestTradeSingle({ symbol: "MSFT" })).toMatchObject({ symbol: "MSFT" });
  });

  it("is turned away with a wrong key", async () => {
    const stranger = new OrdersApi(new trading.Configuration({ ...options(), secret: "guess" }));
    await expect(stranger.getAllOrders()).rejects.toMatchObject({ status: 401, code: 40110000 });
  });
});

describe("Alpaca's client at a venue that fills step by step", () => {
  let venue: ChildProcess;
  let orders: OrdersApi;

  beforeAll(async () => {
    venue = runVenue(...KEYS, "--max-fill", "4", "--price", "AAPL=187.50", "--deduplication", "open_orders");
    const basePath = await urlOf(venue);
    orders = new OrdersApi(new trading.Configuration({ basePath, keyId: "test-key", secret: "test-secret" }));
  });

  afterAll(() => {
    venue.kill("SIGKILL");
  });

  it("sees an order filled in part, and then whole", async () => {
    const { id } = await orders.limit({ symbol: "AAPL", side: "buy", qty: "10", limitPrice: "190" });
    const orderId = String(id);
    const inPart = { status: "partially_filled", filledQty: "8", filledAvgPrice: "187.5" };
    expect(await orders.getOrderByOrderID({ orderId })).toMatchObject(inPart);
    expect(await orders.getOrderByOrderID({ orderId })).toMatchObject({ status: "filled", filledQty: "10" });
  });

  it("keeps the part of an order that was filled before it was canceled", async () => {
    const { id } = await orders.limit({ symbol: "AAPL", side: "buy", qty: "10", limitPrice: "190" });
    await orders.deleteOrderByOrderID({ orderId: String(id) });
    const canceled = { status: "canceled", qty: "10", filledQty: "8", filledAvgPrice: "187.5" };
    expect(await orders.getOrderByOrderID({ orderId: String(id) })).toMatchObject(canceled);
  });

  it("reads that a cancel comes too late when the last of the order is filled first", async () => {
    const { id } = await orders.limit({ symbol: "AAPL", side: "buy", qty: "8", limitPrice: "190" });
    const cancel = orders.deleteOrderByOrderID({ orderId: String(id) });
    await expect(cancel).rejects.toMatchObject({ status: 422 });
    expect(await orders.getOrderByOrderID({ orderId: String(id) })).toMatchObject({ status: "filled" });
  });

  it("may use a client order id again once its order is filled", async () => {
    const again = { symbol: "AAPL", side: "buy" as const, qty: "1", clientOrderId: "client-1" };
    const first = await orders.market(again);
    const second = await orders.market(again);
    expect(second.id).not.toBe(first.id);
    expect(await orders.getOrderByClientOrderId({ clientOrderId: "client-1" })).toMatchObject({ id: second.id });
  });
});

describe("the command", () => {
  it("ends in peace when it is told to", async () => {
    const venue = runVenue(...KEYS);
    await urlOf(venue);
    const ended = once(venue, "exit");
    venue.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    ["without a key", []],
    ["with a price that names no symbol", [...KEYS, "--price", "187.50"]],
    ["with a price that is no decimal", [...KEYS, "--price", "AAPL=much"]],
    ["with a rule for client order ids that it does not have", [...KEYS, "--deduplication", "sometimes"]],
    ["with steps of nothing", [...KEYS, "--max-fill", "0"]],
    ["with an option that it does not have", [...KEYS, "--leverage", "2"]],
  ])("explains itself and exits with 2 %s", async (_, args) => {
    const venue = runVenue(...args);
    let complaint = "";
    venue.stderr?.on("data", (text: Buffer) => (complaint += String(text)));
    expect(await once(venue, "close")).toEqual([2, null]);
    expect(complaint).toContain("usage:");
  });
});

describe("startPaperVenue", () => {
  const credentials = { keyId: "test-key", secretKey: "test-secret" };
  const headers = { "APCA-API-KEY-ID": "test-key", "APCA-API-SECRET-KEY": "test-secret" };

  const withVenue = async (use: (venue: PaperVenue) => Promise<void>): Promise<void> => {
    const venue = await startPaperVenue({ credentials, prices: { AAPL: "187.50" } });
    try {
      await use(venue);
    } finally {
      await venue.close();
    }
  };

  it("hosts a venue in this process until it is closed", async () => {
    let url = "";
    await withVenue(async (venue) => {
      url = venue.url;
      const moved = await fetch(`${url}/paper/prices/AAPL`, { method: "PUT", headers, body: '{"price":"190.10"}' });
      expect(await moved.json()).toEqual({ symbol: "AAPL", price: "190.1" });
    });
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  it("refuses a body of any size with an answer", async () => {
    await withVenue(async ({ url }) => {
      const answer = await fetch(`${url}/v2/orders`, { method: "POST", headers, body: "x".repeat(1_000_000) });
      expect(answer.status).toBe(413);
    });
  });
});
