import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Goal,
  type GoalFacts,
  type GoalMove,
  type GoalSettings,
  type PositionInstruction,
  endGoal,
  openGoal,
  orderGoal,
  closingSide,
  openingSide,
  sideHeld,
  supersedeGoal,
} from "../../../src/domain/goal/goal.ts";
import { planGoal } from "../../../src/domain/goal/plan.ts";
import { OrderId } from "../../../src/domain/ids.ts";
import { type OrderEvent, advance } from "../../../src/domain/lifecycle.ts";
import { absolute, add, compare, decimalOf, subtract } from "../../../src/domain/money.ts";
import { type Order, type Side, isLive, signOf } from "../../../src/domain/order.ts";
import { assert } from "../../../src/domain/result.ts";
import type { Size } from "../../../src/domain/signal/instruction.ts";
import { NOW_MS, anOrder, aReport, anInstrument } from "../../support/builders.ts";

const AT = new Date(NOW_MS).toISOString();
const decimal = decimalOf;
const size = (by: Size["by"], value: string): Size => ({ by, value: decimal(value) });
const units = (value: string): Size => size("quantity", value);

const AAPL = anInstrument({ fractionable: false, lot_size: "1", price_increment: null });

const idOf = (count: number): OrderId =>
  OrderId.parse(`paper_019bc224-4100-7abc-8def-${count.toString(16).padStart(12, "0")}`);

/** A market order that the broker has. */
const aLiveOrder = (count: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  anOrder({
    id: idOf(count),
    type: "market",
    limit_price: undefined,
    status: "new",
    delivery: "delivered",
    venue_order_id: `venue-${count}`,
    ...overrides,
  });

/** The same, resting at a price. */
const aRestingOrder = (count: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  aLiveOrder(count, { type: "limit", limit_price: "150", ...overrides });

const SETTINGS: GoalSettings = { onOpposite: "reverse", defaultSize: null };
const MARKET = { symbol: "AAPL", type: "market" } as const;
const EXIT: PositionInstruction = { ...MARKET, action: "exit" };
const REVERSE_SHORT: PositionInstruction = { ...MARKET, action: "reverse", side: "sell", size: units("50") };
const REVERSE_LONG: PositionInstruction = { ...MARKET, action: "reverse", side: "buy", size: units("30") };
const ENTER_LONG: PositionInstruction = { ...MARKET, action: "enter", side: "buy", size: units("10") };
const ADD: PositionInstruction = { ...MARKET, action: "add", size: units("10") };

const at2Percent = { type: "limit", limit_price: { distance: decimal("2"), unit: "percent" } } as const;

const target = (position: string, more: Partial<Extract<PositionInstruction, { action: "target" }>> = {}) =>
  ({ ...MARKET, action: "target", position: decimal(position), ...more }) as const;

function aGoal(instruction: PositionInstruction, settings: Partial<GoalSettings> = {}, open?: Goal): Goal {
  const goal = openGoal(instruction, { ...SETTINGS, ...settings }, open);
  assert(goal.ok, "the goal can be opened");
  return goal.value;
}

type Spelled = Partial<Omit<GoalFacts, "position">> & { position?: string };

const someFacts = ({ position = "100", ...overrides }: Spelled = {}): GoalFacts => ({
  price: decimal("187.5"),
  goesByPrice: true,
  positionKnown: true,
  live: [],
  legsUntold: false,
  ordered: undefined,
  ofGoals: new Set(),
  atMarket: new Set(),
  newer: new Set(),
  justSent: new Set(),
  equity: decimal("100000"),
  buyingPower: decimal("200000"),
  instrument: AAPL,
  isLapsed: false,
  ...overrides,
  position: decimal(position),
});

const plan = (instruction: PositionInstruction, facts: Spelled = {}, settings: Partial<GoalSettings> = {}): GoalMove =>
  planGoal(aGoal(instruction, settings), someFacts(facts));

const WAIT = { move: "wait" };
const anEnd = (code: string) => ({ move: "end", code });
const cancels = (...counts: number[]): unknown => expect.objectContaining({ move: "cancel", orders: counts.map(idOf) });
const anExit = (side: Side, quantity: string) => ({
  move: "order",
  stage: "reducing",
  order: { side, quantity, reduce_only: true, type: "market" },
});
const anEntry = (side: Side, quantity: string) => ({
  move: "order",
  stage: "entering",
  order: { side, quantity, reduce_only: false },
});

describe("an exit", () => {
  it("sells all that is held at the market, whatever else is unknown", () => {
    const nothingKnown = { instrument: undefined, price: undefined, equity: undefined, buyingPower: undefined };
    expect(plan(EXIT, { position: "100.5", ...nothingKnown, isLapsed: true })).toEqual({
      move: "order",
      stage: "reducing",
      order: {
        side: "sell",
        quantity: "100.5",
        reduce_only: true,
        type: "market",
        time_in_force: "day",
        extended_hours: false,
      },
      arithmetic: "all 100.5 held",
    });
  });

  it("buys back what is short", () => {
    expect(plan(EXIT, { position: "-7" })).toMatchObject(anExit("buy", "7"));
  });

  it.each<[Size, string, string]>([
    [size("percent_of_position", "50"), "33", "50 % of 67.5 held = 33.75; down to 33 (lot 1)"],
    [size("percent_of_position", "100"), "67.5", "all 67.5 held"],
    [units("20"), "20", "20"],
    [units("67.5"), "67.5", "67.5 asked for, all 67.5 held"],
    [units("500"), "67.5", "500 asked for, all 67.5 held"],
    [size("notional", "1000"), "5", "notional 1000; 1000 / 187.5 = 5.333…; down to 5 (lot 1)"],
    [size("notional", "18750"), "67.5", "notional 18750; 18750 / 187.5 = 100; all 67.5 held"],
  ])("of %o takes %s off 67.5", (part, quantity, arithmetic) => {
    expect(plan({ ...EXIT, size: part }, { position: "67.5" })).toMatchObject({
      ...anExit("sell", quantity),
      arithmetic,
    });
  });

  it.each<[Size, Spelled, string]>([
    [size("percent_of_position", "101"), {}, "percent_over_100"],
    [size("percent_of_position", "0.5"), {}, "below_minimum"],
    [size("notional", "1000"), { price: undefined, goesByPrice: false }, "price_unknown"],
    [size("risk_amount", "1000"), {}, "no_stop_loss"],
  ])("of %o with %o cannot be worked out: %s", (part, facts, code) => {
    expect(plan({ ...EXIT, size: part }, facts)).toMatchObject(anEnd(code));
  });

  it.each<[string, "long" | "short" | undefined]>([
    ["0", undefined],
    ["0", "long"],
    ["100", "short"],
    ["-100", "long"],
  ])("has nothing to do with %s held when it is one out of %s", (position, side) => {
    expect(plan({ ...EXIT, position: side }, { position })).toMatchObject(anEnd("nothing_to_do"));
  });

  it("clears what would sell as well, and what other goals placed, and leaves what somebody else has resting", () => {
    const live = [
      aRestingOrder(1, { side: "sell" }),
      aRestingOrder(2, { side: "buy" }),
      aRestingOrder(3, { side: "buy" }),
      aLiveOrder(4, { side: "buy" }),
    ];
    expect(plan(EXIT, { live, ofGoals: new Set([idOf(2)]) })).toEqual(cancels(1, 2, 4));
  });

  it("never waits for an order that a person has to approve first, and clears it away", () => {
    const held = { delivery: "held", status: "pending_new", venue_order_id: null };
    expect(plan(EXIT, { live: [aLiveOrder(1, { side: "sell", ...held })] })).toEqual(cancels(1));
    expect(plan(EXIT, { position: "0", live: [aLiveOrder(1, { side: "buy", ...held })] })).toEqual(cancels(1));
    const outOfShort: PositionInstruction = { ...EXIT, position: "short" };
    expect(plan(outOfShort, { live: [aLiveOrder(1, { side: "sell", ...held })] })).toEqual(cancels(1));
    expect(plan(ENTER_LONG, { position: "0", live: [aLiveOrder(1, { side: "buy", ...held })] })).toEqual(cancels(1));
  });

  it("asks for a cancel once, and waits for the end of the order", () => {
    const asked = aRestingOrder(1, { side: "sell", cancel_requested_at: AT });
    expect(plan(EXIT, { live: [asked, aRestingOrder(2, { side: "sell" })] })).toEqual(cancels(2));
    expect(plan(EXIT, { live: [asked] })).toEqual(WAIT);
    expect(plan(EXIT, { live: [] })).toMatchObject(anExit("sell", "100"));
  });

  it.each(["unknown", "needs_operator"])("waits for an order whose outcome is %s", (delivery) => {
    const lost = aRestingOrder(1, { side: "sell", delivery, outcome: "unknown", cancel_requested_at: AT });
    expect(plan(EXIT, { live: [lost] })).toEqual(WAIT);
  });

  it("lets one at the market finish that is under way already", () => {
    const underWay = aLiveOrder(1, { side: "sell", quantity: "100" });
    expect(plan(EXIT, { live: [underWay], ofGoals: new Set([idOf(1)]) })).toEqual(WAIT);
    expect(plan(EXIT, { live: [underWay, aRestingOrder(2, { side: "sell" })] })).toEqual(cancels(2));
  });

  it.each<[string, Parameters<typeof anOrder>[0], PositionInstruction]>([
    ["more would be sold than is held", { quantity: "101" }, EXIT],
    ["it is by an amount of money", { quantity: undefined, notional: "100" }, EXIT],
    ["it waits for an auction", { time_in_force: "cls" }, EXIT],
    ["it is to be at a price now", {}, { ...EXIT, type: "limit", limit_price: { at: decimal("190") } }],
  ])("takes the place of one at the market when %s", (_reason, overrides, instruction) => {
    const live = [aLiveOrder(1, { side: "sell", quantity: "100", ...overrides })];
    expect(plan(instruction, { live })).toEqual(cancels(1));
  });

  it("keeps from happening what it is to be out of, while nothing is held yet", () => {
    const live = [
      aLiveOrder(1, { side: "buy" }),
      aLiveOrder(2, { side: "sell" }),
      aRestingOrder(3, { side: "buy" }),
      aRestingOrder(4, { side: "buy" }),
    ];
    const facts = { position: "0", live, ofGoals: new Set([idOf(3)]) };
    expect(plan({ ...EXIT, position: "long" }, facts)).toEqual(cancels(1, 3));
    expect(plan({ ...EXIT, position: "short" }, facts)).toEqual(cancels(2));
    expect(plan(EXIT, facts)).toEqual(cancels(1, 2, 3));
  });

  it("waits for what may come to be on its side, and touches no stop of the other side", () => {
    const stop = aRestingOrder(1, { side: "sell", type: "stop", limit_price: undefined, stop_price: "150" });
    const ofGoals = new Set([idOf(1)]);
    const exitShort = { ...EXIT, position: "short" } as const;
    expect(plan(exitShort, { live: [stop], ofGoals })).toMatchObject(anEnd("nothing_to_do"));
    expect(plan(exitShort, { live: [stop, aLiveOrder(2, { side: "sell" })], ofGoals })).toEqual(WAIT);
  });

  it("goes at its limit, and with its stop as a stop loss", () => {
    const limit = { ...EXIT, type: "limit", limit_price: { distance: decimal("1.003"), unit: "amount" } } as const;
    expect(plan(limit)).toMatchObject({ order: { type: "limit", limit_price: "188.51" } });
    const stop = { ...EXIT, type: "stop", stop_price: { distance: decimal("1.003"), unit: "amount" } } as const;
    expect(plan(stop)).toMatchObject({ order: { type: "stop", stop_price: "186.5" } });
    expect(plan(stop, { position: "-1" })).toMatchObject({ order: { side: "buy", stop_price: "188.5" } });
    expect(plan(limit, { price: undefined, goesByPrice: false })).toMatchObject(anEnd("price_unknown"));
  });

  it("waits for a price that nobody says for the moment, and clears nothing away before", () => {
    const stop = { ...EXIT, type: "stop", stop_price: { distance: decimal("2"), unit: "percent" } } as const;
    const live = [aRestingOrder(1, { side: "sell", type: "stop", stop_price: "170" })];
    for (const instruction of [stop, { ...EXIT, size: size("notional", "1000") }, { ...target("0"), ...at2Percent }]) {
      expect(plan(instruction, { price: undefined, live })).toEqual({ move: "wait", isForAWhile: true });
      expect(plan(instruction, { price: undefined, position: "0" })).not.toMatchObject({ move: "wait" });
    }
  });

  it("that cannot be worked out clears nothing away, whatever was sent a moment ago to close the position", () => {
    const protection = aRestingOrder(1, { side: "sell", type: "stop", stop_price: "170" });
    const sale = aRestingOrder(2, { side: "sell" });
    const part = {
      ...EXIT,
      type: "stop",
      stop_price: { at: decimal("175") },
      size: size("percent_of_position", "0.5"),
    } as const;
    const facts = { live: [protection, sale], justSent: new Set([sale.id]) };
    expect(plan(part, facts)).toMatchObject(anEnd("below_minimum"));
    const purchase = aRestingOrder(3, { side: "buy" });
    const waiting = { live: [protection, purchase], justSent: new Set([purchase.id]) };
    expect(plan(part, waiting)).toEqual({ move: "wait", isForAWhile: true });
  });

  it("that rests waits for what is on its way to the position, and calls nothing back that opens more", () => {
    const stop = { ...EXIT, type: "stop", stop_price: { at: decimal("170") } } as const;
    const [bid, moving] = [aRestingOrder(1, { side: "buy" }), aLiveOrder(2, { side: "buy" })];
    const facts = { live: [bid, moving], ofGoals: new Set([bid.id, moving.id]) };
    for (const position of ["100", "0"]) expect(plan(stop, { ...facts, position })).toEqual({ move: "wait" });
    const order = { side: "sell", quantity: "100", type: "stop" };
    expect(plan(stop, { ...facts, live: [bid] })).toMatchObject({ move: "order", order });
    expect(plan(stop, { ...facts, live: [bid], position: "0" })).toMatchObject(anEnd("nothing_to_do"));
    // A limit is a wish to leave: an older goal's entry is taken back for it.
    const limit = { ...EXIT, type: "limit", limit_price: { at: decimal("220") } } as const;
    expect(plan(limit, { ...facts, live: [bid] })).toMatchObject({ move: "cancel", orders: [bid.id] });
    expect(plan(limit, { ...facts, live: [bid], ofGoals: new Set() })).toMatchObject({ move: "order" });
    const older = aRestingOrder(3, { side: "sell", type: "stop", stop_price: "160" });
    expect(plan(stop, { ...facts, live: [bid, older] })).toMatchObject({ move: "cancel", orders: [older.id] });
  });

  it("names its price as it was named where nobody knows the tick", () => {
    const exit = { ...EXIT, type: "limit", limit_price: { at: decimal("187.123456") } } as const;
    expect(plan(exit, { instrument: undefined })).toMatchObject({ order: { limit_price: "187.123456" } });
    expect(plan(exit)).toMatchObject({ order: { limit_price: "187.13" } });
  });

  it("of a pair is good till canceled, as crypto has no day", () => {
    const exit = { ...EXIT, symbol: "BTC/USD" };
    expect(plan(exit, { instrument: undefined })).toMatchObject({ order: { time_in_force: "gtc" } });
    const pair = { ...AAPL, symbol: "BTC/USD", asset_class: "crypto" } as const;
    expect(plan(exit, { instrument: pair })).toMatchObject({ order: { time_in_force: "gtc" } });
  });

  it("waits until somebody knows what is held", () => {
    expect(plan(EXIT, { position: "0", positionKnown: false })).toEqual(WAIT);
  });
});

describe("an entry", () => {
  it("opens a position from flat, with its terms and its bracket", () => {
    const instruction: PositionInstruction = {
      ...ENTER_LONG,
      type: "limit",
      limit_price: { distance: decimal("1"), unit: "percent" },
      time_in_force: "gtc",
      extended_hours: true,
      size: size("risk_percent", "1"),
      take_profit: { limit_price: { distance: decimal("10"), unit: "amount" } },
      stop_loss: {
        stop_price: { distance: decimal("5"), unit: "amount" },
        limit_price: { distance: decimal("6"), unit: "amount" },
      },
    };
    // 187.5 less 1 % is 185.625; the bracket counts from the limit, and so does what may be lost.
    expect(plan(instruction, { position: "0" })).toEqual({
      move: "order",
      stage: "entering",
      order: {
        side: "buy",
        quantity: "200",
        reduce_only: false,
        type: "limit",
        limit_price: "185.62",
        time_in_force: "gtc",
        extended_hours: true,
        take_profit: { limit_price: "195.62" },
        stop_loss: { stop_price: "180.62", limit_price: "179.62" },
      },
      arithmetic: "1 % of equity 100000 = 1000; |185.62 - 180.62| = 5; 1000 / 5 = 200",
    });
  });

  it("counts from the market where its limit is beyond it", () => {
    const instruction: PositionInstruction = {
      ...ENTER_LONG,
      type: "limit",
      limit_price: { at: decimal("200") },
      size: size("notional", "1875"),
      stop_loss: { stop_price: { distance: decimal("2"), unit: "percent" } },
    };
    expect(plan(instruction, { position: "0" })).toMatchObject({
      order: { quantity: "10", limit_price: "200", stop_loss: { stop_price: "183.75" } },
    });
  });

  it("clears every live order in the symbol first", () => {
    const live = [aRestingOrder(1, { side: "sell" }), aRestingOrder(2, { side: "buy", delivery: "waiting" })];
    expect(plan(ENTER_LONG, { position: "0", live })).toEqual(cancels(1, 2));
  });

  it("lets another one at the market finish, and so is there", () => {
    const live = [aLiveOrder(1, { side: "buy" }), aLiveOrder(2, { side: "sell" }), aRestingOrder(3)];
    expect(plan(ENTER_LONG, { position: "0", live })).toEqual(cancels(2, 3));
    expect(plan(ENTER_LONG, { position: "0", live: live.slice(0, 1) })).toEqual(WAIT);
  });

  it("leaves a position on its side as it is, and the stop that protects it", () => {
    const stop = aRestingOrder(1, { side: "sell" });
    const facts = { live: [stop], ofGoals: new Set([idOf(1)]) };
    expect(plan(ENTER_LONG, facts)).toMatchObject(anEnd("already_there"));
    // What is about to be sold at the market is not there any more.
    expect(plan(ENTER_LONG, { live: [stop, aLiveOrder(2, { side: "sell" })] })).toEqual(cancels(2));
  });

  it("gets out of the other side first, whatever its own price", () => {
    const instruction = { ...ENTER_LONG, type: "limit", limit_price: { at: decimal("150") } } as const;
    expect(plan(instruction, { position: "-100", price: undefined })).toMatchObject(anExit("buy", "100"));
    const outside = { ...instruction, extended_hours: true };
    expect(plan(outside, { position: "-100" })).toMatchObject({
      order: { quantity: "100", reduce_only: true, type: "limit", limit_price: "150", extended_hours: true },
    });
  });

  describe("that reduces what is held on the other side", () => {
    const BUY_10 = { ...ENTER_LONG, opposite: "reduce" } as const;
    const aPart = (quantity: string, more: object = {}) => ({
      ...anExit("buy", quantity),
      stage: "trimming",
      order: { side: "buy", quantity, reduce_only: true, ...more },
    });

    it.each<[string, GoalSettings["onOpposite"]]>([
      ["-100", "exit"],
      ["-100", "reverse"],
      ["-10.5", "reverse"],
    ])("takes its size off %s, and that is all, also where the source says %s", (position, onOpposite) => {
      const move = plan(BUY_10, { position }, { onOpposite });
      expect(move).toMatchObject(aPart("10"));
      const goal = orderGoal(aGoal(BUY_10, { onOpposite }), "trimming", idOf(1));
      for (const overrides of [{ status: "new" }, { status: "filled", filled_quantity: "10" }] as const) {
        const ordered = aLiveOrder(1, { side: "buy", quantity: "10", ...overrides });
        expect(planGoal(goal, someFacts({ position: "-90", ordered }))).toMatchObject(anEnd("ordered"));
      }
    });

    it.each(["-10", "-3"])("gets out of %s as a whole, and then goes by what the source says", (position) => {
      const all = position.slice(1);
      expect(plan(BUY_10, { position })).toMatchObject(anExit("buy", all));
      const ordered = aLiveOrder(1, { side: "buy", quantity: all, status: "filled", filled_quantity: all });
      const after = (onOpposite: GoalSettings["onOpposite"]) =>
        planGoal(orderGoal(aGoal(BUY_10, { onOpposite }), "reducing", idOf(1)), someFacts({ position: "0", ordered }));
      expect(after("exit")).toMatchObject(anEnd("closed_opposite"));
      expect(after("reverse")).toMatchObject(anEntry("buy", "10"));
    });

    it("is placed as it says, and needs no leave to open anything", () => {
      const limit = { ...BUY_10, type: "limit", limit_price: { at: decimal("150") } } as const;
      const facts = { position: "-100", price: undefined, instrument: undefined, isLapsed: true };
      expect(plan(limit, facts)).toMatchObject(aPart("10", { type: "limit", limit_price: "150" }));
    });

    it("works a size in money out at the price, and is refused where nobody knows one", () => {
      const worth = { ...BUY_10, size: size("notional", "1875") };
      expect(plan(worth, { position: "-100" })).toMatchObject(aPart("10"));
      expect(plan(worth, { position: "-100", price: undefined })).toMatchObject(anEnd("price_unknown"));
    });

    it("is an entry like any other where nothing is held there", () => {
      expect(plan(BUY_10, { position: "0" })).toMatchObject(anEntry("buy", "10"));
      expect(plan(BUY_10, { position: "5" })).toMatchObject(anEnd("already_there"));
    });

    it("is not to be added to while it is on its way, and leaves an exit nothing to get out of", () => {
      const open = orderGoal(aGoal(BUY_10), "trimming", idOf(1));
      expect(openGoal(ADD, SETTINGS, open)).toMatchObject({ ok: false, error: { code: "position_changing" } });
      const exitLong = { ...EXIT, position: "long" } as const;
      expect(planGoal(aGoal(exitLong, {}, open), someFacts({ position: "-90" }))).toMatchObject(anEnd("nothing_to_do"));
      // Whether all of it was to go, nobody had worked out yet.
      expect(planGoal(aGoal(exitLong, {}, aGoal(BUY_10)), someFacts({ position: "-90" }))).toMatchObject(
        anExit("buy", "90"),
      );
    });
  });

  it("takes the source's size when it has none", () => {
    const instruction = { ...ENTER_LONG, size: undefined };
    const defaultSize = size("percent_of_equity", "5");
    expect(plan(instruction, { position: "0" }, { defaultSize })).toMatchObject(anEntry("buy", "26"));
    expect(plan(instruction, { position: "0" })).toMatchObject(anEnd("no_size"));
  });

  const leg = (price: string) => ({ at: decimal(price) });
  it.each<[string, object, Spelled, string]>([
    ["no instrument", {}, { instrument: undefined }, "instrument_unknown"],
    ["no price", { size: size("notional", "1000") }, { price: undefined }, "price_unknown"],
    ["no equity", { size: size("percent_of_equity", "5") }, { equity: undefined }, "equity_unknown"],
    ["no tick", { type: "limit", limit_price: leg("150") }, { instrument: undefined }, "tick_unknown"],
    ["no limit price", { type: "limit" }, {}, "limit_price_missing"],
    ["no stop price", { type: "stop_limit", limit_price: leg("150") }, {}, "stop_price_missing"],
    [
      "a limit at a distance behind a stop",
      { type: "stop_limit", stop_price: leg("190"), limit_price: { distance: decimal("1"), unit: "amount" } },
      {},
      "limit_price_ambiguous",
    ],
    ["a profit that is none", { take_profit: { limit_price: leg("187.5") } }, {}, "take_profit_on_wrong_side"],
    ["a loss that is none", { stop_loss: { stop_price: leg("188") } }, {}, "stop_loss_on_wrong_side"],
    ["a signal that is too old", {}, { isLapsed: true }, "approval_lapsed"],
    ["leave to reduce only", { reduce_only: true }, {}, "reduce_only"],
  ])("is refused with %s", (_case, overrides, facts, code) => {
    const instruction = { ...ENTER_LONG, ...overrides } as PositionInstruction;
    expect(plan(instruction, { position: "0", ...facts })).toMatchObject(anEnd(code));
  });
});

describe("adding", () => {
  it("makes more of what is held, and clears nothing", () => {
    const live = [aLiveOrder(1, { side: "sell" })];
    expect(plan(ADD, { live })).toMatchObject(anEntry("buy", "10"));
    expect(plan(ADD, { position: "-5" })).toMatchObject(anEntry("sell", "10"));
    expect(plan({ ...ADD, size: size("percent_of_position", "25") })).toMatchObject(anEntry("buy", "25"));
  });

  it("needs a position, and one on its side", () => {
    expect(plan(ADD, { position: "0" })).toMatchObject(anEnd("no_position"));
    expect(plan({ ...ADD, side: "sell" })).toMatchObject(anEnd("no_position"));
    expect(plan({ ...ADD, side: "buy" })).toMatchObject(anEntry("buy", "10"));
  });

  it("is refused while an open goal changes what is held, which goes on", () => {
    const reverse = aGoal(REVERSE_SHORT);
    const refused = { ok: false, error: { code: "position_changing" } };
    expect(openGoal(ADD, SETTINGS, reverse)).toMatchObject(refused);
    expect(openGoal(ADD, SETTINGS, orderGoal(reverse, "reducing", idOf(1)))).toMatchObject(refused);
    expect(openGoal(ADD, SETTINGS, orderGoal(reverse, "entering", idOf(1)))).toMatchObject({ ok: true });
    expect(openGoal(ADD, SETTINGS, supersedeGoal(reverse))).toMatchObject({ ok: true });
  });
});

describe("reversing", () => {
  it("gets out of all that is held first, and asks for no price to do it", () => {
    expect(plan(REVERSE_SHORT, { price: undefined, instrument: undefined, isLapsed: true })).toMatchObject(
      anExit("sell", "100"),
    );
  });

  it("enters when there is nothing to get out of", () => {
    expect(plan(REVERSE_SHORT, { position: "0" })).toMatchObject(anEntry("sell", "50"));
  });

  it.each([
    ["-50", anEnd("already_there")],
    ["-10", anEntry("sell", "40")],
    ["-80", anExit("buy", "30")],
  ])("goes from %s to -50 without a way round over zero", (position, expected) => {
    expect(plan(REVERSE_SHORT, { position })).toMatchObject(expected);
  });

  it("has no part of a position to go by, as it is out of that by then", () => {
    const instruction = { ...REVERSE_SHORT, size: size("percent_of_position", "50") };
    expect(plan(instruction, { position: "0" })).toMatchObject(anEnd("no_position"));
    expect(plan(instruction, { position: "-10" })).toMatchObject(anEnd("no_position"));
  });

  it("says how both numbers came about", () => {
    const instruction = { ...REVERSE_SHORT, size: size("notional", "10000") };
    expect(plan(instruction, { position: "-10" })).toMatchObject({
      order: { quantity: "43" },
      arithmetic: "notional 10000; 10000 / 187.5 = 53.333…; down to 53 (lot 1); -53 wanted, -10 held; 43",
    });
  });

  it.each([
    ["100", { side: "sell", quantity: "100" }, WAIT],
    ["100", { side: "sell", quantity: "101" }, cancels(1)],
    ["100", { side: "buy", quantity: "1" }, cancels(1)],
    ["0", { side: "sell", quantity: "50" }, WAIT],
    ["-5", { side: "sell", quantity: "50", filled_quantity: "5" }, WAIT],
    ["-6", { side: "sell", quantity: "45" }, cancels(1)],
    ["-80", { side: "buy", quantity: "30" }, cancels(1)],
  ])(
    "from %s lets an order at the market finish that leads the same way, and no further: %o",
    (position, order, move) => {
      expect(plan(REVERSE_SHORT, { position, live: [aLiveOrder(1, order)] })).toEqual(move);
    },
  );

  it("does not guess where an order at the market leads when it cannot tell how much is wanted", () => {
    const instruction = { ...REVERSE_SHORT, size: size("notional", "10000") };
    const live = [aLiveOrder(1, { side: "sell", quantity: "1" })];
    expect(plan(instruction, { position: "0", live })).toEqual(cancels(1));
  });
});

describe("a target", () => {
  it.each([
    ["0", "50", anEntry("buy", "50")],
    ["0", "-50", anEntry("sell", "50")],
    ["20", "50", anEntry("buy", "30")],
    ["80", "50", anExit("sell", "30")],
    ["-80", "-50", anExit("buy", "30")],
    ["80", "0", anExit("sell", "80")],
    ["80.5", "0", anExit("sell", "80.5")],
    ["80", "-50", anExit("sell", "80")],
    ["-80", "50", anExit("buy", "80")],
    ["50", "50", anEnd("already_there")],
    ["0", "0", anEnd("already_there")],
    ["50", "50.5", anEnd("below_minimum")],
  ])("from %s to %s is one order at most, and never over zero", (position, end, expected) => {
    expect(plan(target(end), { position })).toMatchObject(expected);
  });

  it("lets an order at the market finish that leads there", () => {
    const live = [aLiveOrder(1, { side: "buy", quantity: "30" })];
    expect(plan(target("50"), { position: "20", live })).toEqual(WAIT);
    expect(plan(target("49"), { position: "20", live })).toEqual(cancels(1));
    expect(plan(target("0"), { position: "-30", live })).toEqual(WAIT);
    expect(plan(target("0"), { position: "0", live })).toEqual(cancels(1));
  });

  it("clears every live order even when it is there: what they trade would lead away again", () => {
    expect(plan(target("50"), { position: "50", live: [aRestingOrder(1)] })).toEqual(cancels(1));
  });

  it("that is there already orders what it says for that case, once", () => {
    const ifThere = { side: "buy", quantity: decimal("10") } as const;
    expect(plan(target("0", { ifThere }), { position: "0" })).toMatchObject(anEntry("buy", "10"));
    expect(plan(target("0", { ifThere }), { position: "5" })).toMatchObject(anExit("sell", "5"));
    expect(plan(target("5", { ifThere }), { position: "5" })).toMatchObject(anEntry("buy", "10"));
    expect(plan(target("-5", { ifThere }), { position: "-5" })).toMatchObject(anExit("buy", "5"));
    const filled = aLiveOrder(1, { side: "sell", status: "filled", filled_quantity: "10" });
    const reached = orderGoal(aGoal(target("0", { ifThere })), "reducing", idOf(1));
    expect(planGoal(reached, someFacts({ position: "0", ordered: filled }))).toMatchObject(anEnd("ordered"));
    // Somebody else's order has led there meanwhile.
    const crossing = orderGoal(aGoal(target("-50", { ifThere })), "reducing", idOf(1));
    expect(planGoal(crossing, someFacts({ position: "-50", ordered: filled }))).toMatchObject(anEnd("already_there"));
  });
});

describe("once its order is on its way, a goal", () => {
  const ENTERING = orderGoal(aGoal(ENTER_LONG), "entering", idOf(1));
  const EXITING = orderGoal(aGoal(EXIT), "reducing", idOf(1));
  const REVERSING = orderGoal(aGoal(REVERSE_SHORT), "reducing", idOf(1));
  const CLOSING = orderGoal(aGoal(ENTER_LONG, { onOpposite: "exit" }), "reducing", idOf(1));
  const side = (goal: Goal): Side => (goal === EXITING || goal === REVERSING ? "sell" : "buy");

  it.each<[string, Goal, Parameters<typeof anOrder>[0], string | null]>([
    ["entering", ENTERING, { status: "pending_new", delivery: "pending" }, null],
    ["entering", ENTERING, { status: "pending_new", delivery: "unknown", outcome: "unknown" }, null],
    ["entering", ENTERING, { status: "pending_new", delivery: "needs_operator", outcome: "unknown" }, null],
    ["entering", ENTERING, { status: "new" }, "ordered"],
    ["entering", ENTERING, { status: "filled" }, "ordered"],
    ["entering", ENTERING, { status: "denied", delivery: "none" }, "order_denied"],
    ["entering", ENTERING, { status: "rejected" }, "order_rejected"],
    ["entering", ENTERING, { status: "expired", delivery: "none" }, "order_expired"],
    ["entering", ENTERING, { status: "canceled" }, "order_canceled"],
    ["exiting", EXITING, { status: "pending_new", delivery: "submitting" }, null],
    ["exiting", EXITING, { status: "partially_filled" }, "ordered"],
    ["exiting", EXITING, { status: "rejected" }, "order_rejected"],
    ["reversing", REVERSING, { status: "new" }, null],
    ["reversing", REVERSING, { status: "partially_filled", filled_quantity: "99" }, null],
    ["reversing", REVERSING, { status: "canceled", filled_quantity: "99" }, "order_canceled"],
    ["reversing", REVERSING, { status: "denied", delivery: "none" }, "order_denied"],
    ["closing the other side", CLOSING, { status: "partially_filled" }, null],
    ["closing the other side", CLOSING, { status: "filled" }, "closed_opposite"],
    ["closing the other side", CLOSING, { status: "expired" }, "order_expired"],
  ])("%s %s %o: %s", (_stage, goal, overrides, code) => {
    const ordered = aLiveOrder(1, { side: side(goal), quantity: "100", ...overrides });
    const live = isLive(ordered) ? [ordered] : [];
    const move = planGoal(goal, someFacts({ position: "40", ordered, live }));
    expect(move).toMatchObject(code === null ? WAIT : anEnd(code));
  });

  it("enters after an exit that was filled to the last unit, when everything else has ended", () => {
    const ordered = aLiveOrder(1, { side: "sell", status: "filled", filled_quantity: "100" });
    const facts = { position: "0", ordered };
    expect(planGoal(REVERSING, someFacts(facts))).toMatchObject(anEntry("sell", "50"));
    expect(planGoal(REVERSING, someFacts({ ...facts, live: [aRestingOrder(2)] }))).toEqual(cancels(2));
    expect(planGoal(REVERSING, someFacts({ ...facts, isLapsed: true }))).toMatchObject(anEnd("approval_lapsed"));
    // A fill that was told late has made a position again.
    expect(planGoal(REVERSING, someFacts({ ...facts, position: "3" }))).toMatchObject(anExit("sell", "3"));
  });

  it("says how its order ended", () => {
    const ordered = aLiveOrder(1, {
      side: "sell",
      quantity: "100",
      filled_quantity: "0",
      status: "rejected",
      reason: { code: "not_shortable" },
    });
    expect(planGoal(REVERSING, someFacts({ ordered }))).toEqual({
      move: "end",
      code: "order_rejected",
      detail: "sell 100, 0 filled: not_shortable",
    });
  });

  it("that has ended wants nothing more", () => {
    expect(planGoal(endGoal(REVERSING, "order_rejected"), someFacts())).toEqual(WAIT);
    expect(supersedeGoal(REVERSING)).toMatchObject({ stage: "ended", code: "superseded", order: idOf(1) });
  });
});

describe("an exit that supersedes a goal", () => {
  const exitShort = { ...EXIT, position: "short" } as const;

  it("leaves what that goal was not yet out of, whichever side it names", () => {
    const older = aGoal(REVERSE_SHORT);
    for (const open of [older, aGoal(EXIT), aGoal(target("-50")), aGoal(exitShort, {}, older)]) {
      expect(planGoal(aGoal(exitShort, {}, open), someFacts())).toMatchObject(anExit("sell", "100"));
      const half = { ...EXIT, size: size("percent_of_position", "50") };
      expect(planGoal(aGoal(half, {}, open), someFacts())).toMatchObject(anExit("sell", "100"));
    }
  });

  it("has nothing to do with what that goal wanted held", () => {
    const sized = aGoal({ ...EXIT, size: units("5") });
    for (const open of [aGoal(ENTER_LONG), aGoal(target("50")), aGoal(exitShort), sized, supersedeGoal(aGoal(EXIT))]) {
      expect(planGoal(aGoal(exitShort, {}, open), someFacts())).toMatchObject(anEnd("nothing_to_do"));
    }
  });
});

// A venue that takes its time, and an account that keeps orders as the real one does.

/** Where the order stands at the venue itself, which nobody here sees before it is reported. */
type AtVenue = { filled: number; status: "new" | "canceled" | "filled" };

type Plain = { readonly side: Side; readonly quantity: number; readonly type: "market" | "limit" | "stop" };

type World = {
  readonly position: number;
  readonly plain: readonly Plain[];
  readonly instructions: readonly PositionInstruction[];
  readonly onOpposite: GoalSettings["onOpposite"];
  /** Whether orders are denied, rejected and lost for good. */
  readonly isHostile: boolean;
  /** What happens next, each one of what can happen then. */
  readonly choices: readonly number[];
};

const REACHED: readonly unknown[] = ["ordered", "already_there", "nothing_to_do"];

class Desk {
  /** As the venue counts it. */
  held: number;
  goal: Goal | null = null;
  readonly #world: World;
  readonly #orders = new Map<OrderId, Order>();
  readonly #venue = new Map<OrderId, AtVenue>();
  readonly #ofGoals = new Set<OrderId>();
  readonly #adds = new Set<OrderId>();
  readonly #instructions: PositionInstruction[];
  #position;
  #denials = 0;

  constructor(world: World) {
    this.#world = world;
    this.held = world.position;
    this.#position = decimal(String(world.position));
    this.#instructions = [...world.instructions];
    for (const plain of world.plain) {
      this.#store({
        ...plain,
        quantity: String(plain.quantity),
        limit_price: plain.type === "limit" ? "1" : undefined,
        stop_price: plain.type === "stop" ? "1" : undefined,
      });
    }
  }

  run(): this {
    for (const choice of this.#world.choices) {
      const happenings = this.#happenings();
      if (happenings.length === 0) break;
      happenings[choice % happenings.length]?.();
    }
    for (let left = 1_000; left > 0; left -= 1) {
      const [next] = this.#happenings(true);
      if (next === undefined) return this;
      next();
    }
    throw new Error("the world does not come to rest");
  }

  #live(): readonly Order[] {
    return [...this.#orders.values()].filter(isLive);
  }

  /** Everything that can happen next. `atRest`: only what has to happen in the end. */
  #happenings(atRest = false): (() => void)[] {
    const { isHostile } = this.#world;
    const all: (() => void)[] = this.#instructions.length > 0 ? [() => this.#receive()] : [];
    for (const order of this.#live()) {
      const there = this.#venue.get(order.id);
      const place = (): void => void this.#venue.set(order.id, { filled: 0, status: "new" });
      const report = (): void => this.#report(order.id);
      switch (order.delivery) {
        case "pending":
          all.push(() => this.#apply(order.id, { type: "submitting" }));
          break;
        case "submitting":
          all.push(() => (place(), report()));
          if (atRest) break;
          all.push(() => (place(), this.#apply(order.id, { type: "unknown", code: "timeout" })));
          all.push(() => this.#apply(order.id, { type: "unknown", code: "timeout" }));
          if (isHostile) all.push(() => this.#apply(order.id, { type: "rejected", code: "no", detail: "" }));
          break;
        case "unknown":
          all.push(() => (there === undefined && place(), report()));
          if (isHostile && !atRest && there === undefined) all.push(() => this.#giveUp(order.id));
          break;
        default:
          if (there !== undefined) all.push(...this.#venueHappenings(order, there, atRest));
      }
    }
    return all;
  }

  #venueHappenings(order: Order, there: AtVenue, atRest: boolean): (() => void)[] {
    const rest = Number(order.quantity) - there.filled;
    const isReported = there.status === order.status && String(there.filled) === order.filled_quantity;
    const all = isReported || there.status === "new" ? [] : [() => this.#report(order.id)];
    if (there.status !== "new") return all;
    if (order.cancel_requested_at !== null) all.push(() => void (there.status = "canceled"));
    if (atRest && !this.#ofGoals.has(order.id) && order.type !== "market") return all;
    all.push(() => this.#fill(order, there, rest));
    if (rest > 1) all.push(() => this.#fill(order, there, Math.ceil(rest / 3)));
    if (!isReported && !atRest) all.push(() => this.#report(order.id));
    return all;
  }

  #fill(order: Order, there: AtVenue, quantity: number): void {
    const before = this.held;
    this.held += order.side === "buy" ? quantity : -quantity;
    there.filled += quantity;
    if (there.filled === Number(order.quantity)) there.status = "filled";
    if (!this.#ofGoals.has(order.id) || this.#adds.has(order.id)) return;
    assert(before * this.held >= 0, `an order crossed zero, from ${before} to ${this.held}`);
  }

  #report(id: OrderId): void {
    const there = this.#venue.get(id);
    assert(there !== undefined, "the venue has it");
    const { filled, status } = there;
    const shown = status === "new" && filled > 0 ? "partially_filled" : status;
    const average_price = filled > 0 ? "187.5" : null;
    const report = aReport({ status: shown, filled_quantity: String(filled), average_price });
    this.#apply(id, { type: "report", report });
  }

  #giveUp(id: OrderId): void {
    const settlement = { outcome: "not_placed", without_broker: false, reason: "they said so" } as const;
    this.#apply(id, { type: "settled", settlement });
  }

  #receive(): void {
    const instruction = this.#instructions.shift();
    assert(instruction !== undefined, "there is one left");
    const settings: GoalSettings = { onOpposite: this.#world.onOpposite, defaultSize: null };
    const opened = openGoal(instruction, settings, this.goal ?? undefined);
    if (opened.ok) this.goal = opened.value;
    this.#pursue();
  }

  #apply(id: OrderId, event: OrderEvent): void {
    this.#change(id, event);
    this.#pursue();
  }

  #change(id: OrderId, event: OrderEvent): void {
    const order = this.#orders.get(id);
    assert(order !== undefined, "the order is there");
    const step = advance(order, event);
    assert(step.ok, `${event.type} can happen to an order that is ${order.delivery}`);
    const changed: Order = { ...order, ...step.value.state };
    this.#orders.set(id, changed);
    const filled = subtract(changed.filled_quantity, order.filled_quantity);
    this.#position = add(this.#position, signOf(order.side, filled));
  }

  /** What the account does whenever something has changed. The goal is read from storage every time. */
  #pursue(): void {
    for (let turns = 0; this.goal !== null && this.goal.stage !== "ended"; turns += 1) {
      assert(turns < 10, "a goal goes round in circles");
      const goal = JSON.parse(JSON.stringify(this.goal)) as Goal;
      const move = planGoal(goal, this.#facts(goal));
      switch (move.move) {
        case "wait":
          return;
        case "cancel":
          if (goal.instruction.type === "stop") this.#expectNothingBared(move.orders);
          for (const id of move.orders) this.#change(id, { type: "cancel_requested", at: AT, replacedBy: null });
          break;
        case "end":
          this.goal = endGoal(goal, move.code);
          break;
        case "order":
          this.goal = orderGoal(goal, move.stage, this.#place(goal, move));
      }
    }
  }

  /** A stop takes the place of another exit once nothing is on its way any more that it would have to wait for. */
  #expectNothingBared(canceled: readonly OrderId[]): void {
    const held = sideHeld(this.#position);
    const isMoving = this.#live().some(
      ({ type, side }) => type === "market" && held !== undefined && side === openingSide(held),
    );
    const isProtection = (id: OrderId) => held !== undefined && this.#orders.get(id)?.side === closingSide(held);
    assert(!isMoving || !canceled.some(isProtection), "what protects is taken away, and nothing comes for now");
  }

  #facts(goal: Goal): GoalFacts {
    return someFacts({
      position: this.#position,
      live: this.#live(),
      ordered: goal.order === null ? undefined : this.#orders.get(goal.order),
      ofGoals: this.#ofGoals,
    });
  }

  #place({ instruction }: Goal, { order, stage }: Extract<GoalMove, { move: "order" }>): OrderId {
    const held = sideHeld(this.#position);
    const opens = order.side === "buy" ? "long" : "short";
    const isAdd = instruction.action === "add";
    const isMatched = this.#live().some(({ side }) => side === order.side);
    assert(isAdd || !isMatched, "another order could still trade on the same side");
    assert(order.reduce_only === (stage !== "entering"), "only what reduces says so");
    if (order.reduce_only) {
      assert(held !== undefined && held !== opens, "there is something to get out of");
      assert(compare(order.quantity, absolute(this.#position)) <= 0, "no more is sold than is held");
    } else {
      assert(held === undefined || held === opens, "nothing is left on the other side");
    }
    const id = this.#store({
      side: order.side,
      quantity: order.quantity,
      type: order.type,
      limit_price: order.limit_price,
      stop_price: order.stop_price,
    });
    this.#ofGoals.add(id);
    if (isAdd) this.#adds.add(id);
    this.#denials += 1;
    const isDenied = this.#world.isHostile && (this.#world.choices[this.#denials] ?? 1) % 7 === 0;
    const denied = anOrder({ ...this.#orders.get(id), status: "denied", delivery: "none" });
    if (isDenied) this.#orders.set(id, denied);
    return id;
  }

  #store(fields: Parameters<typeof anOrder>[0]): OrderId {
    const id = idOf(this.#orders.size + 1);
    this.#orders.set(id, anOrder({ limit_price: undefined, ...fields, id }));
    return id;
  }
}

const anywhere = fc.integer({ min: -120, max: 120 });
const someUnits = fc.integer({ min: 1, max: 120 }).map((quantity) => units(String(quantity)));
const someSide = fc.constantFrom<Side>("buy", "sell");
const someTerms = fc.constantFrom(MARKET, {
  symbol: "AAPL",
  type: "limit",
  limit_price: { at: decimal("187") },
} as const);

const A_STOP = { symbol: "AAPL", type: "stop", stop_price: { at: decimal("180") } } as const;

const instruction: fc.Arbitrary<PositionInstruction> = someTerms.chain((terms) =>
  fc.oneof(
    fc.record({ side: someSide, size: someUnits }).map((more) => ({ ...terms, action: "reverse", ...more }) as const),
    anywhere.map((position) => ({ ...terms, action: "target", position: decimal(String(position)) }) as const),
    fc
      .record({ side: someSide, size: someUnits, opposite: fc.constantFrom("reduce", undefined) })
      .map((more) => ({ ...terms, action: "enter", ...more }) as const),
    fc
      .record({
        size: fc.option(someUnits, { nil: undefined }),
        position: fc.constantFrom("long", "short", undefined),
        own: fc.constantFrom(terms, A_STOP),
      })
      .map(({ own, ...more }) => ({ ...own, action: "exit", ...more }) as const),
    someUnits.map((more) => ({ ...terms, action: "add", size: more }) as const),
  ),
);

const choices = fc.array(fc.nat(1_000), { maxLength: 120, size: "max" });

const aWorld = (overrides: { [K in keyof World]?: fc.Arbitrary<World[K]> } = {}): fc.Arbitrary<World> =>
  fc.record({
    position: anywhere,
    plain: fc.constant([]),
    instructions: fc.array(instruction, { minLength: 1, maxLength: 5 }),
    onOpposite: fc.constantFrom("exit", "reverse"),
    isHostile: fc.boolean(),
    choices,
    ...overrides,
  });

const plain: fc.Arbitrary<readonly Plain[]> = fc.array(
  fc.record({
    side: someSide,
    quantity: fc.integer({ min: 1, max: 120 }),
    type: fc.constantFrom("market", "limit", "stop"),
  }),
  { maxLength: 3 },
);

/** Where the instruction wants the position, if it says so. A stop leaves older goals their entries. */
function wanted(last: PositionInstruction): number | undefined {
  if (last.type === "stop") return undefined;
  if (last.action === "target") return Number(last.position);
  if (last.action === "reverse") return Number(last.size?.value) * (last.side === "buy" ? 1 : -1);
  return last.action === "exit" && last.position === undefined && last.size === undefined ? 0 : undefined;
}

describe("at a venue that takes its time", () => {
  const RUNS = { numRuns: 500 };

  it("no order crosses zero, no exit exceeds what is held, and every goal ends", () => {
    fc.assert(
      fc.property(aWorld({ plain: fc.oneof(fc.constant([]), plain) }), (world) => {
        // The desk checks each order and each fill.
        expect(new Desk(world).run().goal?.stage).toBe("ended");
      }),
      RUNS,
    );
  });

  it("the last goal has its position, unless it says that it has not", () => {
    fc.assert(
      fc.property(aWorld({ plain: fc.oneof(fc.constant([]), plain) }), (world) => {
        const desk = new Desk(world).run();
        assert(desk.goal !== null, "one was opened");
        const { instruction: last } = desk.goal;
        // An exit leaves what somebody else has resting on the other side.
        if (!REACHED.includes(desk.goal.code) || (last.action === "exit" && world.plain.length > 0)) return;
        const position = wanted(last);
        if (position !== undefined) expect(desk.held).toBe(position);
        // Nor does a stop call back what an older goal has resting there.
        if (last.action === "exit" && last.size === undefined && last.type !== "stop") {
          expect(sideHeld(decimal(String(desk.held)))).not.toBe(last.position ?? "either");
        }
      }),
      RUNS,
    );
  });

  it("the last goal is reached where nothing is denied, rejected or lost", () => {
    fc.assert(
      fc.property(aWorld({ plain, isHostile: fc.constant(false) }), (world) => {
        const desk = new Desk(world).run();
        assert(desk.goal !== null, "one was opened");
        if (wanted(desk.goal.instruction) !== undefined) expect(REACHED).toContain(desk.goal.code);
      }),
      RUNS,
    );
  });

  it.each<[string, number, readonly PositionInstruction[], number]>([
    ["two signals to reverse to short 50, from long 100", 100, [REVERSE_SHORT, REVERSE_SHORT], -50],
    ["to reverse to short 50, and then to long 30, from long 100", 100, [REVERSE_SHORT, REVERSE_LONG], 30],
    [
      "to reverse to short 50, and then out of it, from long 100",
      100,
      [REVERSE_SHORT, { ...EXIT, position: "short" }],
      0,
    ],
    ["to enter, and out again at once, from flat", 0, [ENTER_LONG, EXIT], 0],
    ["two signals to exit, from long 100", 100, [EXIT, EXIT], 0],
    ["two signals to enter long 10, from short 100", -100, [ENTER_LONG, ENTER_LONG], 10],
    ["to exit, and then to 20, from long 100", 100, [EXIT, target("20")], 20],
    ["to reverse to short 50, and more of that, from flat", 0, [REVERSE_SHORT, target("-60")], -60],
  ])("%s: ends as it should, whenever the second one comes", (_case, position, instructions, expected) => {
    const world = aWorld({
      position: fc.constant(position),
      instructions: fc.constant(instructions),
      onOpposite: fc.constant("reverse"),
      isHostile: fc.constant(false),
    });
    fc.assert(
      fc.property(world, (given) => {
        expect(new Desk(given).run().held).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });
});
