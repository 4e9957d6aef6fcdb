// What asks for less caution, in every format in which it can come: refused, or not regarded, as the source says; and never done.
import { describe, expect, it } from "vitest";
import { type SignalRead, readSignal } from "../../../../src/domain/signal/read.ts";
import { SignalSettings } from "../../../../src/domain/signal/settings.ts";

const settingsWith = (loosening: "refuse" | "ignore") =>
  SignalSettings.parse({ loosening, accounts: { Key: "paper" } });

function refusalsOf(text: string): readonly string[] {
  const read = readSignal(text, settingsWith("refuse"));
  if (read.ok || read.error.reason !== "invalid_fields") return [];
  return read.error.errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

function carriedOut(text: string): SignalRead {
  const read = readSignal(text, settingsWith("ignore"));
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

const BUY = { action: "buy", order: { amount: "5", currency_type: "base" } };

/** The signal, where the field is in it, and the same signal without it. */
const LEVERAGED: readonly (readonly [
  format: string,
  pointer: string,
  asked: string | object,
  plain: string | object,
])[] = [
  [
    "traderspost",
    "/leverage",
    { ticker: "AAPL", action: "buy", quantity: 5, leverage: 10 },
    { ticker: "AAPL", action: "buy", quantity: 5 },
  ],
  [
    "tradingview",
    "/leverage",
    { ticker: "AAPL", action: "buy", contracts: "5", leverage: "10" },
    { ticker: "AAPL", action: "buy", contracts: "5" },
  ],
  [
    "tradingview",
    "/strategy/order/Leverage",
    { ticker: "AAPL", strategy: { order: { action: "buy", contracts: "5", Leverage: "10" } } },
    { ticker: "AAPL", strategy: { order: { action: "buy", contracts: "5" } } },
  ],
  [
    "trade_relay",
    "/leverage",
    { action: "LONG", symbol: "AAPL", quantity: 5, leverage: 10 },
    { action: "LONG", symbol: "AAPL", quantity: 5 },
  ],
  [
    "openalgo",
    "/leverage",
    { apikey: "k", symbol: "AAPL", action: "BUY", quantity: "5", leverage: "10" },
    { apikey: "k", symbol: "AAPL", action: "BUY", quantity: "5" },
  ],
  [
    "openalgo",
    "/leverage",
    { strategy: "s", symbol: "AAPL", action: "BUY", quantity: "5", leverage: "10" },
    { strategy: "s", symbol: "AAPL", action: "BUY", quantity: "5" },
  ],
  [
    "3commas",
    "/leverage_type",
    { tv_instrument: "AAPL", ...BUY, leverage_type: "cross" },
    { tv_instrument: "AAPL", ...BUY },
  ],
  [
    "3commas",
    "/order/leverage_custom_value",
    { tv_instrument: "AAPL", ...BUY, order: { ...BUY.order, leverage_custom_value: "20.1" } },
    { tv_instrument: "AAPL", ...BUY },
  ],
  ["pineconnector", "/leverage", "60123456789,buy,AAPL,vol_lots=5,leverage=30", "60123456789,buy,AAPL,vol_lots=5"],
  [
    "alertatron",
    "/0/0/leverage",
    "Key(AAPL) { exchangeSettings(leverage=10); market(side=buy, amount=5); }",
    "Key(AAPL) { market(side=buy, amount=5); }",
  ],
  [
    "alertatron",
    "/0/0/leverage",
    "Key(AAPL) { market(side=buy, amount=5, leverage=10); }",
    "Key(AAPL) { market(side=buy, amount=5); }",
  ],
];

const textOf = (body: string | object): string => (typeof body === "string" ? body : JSON.stringify(body));

describe("a signal that asks for leverage", () => {
  it.each(LEVERAGED)("is refused: %s, %s", (_, pointer, asked) => {
    expect(refusalsOf(textOf(asked))).toEqual([`${pointer} loosens_policy`]);
  });

  it.each(LEVERAGED)(
    "is carried out without, where its source says so, and told: %s, %s",
    (format, pointer, asked, plain) => {
      const [leveraged, without] = [carriedOut(textOf(asked)), carriedOut(textOf(plain))];
      expect([leveraged.format, without.format]).toEqual([format, format]);
      expect(leveraged.instructions).toEqual(without.instructions);
      const notices = leveraged.notices.filter(({ code }) => code === "loosens_policy");
      expect(notices.map((notice) => notice.pointer)).toEqual([pointer]);
      expect(leveraged.notices.filter((notice) => !notices.includes(notice))).toEqual(without.notices);
    },
  );

  it.each(["leverage", "Leverage", "leverage_type", "leverageCustomValue", "buy-leverage", "max_leverage", "lev"])(
    "may call it %s",
    (name) => {
      expect(refusalsOf(JSON.stringify({ ticker: "AAPL", action: "buy", quantity: 1, [name]: 3 }))).toEqual([
        `/${name} loosens_policy`,
      ]);
    },
  );

  it.each(["level", "levels", "relevance"])("does not by a field that is called %s", (name) => {
    const alert = JSON.stringify({ ticker: "AAPL", action: "buy", contracts: 1, [name]: 3 });
    expect(carriedOut(alert).notices).toMatchObject([{ code: "unknown_field" }]);
  });

  it("does not by a field that says nothing", () => {
    const alert = JSON.stringify({ ticker: "AAPL", action: "buy", quantity: 1, leverage: "", leverage_type: null });
    expect(refusalsOf(alert)).toEqual([]);
    expect(carriedOut(alert).notices).toEqual([]);
  });

  it("has to say something else as well", () => {
    const read = readSignal("Key(AAPL) { exchangeSettings(leverage=10); }", settingsWith("ignore"));
    expect(read).toMatchObject({ error: { errors: [{ code: "no_command" }] } });
  });
});

describe("a signal that asks for a trade outside the account's hours", () => {
  it.each<[string, object]>([
    ["traderspost", { ticker: "AAPL", action: "buy", quantity: 5 }],
    ["tradingview", { ticker: "AAPL", action: "buy", contracts: "5" }],
    ["trade_relay", { action: "buy", symbol: "AAPL", quantity: 5 }],
    ["openalgo", { apikey: "k", symbol: "AAPL", action: "BUY", quantity: "5" }],
    ["3commas", { tv_instrument: "AAPL", ...BUY }],
  ])("is refused, or carried out within them: %s", (format, plain) => {
    const asked = JSON.stringify({ ...plain, ignoreTradingWindows: true });
    expect(refusalsOf(asked)).toEqual(["/ignoreTradingWindows loosens_policy"]);
    const { notices, ...reading } = carriedOut(asked);
    expect(reading).toMatchObject({ format, instructions: carriedOut(JSON.stringify(plain)).instructions });
    expect(notices).toContainEqual(
      expect.objectContaining({ pointer: "/ignoreTradingWindows", code: "loosens_policy" }),
    );
  });

  it("does not by a switch that is off, and is refused where nobody can tell", () => {
    const alert = (ignoreTradingWindows: unknown) =>
      JSON.stringify({ ticker: "AAPL", action: "buy", contracts: 5, ignoreTradingWindows });
    expect(carriedOut(alert("false")).notices).toEqual([]);
    expect(refusalsOf(alert("perhaps"))).toEqual(["/ignoreTradingWindows invalid_ignore_trading_windows"]);
  });
});
