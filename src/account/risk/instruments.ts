// What the account's object knows of what its broker trades. The list is in D1, one for all accounts at the same kind of broker;
// what was read of it lately is remembered here, so that a decision finds it without waiting. What could not be read is not
// known, and nothing that is not known is entered.
import { encodeUtf8 } from "../../crypto/encoding.ts";
import { sha256Hex } from "../../crypto/hash.ts";
import type { Connection } from "../../domain/account.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Instrument } from "../../domain/instrument.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { describeError, log } from "../../log.ts";
import { within } from "../../within.ts";
import type { Desk } from "../context.ts";
import { append } from "../journal.ts";
import type { Caller } from "../caller.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A list is read once a day, and one that another account has read is noticed after this long. */
const FRESH_MS = 10 * MINUTE_MS;
/** What is not listed is looked for again sooner: somebody may have put it there. */
const UNLISTED_FRESH_MS = MINUTE_MS;
/** While D1 is away, what was known before serves for this long. */
const KEPT_MS_MAX = HOUR_MS;
/** Names made up by senders fill no memory. */
const SYMBOLS_MAX = 500;

/** How long a decision waits for what it is to know of instruments. */
const PATIENCE_MS = 2_000;
/** D1 that is away is not asked for every order. */
const AWAY_MS = 1_000;
/** Nor a broker that has not given its list. */
const ASK_AGAIN_MS = MINUTE_MS;

/** One list serves every account at the same kind of broker for this long. */
const SHARED_MS = HOUR_MS;
/** When to try again what did not come to anything, where nobody waits for it. */
const RETRY_MS = 15 * MINUTE_MS;
/** The day's refresh is between 05:00 and 08:00 UTC, before early trading in New York; each account has its own moment. */
const FIRST_REFRESH_MS = 5 * HOUR_MS;
const SPREAD_MS = 3 * HOUR_MS;

/** Longer than the broker's answers and the writing of them take; what goes on after that has died with its process. */
const LISTING_MS_MAX = 2 * MINUTE_MS;
/** Objects of one isolate share no promise: who waits for another's list looks again after this long. */
const LISTING_POLL_MS = 50;

type ListedBroker = Connection["broker"];

/** What a refresh has made of the list: how many there are, and how many of them are new, other than before, or gone. */
export type Refreshed = {
  readonly listed: number;
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
};

/** The lists in D1. Every call fails while it cannot be reached. */
export type InstrumentLists = {
  readonly find: (broker: ListedBroker, symbols: readonly string[]) => Promise<ReadonlyMap<string, Instrument>>;
  readonly count: (broker: ListedBroker) => Promise<{ readonly refreshed_at: string } | undefined>;
  readonly replace: (broker: ListedBroker, listed: readonly Instrument[], now: Date) => Promise<Refreshed>;
};

type InstrumentsDeps = { readonly lists: InstrumentLists; readonly nowMs: () => number };

/** Where the account is, and the way there. */
type Place = Pick<Desk, "settings" | "broker" | "connection">;
type Asked = Pick<Place, "settings" | "broker">;

/** `not_stored`: the broker has said what it lists, and D1 did not take it. */
export type RefreshRefusal =
  | { readonly reason: "broker_silent"; readonly code: string }
  | { readonly reason: "not_stored" };

type Known = {
  readonly readAtMs: number;
  /** How many lists this object had written by then: what was read of an older one is out of date. */
  readonly lists: number;
  /** `undefined`: it is not listed. */
  readonly instrument: Instrument | undefined;
};

/**
 * When this isolate began to read a list. While it is read a list takes tens of megabytes of the 128 that all objects of an
 * isolate have together: a second one waits.
 */
let listingSinceMs = -Infinity;

export class Instruments {
  readonly #deps: InstrumentsDeps;
  /** What was used last stands last. */
  readonly #known = new Map<string, Known>();
  readonly #reading = new Map<string, Promise<void>>();
  #refreshing: Promise<Result<Refreshed, RefreshRefusal>> | undefined;
  /** How many this object has written. */
  #lists = 0;
  /** Whether there is one to be missed on. */
  #hasList = false;
  #awayUntilMs = -Infinity;
  #askAgainAtMs = -Infinity;

  constructor(deps: InstrumentsDeps) {
    this.#deps = deps;
  }

  /** What is known of it at this moment, for a decision that has asked for it with {@link know}. */
  find(symbol: string): Instrument | undefined {
    const known = this.#known.get(symbol);
    return known === undefined || this.#ageOf(known) >= KEPT_MS_MAX ? undefined : known.instrument;
  }

  /** Whether the broker is known not to list it, for whoever has asked with {@link know}. */
  isUnlisted(symbol: string): boolean {
    const known = this.#known.get(symbol);
    const isMissed = known !== undefined && known.instrument === undefined && this.#ageOf(known) < UNLISTED_FRESH_MS;
    return isMissed && this.#hasList;
  }

  /** Reads what is not known of these, or not any more, and waits a moment for it. Never throws: what fails is not known. */
  async know(symbols: readonly string[], place: Place): Promise<void> {
    for (const symbol of symbols) this.#touch(symbol);
    // One that is being read may have been looked up already, in vain, and wait for the broker's first list.
    const due = [...new Set(symbols)].filter((symbol) => this.#reading.has(symbol) || this.#isDue(symbol));
    if (due.length === 0 || this.#deps.nowMs() < this.#awayUntilMs) return;
    try {
      await within(PATIENCE_MS, this.#read(due, place));
    } catch (thrown) {
      this.#awayUntilMs = this.#deps.nowMs() + AWAY_MS;
      // What does not end is not waited for a second time.
      for (const symbol of due) this.#reading.delete(symbol);
      log("warn", "instruments.not_read", { error: describeError(thrown) });
    }
  }

  /**
   * Makes what the broker lists now the list in D1. Whoever asks for that meanwhile gets the same answer. Never throws.
   *
   * It is one call of the broker's budget, which is the caller's to draw.
   */
  refresh(place: Asked): Promise<Result<Refreshed, RefreshRefusal>> {
    this.#refreshing ??= this.#refreshOnce(place).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * The day's refresh, which does nothing where an account at the same kind of broker has done it just now. Returns in how many
   * milliseconds it is due again. Never throws.
   */
  async refreshDaily(place: Asked, account: AccountId): Promise<number> {
    const isDone = (await this.#isJustListed(place)) || (await this.refresh(place)).ok;
    return isDone ? msToNextRefresh(account, this.#deps.nowMs()) : RETRY_MS;
  }

  async #isJustListed({ settings }: Pick<Place, "settings">): Promise<boolean> {
    try {
      const last = await this.#deps.lists.count(settings.connection.broker);
      return last !== undefined && this.#deps.nowMs() - Date.parse(last.refreshed_at) < SHARED_MS;
    } catch {
      // What is wrong with D1, the refresh that follows finds out and says.
      return false;
    }
  }

  async #refreshOnce({ settings, broker }: Asked): Promise<Result<Refreshed, RefreshRefusal>> {
    const { lists, nowMs } = this.#deps;
    const kind = settings.connection.broker;
    const startedAtMs = nowMs();
    if (startedAtMs - listingSinceMs < LISTING_MS_MAX) return silent(kind, ANOTHERS_TURN);
    listingSinceMs = startedAtMs;
    try {
      const ending = await broker.instruments();
      if (ending.ending !== "listed") return silent(kind, ending.code);
      const refreshed = await lists.replace(kind, ending.items, new Date(nowMs()));
      this.#lists += 1;
      this.#hasList = true;
      log("info", "instruments.refreshed", { broker: kind, ...refreshed, passed_over: ending.passedOver });
      return ok(refreshed);
    } catch (thrown) {
      log("error", "instruments.not_stored", { broker: kind, error: describeError(thrown) });
      return err({ reason: "not_stored" });
    } finally {
      if (listingSinceMs === startedAtMs) listingSinceMs = -Infinity;
    }
  }

  /** One reading of a symbol is under way at a time, however many ask for it. */
  async #read(symbols: readonly string[], place: Place): Promise<void> {
    const unasked = symbols.filter((symbol) => !this.#reading.has(symbol));
    if (unasked.length > 0) {
      const reading = this.#readFrom(unasked, place).finally(() => {
        for (const symbol of unasked) if (this.#reading.get(symbol) === reading) this.#reading.delete(symbol);
      });
      for (const symbol of unasked) this.#reading.set(symbol, reading);
    }
    await Promise.all(symbols.flatMap((symbol) => this.#reading.get(symbol) ?? []));
  }

  async #readFrom(symbols: readonly string[], place: Place): Promise<void> {
    const found = await this.#lookUp(symbols, place);
    if (found === 0 && (await this.#makeFirstList(place))) await this.#lookUp(symbols, place);
  }

  /** Returns how many of them have ever been listed. */
  async #lookUp(symbols: readonly string[], { settings }: Place): Promise<number> {
    const from = { readAtMs: this.#deps.nowMs(), lists: this.#lists };
    const found = await this.#deps.lists.find(settings.connection.broker, symbols);
    this.#hasList ||= found.size > 0;
    for (const symbol of symbols) this.#remember(symbol, { ...from, instrument: found.get(symbol) });
    return found.size;
  }

  /** Where no account has ever asked this kind of broker, whoever is first does. Returns whether to look again. */
  async #makeFirstList(place: Place): Promise<boolean> {
    if (this.#refreshing !== undefined) return (await this.#refreshing).ok;
    if (this.#deps.nowMs() < this.#askAgainAtMs || (await this.#isListed(place))) return false;
    this.#askAgainAtMs = this.#deps.nowMs() + ASK_AGAIN_MS;
    // A list is not what to find out with whether the broker is back.
    if (place.connection.isOpen || place.connection.draw("watch").held) return false;
    const refreshed = await this.refresh(place);
    if (refreshed.ok || !isAnothersTurn(refreshed.error)) return refreshed.ok;
    await this.#otherListOver();
    return (await this.#isListed(place)) || (await this.refresh(place)).ok;
  }

  async #isListed({ settings }: Place): Promise<boolean> {
    this.#hasList ||= (await this.#deps.lists.count(settings.connection.broker)) !== undefined;
    return this.#hasList;
  }

  /** Waits for the list that another account of the isolate reads, which may be the same one. */
  async #otherListOver(): Promise<void> {
    while (this.#deps.nowMs() - listingSinceMs < LISTING_MS_MAX) await sleep(LISTING_POLL_MS);
  }

  #isDue(symbol: string): boolean {
    const known = this.#known.get(symbol);
    if (known === undefined || known.lists < this.#lists) return true;
    return this.#ageOf(known) >= (known.instrument === undefined ? UNLISTED_FRESH_MS : FRESH_MS);
  }

  /** A clock that went back has not made anything fresh. */
  #ageOf({ readAtMs }: Known): number {
    return Math.abs(this.#deps.nowMs() - readAtMs);
  }

  #touch(symbol: string): void {
    const known = this.#known.get(symbol);
    if (known !== undefined) this.#remember(symbol, known);
  }

  #remember(symbol: string, known: Known): void {
    this.#known.delete(symbol);
    this.#known.set(symbol, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= SYMBOLS_MAX) return;
      this.#known.delete(oldest);
    }
  }
}

const ANOTHERS_TURN = "another_list_is_read";
const isAnothersTurn = (refusal: RefreshRefusal): boolean =>
  refusal.reason === "broker_silent" && refusal.code === ANOTHERS_TURN;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function silent(broker: ListedBroker, code: string): Result<never, RefreshRefusal> {
  log("warn", "instruments.not_listed", { broker, code });
  return err({ reason: "broker_silent", code });
}

function msToNextRefresh(account: AccountId, nowMs: number): number {
  const spread = Number.parseInt(sha256Hex(encodeUtf8(account)).slice(0, 8), 16) % SPREAD_MS;
  const leftMs = FIRST_REFRESH_MS + spread - (nowMs % DAY_MS);
  return leftMs > 0 ? leftMs : leftMs + DAY_MS;
}

type RefreshRecord = {
  readonly broker: ListedBroker;
  readonly refreshed: Refreshed;
  readonly caller: Caller;
  readonly nowMs: number;
};

/** Puts on the record that a person has had the broker's list read: it says what may be entered. */
export function recordRefresh(
  sql: SqlStorage,
  account: AccountId,
  { broker, refreshed, caller, nowMs }: RefreshRecord,
): void {
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type: "instruments.refreshed",
    actor: caller.actor,
    request_id: caller.requestId,
    client_ip: caller.clientIp,
    order_id: null,
    symbol: null,
    result: { ok: true, code: "refreshed" },
    data: { broker, ...refreshed },
  });
}
