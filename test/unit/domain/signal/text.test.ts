import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientOrderId } from "../../../../src/domain/ids.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { TimeInForce } from "../../../../src/domain/order.ts";
import type { Format, ReadOptions, SignalBody } from "../../../../src/domain/signal/format.ts";
import { alertatron } from "../../../../src/domain/signal/formats/alertatron/format.ts";
import { pineConnector } from "../../../../src/domain/signal/formats/pineconnector/format.ts";
import { text } from "../../../../src/domain/signal/formats/text/format.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";

const OPTIONS: ReadOptions = { sizeUnit: "quantity", loosening: "refuse" };

function bodyOf(whole: string): SignalBody {
  try {
    return { text: whole, json: JSON.parse(whole) };
  } catch {
    return { text: whole, json: undefined };
  }
}

const read = (whole: string) => text.read(bodyOf(whole), OPTIONS);

function instructionsOf(whole: string): readonly Instruction[] {
  const reading = read(whole);
  return reading.ok ? reading.value.instructions : [];
}

/** Pointer and code of everything that is wrong. */
function errorsOf(whole: string): readonly string[] {
  const reading = read(whole);
  return reading.ok ? [] : reading.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

const units = (value: string) => ({ by: "quantity", value: decimalOf(value) });
const at = (price: string) => ({ at: decimalOf(price) });
const away = (percent: string) => ({ distance: decimalOf(percent), unit: "percent" });

describe("a line of text", () => {
  it.each<[string, object]>([
    ["BUY 10 AAPL", { action: "buy", symbol: "AAPL", size: units("10"), type: "market" }],
    ["buy 10 shares of AAPL", { action: "buy", symbol: "AAPL", size: units("10"), type: "market" }],
    ["SELL AAPL", { action: "sell", symbol: "AAPL", type: "market" }],
    ["buy $500 AAPL", { action: "buy", symbol: "AAPL", size: { by: "notional", value: "500" }, type: "market" }],
    ["buy $500 of AAPL", { action: "buy", symbol: "AAPL", size: { by: "notional", value: "500" }, type: "market" }],
    ["buy 5% AAPL", { action: "buy", symbol: "AAPL", size: { by: "percent_of_equity", value: "5" }, type: "market" }],
    ["buy 10 NASDAQ:AAPL market", { action: "buy", symbol: "NASDAQ:AAPL", size: units("10"), type: "market" }],
    ["buy 3 1INCHUSDT", { action: "buy", symbol: "1INCHUSDT", size: units("3"), type: "market" }],
    [
      "sell 0.5 BTCUSD at 64250 limit",
      { action: "sell", symbol: "BTCUSD", size: units("0.5"), type: "limit", limit_price: at("64250") },
    ],
    [
      "buy 10 AAPL limit 187.50 gtc",
      {
        action: "buy",
        symbol: "AAPL",
        size: units("10"),
        type: "limit",
        limit_price: at("187.5"),
        time_in_force: "gtc",
      },
    ],
    [
      "sell 10 AAPL stop 180",
      { action: "sell", symbol: "AAPL", size: units("10"), type: "stop", stop_price: at("180") },
    ],
    [
      "sell 10 AAPL stop at 180 limit at 179",
      {
        action: "sell",
        symbol: "AAPL",
        size: units("10"),
        type: "stop_limit",
        stop_price: at("180"),
        limit_price: at("179"),
      },
    ],
    ["buy 1 AAPL limit 1%", { action: "buy", symbol: "AAPL", size: units("1"), type: "limit", limit_price: away("1") }],
    [
      "buy 10 AAPL tp 210 sl 2%",
      {
        action: "buy",
        symbol: "AAPL",
        size: units("10"),
        type: "market",
        take_profit: { limit_price: at("210") },
        stop_loss: { stop_price: away("2") },
      },
    ],
    ["long 10 AAPL", { action: "enter", side: "buy", symbol: "AAPL", size: units("10"), type: "market" }],
    ["SHORT AAPL", { action: "enter", side: "sell", symbol: "AAPL", type: "market" }],
    ["add 5 AAPL", { action: "add", symbol: "AAPL", size: units("5"), type: "market" }],
    ["close NVDA", { action: "exit", symbol: "NVDA", type: "market" }],
    [
      "exit NVDA 50%",
      { action: "exit", symbol: "NVDA", size: { by: "percent_of_position", value: "50" }, type: "market" },
    ],
    [
      "flat NVDA 3 limit 200",
      { action: "exit", symbol: "NVDA", size: units("3"), type: "limit", limit_price: at("200") },
    ],
    ["reverse AAPL long 10", { action: "reverse", side: "buy", symbol: "AAPL", size: units("10"), type: "market" }],
    ["reverse AAPL short", { action: "reverse", side: "sell", symbol: "AAPL", type: "market" }],
    ["target AAPL -50", { action: "target", symbol: "AAPL", position: "-50", type: "market" }],
    ["target AAPL 0", { action: "target", symbol: "AAPL", position: "0", type: "market" }],
    ["FLATTEN", { action: "flatten" }],
    ["close-all", { action: "flatten" }],
    ["cancel all", { action: "cancel" }],
    ["cancel_all", { action: "cancel" }],
    ["cancel AAPL", { action: "cancel", symbol: "AAPL" }],
    ["cancel NYSE:ALL", { action: "cancel", symbol: "NYSE:ALL" }],
    ["cancel id=Abc-1", { action: "cancel", client_order_id: "Abc-1" }],
    ["pause", { action: "stop", state: "reducing" }],
    ["KILL", { action: "stop", state: "halted" }],
  ])("%s", (line, instruction) => {
    expect(instructionsOf(line)).toEqual([instruction]);
  });

  it("may name its order, in the case in which it is written", () => {
    const reading = read("buy 10 AAPL id=Morning.1 day");
    expect(reading).toMatchObject({ ok: true, value: { client_order_id: "Morning.1", format: "text", isTest: false } });
  });

  it.each([
    ["blanks", "  buy\t10   AAPL  "],
    ["a line break at the end", "buy 10 AAPL\n"],
    ["a Windows line break", "buy 10 AAPL\r\n"],
    ["double quotes, which make it JSON", '"buy 10 AAPL"'],
    ["double quotes and a line break within them", '"buy 10 AAPL\n"'],
    ["single quotes", " 'buy 10 AAPL' "],
    ["a byte order mark", "\u{feff}buy 10 AAPL"],
  ])("is the same with %s around it", (_, whole) => {
    expect(text.matches(bodyOf(whole))).toBe(true);
    expect(instructionsOf(whole)).toEqual(instructionsOf("buy 10 AAPL"));
  });

  it.each([
    ["buy", "missing_symbol"],
    ["buy 10", "missing_symbol"],
    ["buy 10 shares", "missing_symbol"],
    ["buy 7203", "missing_symbol"],
    ["buy 10 180", "invalid_symbol"],
    ["buy 10 AAPL,MSFT", "invalid_symbol"],
    ["buy 10 {{ticker}}", "invalid_symbol"],
    ["buy 10 all", "ambiguous_symbol"],
    ["close all", "ambiguous_symbol"],
    ["buy 10 limit 187", "ambiguous_symbol"],
    ["buy day", "ambiguous_symbol"],
    ["buy 0 AAPL", "invalid_size"],
    ["buy -5 AAPL", "invalid_size"],
    ["buy 1,000 AAPL", "invalid_size"],
    ["buy $5% AAPL", "invalid_size"],
    ["exit NVDA $0", "invalid_size"],
    ["buy lots of AAPL", "invalid_size"],
    ["buy ten shares of AAPL", "invalid_size"],
    ["buy 10 AAPL 20", "unexpected_word"],
    ["buy AAPL 10", "misplaced_size"],
    ["exit 5 AAPL", "misplaced_size"],
    ["close 50% AAPL", "misplaced_size"],
    ["buy 10 AAPL lmit 187", "unexpected_word"],
    ["buy 10 AAPL please", "unexpected_word"],
    ["flatten now", "unexpected_word"],
    ["cancel AAPL MSFT", "unexpected_word"],
    ["cancel all AAPL", "unexpected_word"],
    ["cancel", "missing_symbol"],
    ["buy 10 AAPL limit", "invalid_price"],
    ["buy 10 AAPL limit 0", "invalid_price"],
    ["buy 10 AAPL limit 187,50", "invalid_price"],
    ["buy 10 AAPL tp -5%", "invalid_price"],
    ["buy 10 AAPL at 187", "ambiguous_price"],
    ["buy 10 AAPL at 187 gtc", "ambiguous_price"],
    ["buy 10 AAPL stop 2% limit 187", "ambiguous_price"],
    ["buy 10 AAPL limit 187 limit 188", "duplicate_term"],
    ["buy 10 AAPL day gtc", "duplicate_term"],
    ["buy 10 AAPL market limit 187", "conflicting_terms"],
    ["close AAPL tp 210", "bracket_not_allowed"],
    ["reverse AAPL", "invalid_side"],
    ["reverse AAPL buy", "invalid_side"],
    ["target AAPL", "invalid_position"],
    ["target AAPL 5%", "invalid_position"],
    ["buy 10 AAPL id=", "invalid_client_order_id"],
    ["buy 10 AAPL id=a/b", "invalid_client_order_id"],
    ["cancel id=a,b", "invalid_client_order_id"],
    ["resume", "cannot_release"],
    ["hold AAPL", "unknown_command"],
    ["constructor AAPL", "unknown_command"],
  ])("is refused as %s: %s", (line, code) => {
    expect(errorsOf(line)).toEqual([`/0 ${code}`]);
  });

  it("takes no word of its own grammar for a symbol", () => {
    const words =
      "buy sell long short add close exit flat reverse target cancel flatten pause kill resume at limit stop tp sl";
    for (const word of [...words.split(" "), ...TimeInForce.options]) {
      expect(errorsOf(`cancel ${word}`)).toEqual(["/0 ambiguous_symbol"]);
      expect(instructionsOf(`cancel NYSE:${word}`)).toHaveLength(1);
    }
  });
});

describe("several lines", () => {
  it("are done in their order", () => {
    const actions = instructionsOf("cancel AAPL\r\n\r\nclose AAPL\nbuy 5 MSFT\n").map(({ action }) => action);
    expect(actions).toEqual(["cancel", "exit", "buy"]);
  });

  it("are refused together, each that is wrong with the pointer of its line", () => {
    expect(errorsOf("buy 10 AAPL\n\nbuy ten MSFT\nresume")).toEqual(["/2 unexpected_word", "/3 cannot_release"]);
  });

  it("are named in words as well, the first one as 1, where there are several", () => {
    const messagesOf = (whole: string) => {
      const reading = read(whole);
      return reading.ok ? [] : reading.error.map(({ message }) => message);
    };
    expect(messagesOf("buy 10 AAPL\n\nhello\nbuy 1 AAPL id=a")).toEqual([
      'line 3: "hello" is no command',
      "line 4: id= names one order: send it by itself",
    ]);
    expect(messagesOf("hello")).toEqual(['"hello" is no command']);
  });

  it("cannot name an order", () => {
    expect(errorsOf("buy 10 AAPL id=a\nbuy 10 MSFT")).toEqual(["/0 client_order_id_not_alone"]);
  });

  it("are twenty at most", () => {
    const lines = (count: number) => Array.from({ length: count }, () => "buy 1 AAPL").join("\n");
    expect(instructionsOf(lines(20))).toHaveLength(20);
    expect(errorsOf(lines(21))).toEqual([" too_many_commands"]);
  });

  it("have to be some", () => {
    expect(errorsOf("")).toEqual([" no_command"]);
    expect(errorsOf(" \n ")).toEqual([" no_command"]);
  });
});

describe("the text format", () => {
  it.each(["buy 10 AAPL", "BUY signal on AAPL!", "flatten", "Cancel-All", "short\tAAPL", '"kill"'])(
    "is that of %j",
    (whole) => {
      expect(text.matches(bodyOf(whole))).toBe(true);
    },
  );

  it.each([
    "",
    "AAPL buy 10",
    "buying 10 AAPL",
    "{}",
    '{"action":"buy"}',
    '["buy 10 AAPL"]',
    "10",
    "60123456789,buy,AAPL",
    "Buy! MyKeys(XBTUSD) { market(side=buy, amount=1); }",
    "toString",
  ])("is not that of %j", (whole) => {
    expect(text.matches(bodyOf(whole))).toBe(false);
  });
});

/** A command, and what it says. */
type Spelled = readonly [words: readonly string[], instruction: Instruction];

const amount = fc.integer({ min: 1, max: 10 ** 9 }).map((cents) => decimalOf((cents / 100).toFixed(2)));
/** No word of the grammar begins with one of these letters. */
const symbol = fc
  .tuple(fc.constantFrom("", "NASDAQ:", "BINANCE:"), fc.stringMatching(/^[QXZ][A-Z]{0,5}(\.[A-Z])?$/))
  .map((parts) => parts.join(""));

const price = fc
  .tuple(amount, fc.boolean())
  .map(([value, isPercent]) =>
    isPercent ? ([`${value}%`, { distance: value, unit: "percent" }] as const) : ([value, { at: value }] as const),
  );

const placed = fc.record({
  limit: fc.option(price, { nil: undefined }),
  tp: fc.option(price, { nil: undefined }),
  sl: fc.option(price, { nil: undefined }),
  tif: fc.option(fc.constantFrom(...TimeInForce.options), { nil: undefined }),
});

const order: fc.Arbitrary<Spelled> = fc
  .record({ action: fc.constantFrom("buy", "sell", "add"), value: amount, symbol, placed, isShuffled: fc.boolean() })
  .map(({ action, value, symbol: named, placed: { limit, tp, sl, tif }, isShuffled }) => {
    const terms = [limit && ["limit", limit[0]], tp && ["tp", tp[0]], sl && ["sl", sl[0]], tif && [tif]].filter(
      (term) => term !== undefined,
    );
    if (isShuffled) terms.reverse();
    return [
      [action, value, named, ...terms.flat()],
      {
        action,
        symbol: named,
        size: { by: "quantity", value },
        type: limit === undefined ? "market" : "limit",
        limit_price: limit?.[1],
        take_profit: tp && { limit_price: tp[1] },
        stop_loss: sl && { stop_price: sl[1] },
        time_in_force: tif,
      },
    ];
  });

const exit: fc.Arbitrary<Spelled> = fc
  .tuple(symbol, amount)
  .map(([named, value]) => [
    ["exit", named, `${value}%`],
    { action: "exit", symbol: named, size: { by: "percent_of_position", value }, type: "market" },
  ]);

const blanks = fc.constantFrom(" ", "  ", "\t", " \t ");
const lineBreak = fc.constantFrom("\n", "\r\n", "\n\n");

describe("whatever is written in the grammar", () => {
  it("is read as it is meant, in any case and with any blanks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(order, exit), { minLength: 1, maxLength: 20 }),
        blanks,
        lineBreak,
        fc.boolean(),
        (commands, blank, ending, isLoud) => {
          const spell = (word: string) => (isLoud && /^[a-z]/.test(word) ? word.toUpperCase() : word);
          const whole = commands.map(([words]) => words.map(spell).join(blank) + ending).join("");
          expect(text.matches(bodyOf(whole))).toBe(true);
          expect(instructionsOf(whole)).toEqual(commands.map(([, instruction]) => instruction));
        },
      ),
    );
  });

  it("is refused once a word is left over", () => {
    fc.assert(
      fc.property(fc.oneof(order, exit), fc.stringMatching(/^[a-z]{3,9}x$/), ([words], extra) => {
        expect(errorsOf([...words, extra].join(" "))).toEqual(["/0 unexpected_word"]);
      }),
    );
  });
});

const FORMATS: readonly Format[] = [alertatron, pineConnector, text];

/** Pieces of all three languages in any order, and noise. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom("buy", "SELL", "close", "flatten", "10", "$5", "5%", "AAPL", "limit", "tp", "id=a", "at", "\n"),
        fc.constantFrom("60123456789", ",", "buy,", "closelong", "risk=1", "sl_price=1", "secret=x", "eaoff"),
        fc.constantFrom("MyKeys", "(XBTUSD)", "(", ")", "{", "}", "market(side=buy, amount=1);", "cancel(which=all)"),
        fc.constantFrom(" ", "\t", "\r\n", '"', "'", "{{close}}", "#bot", "=", ";", "%", "@", "e1%"),
        fc.string({ maxLength: 4 }),
      ),
      { maxLength: 25 },
    )
    .chain((pieces) => fc.constantFrom(pieces.join(""), pieces.join(" "), pieces.join(","))),
);

describe("the three plain-text formats", () => {
  it("never claim the same body", () => {
    fc.assert(
      fc.property(anyText, (whole) => {
        const claims = FORMATS.filter((format) => format.matches(bodyOf(whole)));
        expect(claims.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it("read any body without throwing, and give instructions or stable codes", () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...FORMATS), (whole, format) => {
        const reading = format.read(bodyOf(whole), OPTIONS);
        if (reading.ok) {
          expect(reading.value.format).toBe(format.id);
          expect(reading.value.instructions.length).toBeGreaterThan(0);
          const id = reading.value.client_order_id;
          expect(id === undefined || ClientOrderId.safeParse(id).success).toBe(true);
        } else {
          expect(reading.error.length).toBeGreaterThan(0);
          for (const { pointer, code, message } of reading.error) {
            expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
            expect(pointer).toMatch(/^(\/[a-z0-9_]+)*$/);
            expect(message.length).toBeLessThan(200);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("have no part in JSON, but for a text in quotes", () => {
    for (const json of ["{}", "[]", "1", "null", "true", '{"action":"buy"}', '[["buy 10 AAPL"]]']) {
      expect(FORMATS.filter((format) => format.matches(bodyOf(json)))).toEqual([]);
    }
    expect(pineConnector.matches(bodyOf('"60123456789,closelong,AAPL"'))).toBe(true);
    expect(alertatron.matches(bodyOf('"MyKeys(AAPL) { cancel(which=all); }"'))).toBe(true);
  });

  it.each([
    "a",
    "a ",
    " ",
    "\n",
    "\r",
    "1",
    "1,",
    ",",
    "(",
    ")",
    "{",
    "}",
    "a(",
    "a(b",
    "a) {",
    "(a){",
    "k(s){",
    "k(s){m(a=1);}",
    "k(s){}",
    "k(s){m(",
    "a{",
    "a=1,",
    "k(s){ ",
    "k(s){#",
    '"',
    "'",
    "=",
    "buy ",
    "buy 1 A\n",
    "60123456789,",
    "601234,buy,a=",
  ])("take no time over 64 KiB of %j, and have little to say of it", (piece) => {
    const filler = piece.repeat(Math.ceil(65_536 / piece.length)).slice(0, 65_536);
    for (const head of ["", "buy ", "60123456789,buy,AAPL,", "MyKeys(AAPL) { ", "MyKeys(AAPL) { market("]) {
      const body = { text: (head + filler).slice(0, 65_536), json: undefined };
      const startMs = performance.now();
      for (const format of FORMATS) {
        format.matches(body);
        const reading = format.read(body, OPTIONS);
        expect(reading.ok ? 0 : reading.error.length).toBeLessThan(100);
      }
      expect(performance.now() - startMs).toBeLessThan(1000);
    }
  });
});
