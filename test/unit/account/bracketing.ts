// An account that trades brackets at a paper venue: its own follower and tables, the Alpaca adapter, and a clock of its own.
import { writeBrokerView } from "../../../src/account/positions/broker-view.ts";
import { flatten } from "../../../src/account/signals/flatten.ts";
import { type GoalRow, readDueGoals } from "../../../src/account/signals/goal-store.ts";
import { type GoalContext, carryOn, startGoal } from "../../../src/account/signals/goals.ts";
import { symbolsToPrice } from "../../../src/account/risk/learn.ts";
import { findByClientOrderId, listOrders } from "../../../src/account/orders/orders.ts";
import { positionIn } from "../../../src/account/positions/positions.ts";
import { alpacaBroker } from "../../../src/brokers/alpaca/adapter.ts";
import { handleVenueRequest } from "../../../src/brokers/paper/venue.ts";
import type { Broker, FindEnding, SubmitEnding } from "../../../src/domain/broker.ts";
import type { PositionInstruction } from "../../../src/domain/goal/goal.ts";
import { ClientOrderId } from "../../../src/domain/ids.ts";
import { type Order, isTerminal } from "../../../src/domain/order.ts";
import type { Instruction } from "../../../src/domain/signal/instruction.ts";
import { NOW_MS } from "../../support/builders.ts";
import { openVenue } from "../brokers/paper/venue-client.ts";
import { Simulation } from "./simulation.ts";
import { transactionSync } from "./sql-storage.ts";
import { BALANCES, aSignal, admitSignal, decidingWith, newId, pricedAt, read } from "./tables.ts";

const LATENCY_MS = 40;
const SETTINGS = { onOpposite: "exit", defaultSize: null } as const;
/** Ids that no order admitted from a signal has. */
let made = 5_000;
const BOTH = { take_profit: { limit_price: "200" }, stop_loss: { stop_price: "180" } };
const MARKET = { type: "market", limit_price: undefined, client_order_id: "entry" };

type Faults = {
  readonly maxFillQuantity?: string;
  /** What becomes of an answer on its way back. */
  readonly onSubmit?: (ending: SubmitEnding) => SubmitEnding;
  readonly onFind?: (ending: FindEnding) => FindEnding;
};

/** An account that trades at a paper venue of its own. AAPL is at 187.50. */
export function trade({ maxFillQuantity, onSubmit = same, onFind = same }: Faults = {}) {
  const simulation = new Simulation();
  const { sql } = simulation;
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
  const venue = { ...openVenue({ maxFillQuantity }).venue, nowMs: () => simulation.nowMs };
  const adapter = alpacaBroker({
    tradingUrl: "https://venue.test",
    dataUrl: "https://venue.test",
    deduplication: "permanent",
    limits: { capacity: 1_000_000, ratePerSec: 1_000 },
    credentials: () => Promise.resolve({ keyId: "test-key", secretKey: "test-secret" }),
    fetch: (request) => handleVenueRequest(request, venue),
    nowMs: () => simulation.nowMs,
    onQuota: () => undefined,
  });
  const over = <T>(ask: () => Promise<T>): Promise<T> => simulation.call(LATENCY_MS, ask).then((answer) => answer);
  const calls: string[] = [];
  const broker: Broker = {
    ...adapter,
    submit: (intent) => over(async () => onSubmit(await adapter.submit(intent))),
    find: (id) => {
      calls.push(`find ${id}`);
      return over(async () => onFind(await adapter.find(id)));
    },
    cancel: (id) => {
      calls.push("cancel");
      return over(() => adapter.cancel(id));
    },
    openOrders: () => over(adapter.openOrders),
    executions: (sinceMs) => over(() => adapter.executions(sinceMs)),
    holdings: () => over(adapter.holdings),
    balances: () => over(adapter.balances),
  };
  simulation.start(broker);
  const toVenue = (method: string, path: string, body?: object) =>
    handleVenueRequest(
      new Request(`https://venue.test${path}`, {
        method,
        headers: { "APCA-API-KEY-ID": "test-key", "APCA-API-SECRET-KEY": "test-secret" },
        body: body === undefined ? null : JSON.stringify(body),
      }),
      venue,
    );
  const submit = (order: object = {}) =>
    transactionSync(sql, () =>
      admitSignal(sql, aSignal({ requestId: crypto.randomUUID(), order: { ...MARKET, ...BOTH, ...order } }), {
        nowMs: simulation.nowMs,
      }),
    );
  /** As the account learns it: an exit waits for no price. */
  const context = (instruction: Instruction): GoalContext => ({
    ...decidingWith({
      nowMs: simulation.nowMs,
      referencePrices: symbolsToPrice(instruction).length === 0 ? new Map() : pricedAt("187", simulation.nowMs - 1_000),
    }),
    broker: { supports: adapter.supports },
    minimumOrigin: "url_token",
    random: 0.5,
    newId: () => newId((made += 1)),
  });
  /** Begins a goal, for a source that has proven so much. */
  const pursue = (instruction: PositionInstruction, sender: GoalRow["sender"] = null): string => {
    const id = newId((made += 1)).order;
    const names = { id, signal: `signal-of-${id}`, source: aSignal().source, requestId: "goal", sender };
    const wanted = { ...names, expiresAtMs: simulation.nowMs + 300_000, instruction, settings: SETTINGS };
    const started = transactionSync(sql, () => startGoal(sql, wanted, context(instruction)));
    if (!started.ok) throw new Error(started.error.code);
    return id;
  };
  /** Leaves every position, as a source's signal asks for it. */
  const leaveAll = (): void => {
    const { order: _, ...signal } = aSignal({ requestId: "leave" });
    const mandate = { ...signal, settings: SETTINGS };
    transactionSync(sql, () =>
      flatten(sql, { ...context({ action: "flatten" }), signal: mandate, id: newId((made += 1)).order }),
    );
  };
  /** Every position in AAPL that there has been, one after the other. */
  const positions: string[] = [];
  /** Lets so much time pass. */
  const wait = async (ms: number) => {
    const untilMs = simulation.nowMs + ms;
    simulation.at(untilMs, () => undefined);
    await simulation.run(
      () => simulation.nowMs >= untilMs,
      () => {
        positions.push(positionIn(sql, "AAPL"));
        transactionSync(sql, () =>
          readDueGoals(sql).forEach(({ id, goal }) => carryOn(sql, id, context(goal.instruction))),
        );
      },
    );
  };
  /** Moves the market, and waits until somebody has looked. */
  const moveTo = async (price: string, ms = 400_000) => {
    await toVenue("PUT", "/paper/prices/AAPL", { price });
    await wait(ms);
  };
  /** Units of AAPL that the venue itself holds. */
  const heldAtVenue = async (): Promise<string> => {
    const holdings = await adapter.holdings();
    if (holdings.ending !== "listed") throw new Error(holdings.ending);
    return holdings.items[0]?.quantity ?? "0";
  };
  return {
    simulation,
    sql,
    submit,
    pursue,
    leaveAll,
    wait,
    moveTo,
    toVenue,
    calls,
    positions,
    adapter,
    heldAtVenue,
  };
}

const same = <T>(ending: T): T => ending;

export const orderNamed = (sql: SqlStorage, name = "entry"): Order => {
  const row = findByClientOrderId(sql, ClientOrderId.parse(name));
  if (row === undefined) throw new Error(`no order ${name}`);
  return row.order;
};

export const legsOf = (sql: SqlStorage, name?: string): Order[] =>
  (orderNamed(sql, name).legs ?? []).map((id) => read(sql, { id }).order);

/** The order, its take profit and its stop loss, in this order, as far as they are known. */
export const statusesOf = (sql: SqlStorage, name?: string): string =>
  [orderNamed(sql, name), ...legsOf(sql, name)].map(({ status }) => status).join(" ");

export const isAtRest = (sql: SqlStorage): boolean =>
  listOrders(sql, { limit: 100 }).every((order) => isTerminal(order.status) && read(sql, order).dueAtMs === null);
