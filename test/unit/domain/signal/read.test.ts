import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { parseJson } from "../../../../src/domain/json.ts";
import { FORMATS, type FormatId, type SignalBody } from "../../../../src/domain/signal/format.ts";
import { ALL_FORMATS } from "../../../../src/domain/signal/formats/registry.ts";
import { type SignalRead, readSignal } from "../../../../src/domain/signal/read.ts";
import { SignalSettings } from "../../../../src/domain/signal/settings.ts";
import { CORPUS, CORPUS_SETTINGS } from "./corpus.ts";

type Settings = z.input<typeof SignalSettings>;

const settingsOf = (settings: Settings = {}): SignalSettings => SignalSettings.parse(settings);

function signalOf(text: string, settings: Settings = {}): SignalRead {
  const signal = readSignal(text, settingsOf(settings));
  if (!signal.ok) throw new Error(`refused: ${JSON.stringify(signal.error)}`);
  return signal.value;
}

/** `pointer code` of everything that is wrong, or why it is no JSON. */
function refusalsOf(text: string, settings: Settings = {}): readonly string[] {
  const signal = readSignal(text, settingsOf(settings));
  if (signal.ok) return [];
  if (signal.error.reason === "malformed_body") return [signal.error.cause.reason];
  return signal.error.errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

function messageOf(text: string, settings: Settings = {}): string {
  const signal = readSignal(text, settingsOf(settings));
  return !signal.ok && "errors" in signal.error ? signal.error.errors.map(({ message }) => message).join("\n") : "";
}

const symbolsOf = (text: string, settings: Settings = {}) =>
  signalOf(text, settings).instructions.map((instruction) =>
    "symbol" in instruction ? instruction.symbol : undefined,
  );

function bodyOf(text: string): SignalBody {
  const json = parseJson(text);
  return { text, json: json.ok ? json.value : undefined };
}

describe("a body as it is really sent", () => {
  it.each(CORPUS)("is read as $format: $name", ({ format, text }) => {
    const signal = readSignal(text, CORPUS_SETTINGS);
    expect(signal).toMatchObject({ ok: true, value: { format } });
  });

  it.each(CORPUS)("is in no other format than $format: $name", ({ format, text }) => {
    const matching = ALL_FORMATS.filter((each) => each.matches(bodyOf(text))).map(({ id }) => id);
    expect(matching).toEqual([format]);
  });

  it.each(CORPUS)("means the same where the settings name its format, $format: $name", ({ format, text }) => {
    expect(readSignal(text, { ...CORPUS_SETTINGS, format })).toEqual(readSignal(text, CORPUS_SETTINGS));
  });

  it("is there for every format, six times or more", () => {
    const counts = Map.groupBy(CORPUS, ({ format }) => format);
    for (const format of FORMATS) expect(counts.get(format)?.length).toBeGreaterThanOrEqual(6);
  });
});

describe("the format of a signal", () => {
  it("is tried last when its marks are the loosest", () => {
    expect(FORMATS.at(-1)).toBe("tradingview");
    expect(ALL_FORMATS.map(({ id }) => id)).toEqual(FORMATS);
  });

  it("is ours wherever an intent is, whatever else is in it", () => {
    const text = '{"intent":"exit","symbol":"AAPL","ticker":"AAPL","action":"buy","contracts":"5"}';
    expect(refusalsOf(text)).toEqual(["/ticker unknown_field", "/action unknown_field", "/contracts unknown_field"]);
  });

  it.each(["hello", "123", "null", '""', "{}", '{"hello":"world"}', '{"ticker":"AAPL","price":"187"}'])(
    "is unknown of %j, and the refusal says what each is known by",
    (text) => {
      expect(refusalsOf(text)).toEqual([" unknown_format"]);
      for (const { id, knownBy } of ALL_FORMATS) expect(messageOf(text)).toContain(`${id}: ${knownBy}`);
    },
  );

  it.each(["", " "])("is none of %j, which is not even JSON", (text) => {
    expect(readSignal(text, settingsOf())).toMatchObject({ ok: false, error: { reason: "malformed_body" } });
  });

  it.each<[FormatId, string, string]>([
    ["native", '{"ticker":"AAPL"}', "/ticker unknown_field"],
    ["native", "buy 10 AAPL", " not_an_object"],
    ["traderspost", '{"symbol":"AAPL","side":"buy"}', "/ticker invalid_payload"],
    ["traderspost", "buy 10 AAPL", " malformed_json"],
    ["openalgo", "{}", "/symbol missing_symbol"],
    ["3commas", "{}", "/action missing_action"],
    ["trade_relay", "{}", "/action missing_action"],
    ["tradingview", "{}", "/ticker missing_symbol"],
    ["pineconnector", "hello", "/command unknown_command"],
    ["alertatron", "hello", " no_command"],
    ["text", "hello AAPL", "/0 unknown_command"],
    ["text", '{"ticker":"AAPL","action":"buy"}', " no_command"],
  ])("is %s where the settings say so, so that what is wrong with %s is told", (format, text, refusal) => {
    expect(refusalsOf(text, { format })).toContain(refusal);
  });

  it("is what the settings say even where a body looks like another one", () => {
    const text = '{"ticker":"AAPL","side":"buy","quantity":"5"}';
    expect(signalOf(text, { format: "trade_relay" })).toMatchObject({ format: "trade_relay" });
  });
});

describe("a body that is no signal", () => {
  it.each([
    ['{"ticker":"AAPL"', "malformed"],
    ['{"ticker":"AAPL",}', "malformed"],
    ['\uFEFF{"ticker":"AAPL","action":"buy"}', "malformed"],
    ['"buy 10 AAPL', "malformed"],
    ["[buy] MyKeys(AAPL) { market(position=0); }", "malformed"],
    ['{"ticker":"AAPL","action":"buy","action":"sell"}', "duplicate_key"],
    [`{"ticker":"AAPL","action":"buy","quantity":0.1234567890123456789}`, "inexact_number"],
    [`${"[".repeat(17)}${"]".repeat(17)}`, "too_deep"],
  ])("is refused as JSON is: %s", (text, reason) => {
    expect(refusalsOf(text)).toEqual([reason]);
    expect(refusalsOf(text, { format: "text" })).toEqual([reason]);
  });

  it.each(["[]", '[{"ticker":"AAPL","action":"buy"}]', '["buy 10 AAPL"]'])("is refused as a list: %s", (text) => {
    expect(refusalsOf(text)).toEqual([" list_of_signals"]);
    expect(refusalsOf(text, { format: "traderspost" })).toEqual([" list_of_signals"]);
  });

  it.each([
    ['{"ticker":"{{tiker}}","action":"{{strategy.order.action}}"}', ["{{tiker}}", "{{strategy.order.action}}"]],
    ['{"ticker":"AAPL","action":"buy","quantity":{{strategy.order.contracts}}}', ["{{strategy.order.contracts}}"]],
    ["buy 10 {{ticker}}", ["{{ticker}}"]],
    ['{"ticker":"%alert_symbol%","action":"buy"}', ["%alert_symbol%"]],
  ])("is refused for each placeholder without a value, by its name: %s", (text, names) => {
    expect(refusalsOf(text)).toEqual(names.map(() => " unresolved_placeholder"));
    for (const name of names) expect(messageOf(text)).toContain(name);
  });
});

describe("a symbol", () => {
  const buy = (symbol: string) => `buy 10 ${symbol}`;

  it.each([
    ["AAPL", "AAPL"],
    ["NASDAQ:AAPL", "AAPL"],
    ["NASDAQ_DLY:AAPL", "AAPL"],
    ["BINANCE:BTCUSDT.P", "BTCUSDT.P"],
    ["BRK.B", "BRK.B"],
  ])("%s is %s to the broker, its exchange left out", (spelled, symbol) => {
    expect(symbolsOf(buy(spelled))).toEqual([symbol]);
  });

  it("is what the settings have for it, the spelling with its exchange first", () => {
    const symbols = { "CME:ES1!": "ESZ6", "ES1!": "ESH7", "BINANCE:BTCUSDT": "BTC/USD", AAPL: "AAPL.US" };
    expect(symbolsOf(buy("CME:ES1!"), { symbols })).toEqual(["ESZ6"]);
    expect(symbolsOf(buy("ES1!"), { symbols })).toEqual(["ESH7"]);
    expect(symbolsOf(buy("CBOT:ES1!"), { symbols })).toEqual(["ESH7"]);
    expect(symbolsOf(buy("BINANCE:BTCUSDT"), { symbols })).toEqual(["BTC/USD"]);
    expect(symbolsOf(buy("COINBASE:BTCUSDT"), { symbols })).toEqual(["BTCUSDT"]);
    expect(symbolsOf(buy("NASDAQ:AAPL"), { symbols })).toEqual(["AAPL.US"]);
  });

  it("keeps its exchange where the settings want that, and is then only what they have for it", () => {
    const settings = { strip_exchange: false, symbols: { "NASDAQ:AAPL": "AAPL" } };
    expect(symbolsOf(buy("NASDAQ:AAPL"), settings)).toEqual(["AAPL"]);
    expect(refusalsOf(buy("NYSE:AAPL"), settings)).toEqual([" invalid_symbol"]);
  });

  it.each(["ES1!", "M&M", "NYSE:A/NYSE:B", "AVERYLONGSYMBOLTHATNOBROKERHAS"])(
    "%s is no broker's, and named in the refusal",
    (spelled) => {
      expect(refusalsOf(buy(spelled))).toEqual([" invalid_symbol"]);
      expect(messageOf(buy(spelled))).toContain(`"${spelled.slice(0, 24)}`);
    },
  );

  it.each(["constructor", "toString", "hasOwnProperty"])("%s is not looked up where every object has it", (spelled) => {
    expect(symbolsOf(buy(spelled))).toEqual([spelled.toUpperCase()]);
  });

  it("is mapped in every instruction, and a wrong one named once", () => {
    const symbols = { "ES1!": "ESZ6" };
    expect(symbolsOf("cancel CME:ES1!\nbuy 1 CME:ES1!\nFLATTEN", { symbols })).toEqual(["ESZ6", "ESZ6", undefined]);
    expect(refusalsOf("cancel ES1!\nbuy 1 ES1!\nbuy 1 NQ1!")).toEqual([" invalid_symbol", " invalid_symbol"]);
  });
});

describe("the exchange", () => {
  const buy = (ticker: string, exchange?: string) =>
    JSON.stringify({ ticker, ...(exchange && { exchange }), action: "buy", contracts: "5" });

  it.each([
    ["AAPL", "NASDAQ", "NASDAQ"],
    ["NASDAQ:AAPL", undefined, "NASDAQ"],
    ["NASDAQ:AAPL", "BATS", "BATS"],
    ["AAPL", undefined, undefined],
    ["NASDAQ_DLY:AAPL", undefined, "NASDAQ_DLY"],
    ["NASDAQ_DLY:AAPL", "NASDAQ", "NASDAQ_DLY"],
    ["CME_DL:NQZ2026", "CME", "CME_DL"],
    ["NASDAQ:AAPL", "NASDAQ_DLY", "NASDAQ_DLY"],
  ])("of %s with exchange %s is %s: a delayed one counts before any other", (ticker, exchange, named) => {
    expect(signalOf(buy(ticker, exchange)).circumstances.exchange).toBe(named);
  });

  it("is known to be delayed where the settings have a symbol for the whole spelling", () => {
    const settings = { strip_exchange: false, symbols: { "NASDAQ_DLY:AAPL": "AAPL" } };
    expect(signalOf(buy("NASDAQ_DLY:AAPL"), settings).circumstances.exchange).toBe("NASDAQ_DLY");
  });
});

describe("the account", () => {
  const close = (account: string) => JSON.stringify({ action: "close", symbol: "AAPL", account });

  it("is none where the signal names none", () => {
    expect(signalOf("close AAPL").account).toBeUndefined();
  });

  it("is the one that the settings have for the name, else the one of that id", () => {
    const accounts = { Main: "live", paper: "paper-2" };
    expect(signalOf(close("Main"), { accounts }).account).toBe("live");
    expect(signalOf(close("paper"), { accounts }).account).toBe("paper-2");
    expect(signalOf(close("other"), { accounts }).account).toBe("other");
  });

  it.each(["Main", "my account", "MAIN,Sandbox"])("%s is unknown where the settings do not have it", (name) => {
    expect(refusalsOf(close(name))).toEqual([" account_unknown"]);
  });

  it("is never one that every object has", () => {
    expect(signalOf(close("constructor")).account).toBe("constructor");
    expect(refusalsOf(close("toString"))).toEqual([" account_unknown"]);
  });

  it("that is unknown is told together with a symbol that is", () => {
    expect(refusalsOf("MyKeys(ES1!) { market(position=0); }")).toEqual([" invalid_symbol", " account_unknown"]);
  });
});

describe("what the settings say and a signal cannot", () => {
  it("is the unit of a bare number", () => {
    const text = "60123456789,buy,EURUSD,risk=2";
    expect(signalOf(text, { size_unit: "percent_of_equity" }).instructions).toMatchObject([
      { size: { by: "percent_of_equity", value: "2" } },
    ]);
  });

  it("is what becomes of a field that would loosen a rule, which is never done", () => {
    const text = '{"ticker":"AAPL","action":"buy","ignoreTradingWindows":true}';
    expect(refusalsOf(text)).toEqual(["/ignoreTradingWindows loosens_policy"]);
    expect(signalOf(text, { loosening: "ignore" }).notices).toMatchObject([{ code: "loosens_policy" }]);
  });
});

describe("any text whatever", () => {
  const piece = fc.constantFrom(
    ...['{"', '":"', '","', '"}', "{", "}", "[", "]", '"', ",", ":", "\n", " ", "(", ")", "=", ";", "{{close}}", "\0"],
    ...["intent", "enter", "exit", "target", "symbol", "side", "buy", "ticker", "action", "bot_uuid", "contracts"],
    ...["AAPL", "NASDAQ:AAPL", "60123456789", "-1", "1e400", "__proto__", "MyKeys(AAPL) { market(position=0); }"],
  );
  const torn = fc
    .tuple(fc.constantFrom(...CORPUS), fc.nat(), fc.nat(), fc.oneof(piece, fc.string()))
    .map(([{ text }, from, length, inserted]) => {
      const at = from % (text.length + 1);
      return text.slice(0, at) + inserted + text.slice(at + (length % 8));
    });
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(piece).map((pieces) => pieces.join("")),
    torn,
  );
  const format = fc.constantFrom("auto" as const, ...FORMATS);

  it("is read, or refused with reasons, and never by an exception", () => {
    fc.assert(
      fc.property(anything, format, (text, named) => {
        const signal = readSignal(text, { ...CORPUS_SETTINGS, format: named });
        if (signal.ok) {
          expect(signal.value.instructions.length).toBeGreaterThan(0);
          for (const symbol of signal.value.instructions.flatMap((each) => ("symbol" in each ? [each.symbol] : []))) {
            expect(symbol ?? "AAPL").toMatch(/^[A-Za-z0-9._/-]{1,20}$/);
          }
        } else if (signal.error.reason === "invalid_fields") {
          expect(signal.error.errors.length).toBeGreaterThan(0);
          for (const { code, message } of signal.error.errors) {
            expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
            expect(message).not.toBe("");
          }
        }
      }),
      { numRuns: 3000 },
    );
  });
});
