// What has to hold in the end, as pure functions of the evidence. Each names what is broken in words that lead to it.
import { Big } from "big.js";
import { encodeUtf8 } from "../../src/crypto/encoding.ts";
import { sha256Hex } from "../../src/crypto/hash.ts";
import { checkLink, hashEvent } from "../../src/domain/audit-entry.ts";
import { type Order, isTerminal } from "../../src/domain/order.ts";
import { readEvent } from "./audit-tail.ts";
import type { BookedOrder } from "./books.ts";
import type { AccountEvidence, Evidence } from "./evidence.ts";
import { type Sent, acknowledgedAs } from "./ledger.ts";

type Check = (evidence: Evidence) => readonly string[];

const INVARIANTS = {
  placed_once: { claim: "the venue has no client order id twice", check: eachAccount(placedTwice) },
  placed_as_wanted: {
    claim: "every order at the venue is one that somebody wanted, as it was wanted",
    check: placedUnasked,
  },
  nothing_lost: {
    claim: "every answer about an intent named the same order, and the gateway has it",
    check: acknowledgedAndLost,
  },
  at_rest: { claim: "every order has ended or is in the hands of a person", check: eachAccount(restless) },
  told_truly: {
    claim: "every order says of its end and its fills what the venue says",
    check: eachAccount(toldOtherwise),
  },
  refused_is_absent: {
    claim: "nothing denied, rejected or never sent is at the venue",
    check: eachAccount(sentThoughRefused),
  },
  policy_kept: { claim: "what the policy has to deny was denied", check: approvedThoughTooLarge },
  called_with_reason: {
    claim: "a person is called only where the venue does not show the order",
    check: eachAccount(calledForNothing),
  },
  positions: { claim: "positions are the venue's", check: eachAccount(countedOtherwise) },
  executions: { claim: "executions are the venue's, each once", check: eachAccount(tradedOtherwise) },
  chain_whole: { claim: "every account's audit chain is whole", check: eachAccount(brokenChain) },
  record_complete: {
    claim: "the audit record in D1 holds how every order stands",
    check: eachAccount(missingFromRecord),
  },
  worth_it: {
    claim: "a third of the intents at least met the venue while it misbehaved: less proves little",
    check: provenLittle,
  },
} satisfies Record<string, { readonly claim: string; readonly check: Check }>;

export type InvariantName = keyof typeof INVARIANTS;

export type Verdict = {
  readonly name: InvariantName;
  readonly claim: string;
  readonly violations: readonly string[];
};

export const judge = (evidence: Evidence): Verdict[] =>
  (Object.keys(INVARIANTS) as InvariantName[]).map((name) => {
    const { claim, check } = INVARIANTS[name];
    return { name, claim, violations: check(evidence) };
  });

function eachAccount(check: (evidence: AccountEvidence) => readonly string[]): Check {
  return ({ accounts }) =>
    accounts.flatMap((evidence) => check(evidence).map((violation) => `${evidence.account}: ${violation}`));
}

function placedTwice({ books }: AccountEvidence): string[] {
  const placed = Map.groupBy(books.orders, (order) => order.client_order_id);
  return [...placed]
    .filter(([, orders]) => orders.length > 1)
    .map(([id, orders]) => `${id} is there ${orders.length} times`);
}

function placedUnasked({ accounts, sent }: Evidence): string[] {
  const wantedOf = new Map(sent.map(({ intent }) => [intent.wanted.client_order_id, intent.wanted]));
  return accounts.flatMap(({ account, books, orders }) => {
    const stored = new Map(orders.map((order) => [order.client_order_id as string, order]));
    return books.orders.flatMap((placed) => {
      const { client_order_id: id } = placed;
      const wanted = wantedOf.get(id);
      if (wanted === undefined) return [`${id} was wanted by nobody`];
      if (!stored.has(id)) return [`${id} is not in the gateway`];
      if (wanted.account !== account) return [`${id} is at another account than it was wanted for`];
      const isAsWanted =
        placed.symbol === wanted.symbol &&
        placed.side === wanted.side &&
        placed.type === wanted.type &&
        placed.time_in_force === wanted.time_in_force &&
        isSame(placed.qty, wanted.quantity) &&
        isSame(placed.notional, wanted.notional) &&
        isSame(placed.limit_price, wanted.limit_price);
      return isAsWanted ? [] : [`${id} was wanted otherwise: ${JSON.stringify(placed)}`];
    });
  });
}

function acknowledgedAndLost({ accounts, sent }: Evidence): string[] {
  const known = new Map(accounts.flatMap(({ orders }) => orders.map((order) => [order.id as string, order])));
  return sent.flatMap((entry) => {
    const { client_order_id: id } = entry.intent.wanted;
    const [first, ...others] = acknowledgedAs(entry);
    if (first === undefined) return [];
    if (others.length > 0) return [`${id} was answered with ${[first, ...others].join(", ")}`];
    const order = known.get(first);
    if (order === undefined) return [`${id} was answered with ${first}, which is gone`];
    return order.client_order_id === id ? [] : [`${id} was answered with another intent's order ${first}`];
  });
}

function restless({ orders, books }: AccountEvidence): string[] {
  const open = books.orders.filter(({ status }) => !ENDED.has(status));
  return [
    ...orders.filter(({ status, delivery }) => !isTerminal(status) && delivery !== "needs_operator").map(describe),
    ...open.map((placed) => `${placed.client_order_id} is ${placed.status} at the venue`),
  ];
}

const ENDED: ReadonlySet<string> = new Set(["filled", "canceled", "expired"]);

function toldOtherwise({ orders, books }: AccountEvidence): string[] {
  const placed = placedById(books.orders);
  return orders.flatMap((order) => {
    const there = placed.get(order.client_order_id);
    if (there === undefined)
      return isToldToBeThere(order) ? [`${describe(order)}, and the venue does not have it`] : [];
    // Nothing is said about an order that a person has to look at.
    if (order.delivery === "needs_operator") return [];
    const isTold =
      order.status === there.status &&
      order.venue_order_id === there.id &&
      isSame(order.filled_quantity, there.filled_qty) &&
      isClose(order.average_price, there.filled_avg_price);
    return isTold
      ? []
      : [`${describe(order)}; at the venue ${there.status}, ${there.filled_qty} at ${there.filled_avg_price}`];
  });
}

const isToldToBeThere = ({ status, delivery, filled_quantity: filled }: Order): boolean =>
  (delivery === "delivered" && status !== "rejected") || !isSame(filled, "0");

function sentThoughRefused({ orders, books }: AccountEvidence): string[] {
  const placed = placedById(books.orders);
  return orders
    .filter(({ status, delivery }) => status === "denied" || status === "rejected" || delivery === "none")
    .filter((order) => placed.has(order.client_order_id))
    .map((order) => `${describe(order)}, and it is at the venue`);
}

function approvedThoughTooLarge({ accounts, sent }: Evidence): string[] {
  const tooLarge = new Set(
    sent.filter(({ intent }) => intent.isTooLarge).map(({ intent }) => intent.wanted.client_order_id),
  );
  return accounts
    .flatMap(({ orders }) => orders)
    .filter((order) => tooLarge.has(order.client_order_id) && order.status !== "denied" && !isExit(order))
    .map(describe);
}

/** Whether it only closes what was held when it was decided about: no limit stops such an order. */
function isExit({ side, quantity, verdicts }: Order): boolean {
  const [, held] =
    /^position (-?[\d.]+)$/.exec(verdicts.find(({ rule }) => rule === "trading_state")?.input ?? "") ?? [];
  if (held === undefined || quantity === undefined) return false;
  const position = new Big(held);
  return side === (position.gt(0) ? "sell" : "buy") && position.abs().gte(quantity);
}

function calledForNothing({ orders, books }: AccountEvidence): string[] {
  const placed = Map.groupBy(books.orders, (order) => order.client_order_id);
  return orders
    .filter(({ delivery, client_order_id: id }) => delivery === "needs_operator" && placed.get(id)?.length === 1)
    .map((order) => `${describe(order)}, and the venue has it once`);
}

function countedOtherwise({ orders, books, portfolio }: AccountEvidence): string[] {
  const counted = new Map<string, Big>();
  for (const { symbol, side, filled_quantity: filled } of orders) {
    const units = side === "buy" ? new Big(filled) : new Big(filled).neg();
    counted.set(symbol, (counted.get(symbol) ?? new Big(0)).plus(units));
  }
  const shown = portfolio?.positions.map(({ symbol, quantity }): [string, Big] => [symbol, new Big(quantity)]);
  return [
    ...compareHoldings("the fills of our orders", counted, books.positions),
    ...(shown === undefined ? [] : compareHoldings("the portfolio", new Map(shown), books.positions)),
  ];
}

function compareHoldings(
  name: string,
  ours: ReadonlyMap<string, Big>,
  theirs: Readonly<Record<string, string>>,
): string[] {
  const symbols = new Set([...ours.keys(), ...Object.keys(theirs)]);
  return [...symbols].flatMap((symbol) => {
    const mine = ours.get(symbol)?.toFixed() ?? "0";
    const held = theirs[symbol] ?? "0";
    return isSame(mine, held) ? [] : [`${symbol}: ${name} make ${mine}, the venue holds ${held}`];
  });
}

function tradedOtherwise({ executions, books }: AccountEvidence): string[] {
  if (executions === undefined) return [];
  const ours = Map.groupBy(executions, ({ id }) => id);
  const theirs = new Map(books.executions.map((execution) => [execution.id, execution]));
  return [
    ...[...ours].filter(([id]) => !theirs.has(id)).map(([id]) => `${id} is not in the venue's books`),
    ...[...ours].filter(([, same]) => same.length > 1).map(([id, same]) => `${id} is there ${same.length} times`),
    ...[...theirs].flatMap(([id, { quantity, price }]) => {
      const mine = ours.get(id)?.[0];
      if (mine === undefined) return [`${id} is missing`];
      return isSame(mine.quantity, quantity) && isSame(mine.price, price) ? [] : [`${id} is another trade`];
    }),
  ];
}

function brokenChain({ audit }: AccountEvidence): string[] {
  const hash = (event: string): string => hashEvent(event, encodeUtf8, sha256Hex);
  return audit.flatMap((entry, at) => {
    const broken = checkLink(audit[at - 1], entry, hash);
    return broken === undefined ? [] : [`entry ${broken.seq}: ${broken.reason}`];
  });
}

/** The last event that tells how an order stands has to tell how it stands now. */
function missingFromRecord({ orders, audit }: AccountEvidence): string[] {
  const told = new Map<string, { status: unknown; filled: unknown }>();
  for (const entry of audit) {
    const event = readEvent(entry);
    if (event === undefined || event.order_id === null) continue;
    if (event.type === "order.denied") told.set(event.order_id, { status: "denied", filled: "0" });
    const { status, filled_quantity: filled } = event.data;
    if (status !== undefined) told.set(event.order_id, { status, filled });
  }
  return orders.flatMap((order) => {
    const last = told.get(order.id);
    const isTold = last?.status === order.status && last.filled === order.filled_quantity;
    return isTold
      ? []
      : [`${describe(order)}; the record says ${last === undefined ? "nothing" : String(last.status)}`];
  });
}

function provenLittle({ mischief, sent }: Evidence): string[] {
  const met = mischief.underFire.length;
  // What comes while an account starts again, or its venue is away, is denied for want of a price.
  return met * 3 >= sent.length ? [] : [`${met} of ${sent.length}`];
}

const placedById = (orders: readonly BookedOrder[]): ReadonlyMap<string, BookedOrder> =>
  new Map(orders.map((order) => [order.client_order_id, order]));

/** Whether two decimals, or their absence, are the same. */
const isSame = (a: string | null | undefined, b: string | null | undefined): boolean =>
  a == null || b == null ? (a ?? null) === (b ?? null) : new Big(a).eq(b);

/** An average is a quotient: nine digits of it are kept. */
const AVERAGE_TOLERANCE = "0.000000001";

const isClose = (a: string | null, b: string | null): boolean =>
  a === null || b === null ? a === b : new Big(a).minus(b).abs().lte(AVERAGE_TOLERANCE);

const describe = (order: Order): string =>
  `${order.client_order_id} is ${order.status} (${order.delivery}${order.reason === null ? "" : `, ${order.reason.code}`}), ` +
  `${order.filled_quantity} filled at ${order.average_price}, ${order.attempts} attempts, ${order.id}`;

/** Intents that nobody was told about, and that the gateway has all the same. */
export const storedUnheard = ({ accounts, sent }: Evidence): Sent[] => {
  const stored = new Set(accounts.flatMap(({ orders }) => orders.map((order) => order.client_order_id as string)));
  return sent.filter((entry) => acknowledgedAs(entry).length === 0 && stored.has(entry.intent.wanted.client_order_id));
};
