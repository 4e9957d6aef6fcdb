import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { ReadOptions, Reading } from "../../../../src/domain/signal/format.ts";
import { pineConnector } from "../../../../src/domain/signal/formats/pineconnector/format.ts";
import type { Instruction, Size } from "../../../../src/domain/signal/instruction.ts";

const bodyOf = (text: string) => ({ text, json: undefined });

const optionsOf = (sizeUnit: Size["by"]): ReadOptions => ({ sizeUnit, loosening: "refuse" });

const read = (text: string, sizeUnit: Size["by"] = "quantity") =>
  pineConnector.read(bodyOf(`60123456789,${text}`), optionsOf(sizeUnit));

function readingOf(text: string, sizeUnit?: Size["by"]): Reading {
  const reading = read(text, sizeUnit);
  if (!reading.ok) throw new Error(JSON.stringify(reading.error));
  return reading.value;
}

const instructionsOf = (text: string, sizeUnit?: Size["by"]): readonly Instruction[] =>
  readingOf(text, sizeUnit).instructions;

/** Pointer and code of everything that is wrong. */
function errorsOf(text: string, sizeUnit?: Size["by"]): readonly string[] {
  const reading = read(text, sizeUnit);
  return reading.ok ? [] : reading.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

const noticesOf = (text: string) => readingOf(text).notices.map(({ pointer, code }) => `${pointer} ${code}`);

const at = (price: string) => ({ at: decimalOf(price) });
const away = (percent: string) => ({ distance: decimalOf(percent), unit: "percent" });
const ONE = { by: "quantity", value: "1" };

describe("a PineConnector command", () => {
  it.each<[string, readonly object[]]>([
    ["buy,AUDUSD,risk=1", [{ action: "buy", symbol: "AUDUSD", size: ONE, type: "market" }]],
    ["LONG,US30.Cash,vol_lots=1", [{ action: "buy", symbol: "US30.Cash", size: ONE, type: "market" }]],
    ["bullish,EURUSD", [{ action: "buy", symbol: "EURUSD", type: "market" }]],
    ["sell , EURUSD , risk = 1", [{ action: "sell", symbol: "EURUSD", size: ONE, type: "market" }]],
    ["bear,EURUSD,risk=1", [{ action: "sell", symbol: "EURUSD", size: ONE, type: "market" }]],
    [
      "buystop,EURUSD,entry_price=1.1,risk=1",
      [{ action: "buy", symbol: "EURUSD", size: ONE, type: "stop", stop_price: at("1.1") }],
    ],
    [
      "selllimit,EURUSD,entry_pct=0.5,risk=1",
      [{ action: "sell", symbol: "EURUSD", size: ONE, type: "limit", limit_price: away("0.5") }],
    ],
    [
      "cancellongbuylimit,EURUSD,entry_price=1.1,risk=1",
      [
        { action: "cancel", symbol: "EURUSD", side: "buy" },
        { action: "buy", symbol: "EURUSD", size: ONE, type: "limit", limit_price: at("1.1") },
      ],
    ],
    [
      "cancelshortsellstop,EURUSD,entry_price=1.1,risk=1",
      [
        { action: "cancel", symbol: "EURUSD", side: "sell" },
        { action: "sell", symbol: "EURUSD", size: ONE, type: "stop", stop_price: at("1.1") },
      ],
    ],
    [
      "CL+OS,EURUSD,risk=1",
      [
        { action: "exit", symbol: "EURUSD", position: "long", type: "market" },
        { action: "sell", symbol: "EURUSD", size: ONE, type: "market" },
      ],
    ],
    [
      "closeshortopenshort,EURUSD,risk=1",
      [
        { action: "exit", symbol: "EURUSD", position: "short", type: "market" },
        { action: "sell", symbol: "EURUSD", size: ONE, type: "market" },
      ],
    ],
    ["cls+ol,EURUSD,risk=1", [{ action: "reverse", side: "buy", symbol: "EURUSD", size: ONE, type: "market" }]],
    ["closelong,GBPUSD", [{ action: "exit", symbol: "GBPUSD", position: "long", type: "market" }]],
    ["closeshort,GBPUSD", [{ action: "exit", symbol: "GBPUSD", position: "short", type: "market" }]],
    ["closelongshort,GBPUSD", [{ action: "exit", symbol: "GBPUSD", type: "market" }]],
    ["closelongvol,GBPUSD,risk=1", [{ action: "exit", symbol: "GBPUSD", position: "long", size: ONE, type: "market" }]],
    ["cancellong,GBPUSD", [{ action: "cancel", symbol: "GBPUSD", side: "buy" }]],
    ["cancelshort,GBPUSD", [{ action: "cancel", symbol: "GBPUSD", side: "sell" }]],
    ["closeall,EURUSD", [{ action: "flatten" }]],
    ["closeall", [{ action: "flatten" }]],
    ["eaoff,eaoff", [{ action: "stop", state: "reducing" }]],
    ["closealleaoff,EURUSD", [{ action: "flatten" }, { action: "stop", state: "reducing" }]],
  ])("%s", (text, instructions) => {
    expect(instructionsOf(text)).toEqual(instructions);
  });

  it("has a bracket by price or by percentage", () => {
    expect(instructionsOf("buy,AAPL,risk=1,sl_price=180,tp_pct=5")).toEqual([
      {
        action: "buy",
        symbol: "AAPL",
        size: ONE,
        type: "market",
        stop_loss: { stop_price: at("180") },
        take_profit: { limit_price: away("5") },
      },
    ]);
  });

  it.each<Size["by"]>(["quantity", "notional", "percent_of_equity", "risk_amount", "risk_percent"])(
    "has its risk in the unit of the source's settings: %s",
    (unit) => {
      expect(instructionsOf("buy,AAPL,risk=0.1,sl_pct=2", unit)).toMatchObject([{ size: { by: unit, value: "0.1" } }]);
    },
  );

  it.each([
    ["vol_lots", "quantity"],
    ["vol_dollar", "risk_amount"],
    ["vol_pct_eq_loss", "risk_percent"],
  ])("has its %s as %s whatever the settings say", (name, by) => {
    const instructions = instructionsOf(`buy,AAPL,${name}=50,sl_pct=2`, "notional");
    expect(instructions).toMatchObject([{ size: { by, value: "50" } }]);
  });

  it("closes a volume, whatever the settings say of risk", () => {
    expect(instructionsOf("closeshortvol,AAPL,risk=3", "risk_percent")).toMatchObject([
      { size: { by: "quantity", value: "3" } },
    ]);
  });

  it("tells what it has not regarded", () => {
    expect(noticesOf("buy,AAPL,vol_lots=1,comment=hello, secret=HappyTrader501")).toEqual([
      "/license_id credential_not_used",
      "/secret credential_not_used",
      "/comment comment_not_used",
      "/vol_lots lots_are_units",
    ]);
    expect(noticesOf("closeall,EURUSD")).toEqual(["/license_id credential_not_used", "/symbol symbol_not_used"]);
  });

  it.each([
    "buy,AAPL,risk=1,secret=HappyTrader501",
    'buy,AAPL,risk=1,secret="HappyTrader501"',
    "buy,AAPL,risk=1,secret=HappyTrader501,secret=HappyTrader501",
    "buy,AAPL,risk=1,HappyTrader501",
    "buy,AAPL,risk=1,secret:HappyTrader501",
    "buy,AAPL,risk=1,secret HappyTrader501=1",
    "hold,AAPL,secret=HappyTrader501",
    "closelong,AAPL,secret=HappyTrader501,comment=x",
  ])("keeps neither the licence nor the secret of the other system: %s", (text) => {
    const kept = JSON.stringify(read(text));
    expect(kept).not.toContain("HappyTrader501");
    expect(kept).not.toContain("60123456789");
  });
});

describe("a PineConnector command is refused", () => {
  it.each([
    ["buy,EURUSD,risk=1,sl=50", "/sl ambiguous_unit"],
    ["buy,EURUSD,risk=1,tp=1.2", "/tp ambiguous_unit"],
    ["buylimit,EURUSD,risk=1,price=10", "/price ambiguous_unit"],
    ["buylimit,EURUSD,risk=1,pending=10", "/pending ambiguous_unit"],
    ["sell,GBPJPY,vol_dollar=50,sl_pips=20", "/sl_pips unsupported_unit"],
    ["sell,GBPJPY,risk=1,tp_pips=20", "/tp_pips unsupported_unit"],
    ["buystop,GBPJPY,risk=1,entry_pips=20", "/entry_pips unsupported_unit"],
    ["buy,EURUSD,vol_pct_bal_loss=1,sl_pct=1", "/vol_pct_bal_loss unsupported_unit"],
    ["buy,EURUSD,vol_pct_bal_margin=1", "/vol_pct_bal_margin unsupported_unit"],
    ["buy,EURUSD,risk=1,trailtrig=10", "/trailtrig unsupported_parameter"],
    ["buy,EURUSD,risk=1,atrperiod=14", "/atrperiod unsupported_parameter"],
    ["buy,EURUSD,risk=1,betrigger=10", "/betrigger unsupported_parameter"],
    ["buy,EURUSD,risk=1,spread=2", "/spread unsupported_condition"],
    ["buy,EURUSD,risk=1,accfilter=500", "/accfilter unsupported_condition"],
    ["closelong,EURUSD,comment=mine", "/comment unsupported_condition"],
    ["cancellong,EURUSD,comment=mine", "/comment unsupported_condition"],
    ["closelong,EURUSD,sl_price=1", "/sl_price unexpected_parameter"],
    ["closelong,EURUSD,risk=1", "/risk unexpected_parameter"],
    ["buy,EURUSD,risk=1,entry_price=1", "/entry_price unexpected_parameter"],
    ["eaoff,eaoff,risk=1", "/risk unexpected_parameter"],
    ["buy,EURUSD,risk=1,volume=1", "/volume unknown_parameter"],
    ["buy,EURUSD,risk=1,", "/4 malformed_parameter"],
    ["buy,EURUSD,sell", "/3 malformed_parameter"],
    ["buy,EURUSD,risk=1,risk=1", "/risk duplicate_parameter"],
    ["buy,EURUSD,risk=1,vol_lots=1", "/vol_lots conflicting_parameters"],
    ["buy,EURUSD,risk=1,sl_price=1,sl_pct=1", "/sl_pct conflicting_parameters"],
    ["buy,EURUSD,risk=0", "/risk invalid_number"],
    ["buy,EURUSD,risk=-1", "/risk invalid_number"],
    ["buy,EURUSD,risk=", "/risk invalid_number"],
    ["buy,EURUSD,risk=1e3", "/risk invalid_number"],
    ["buy,EURUSD,risk=1,sl_price={{close}}", "/sl_price invalid_number"],
    ["buylimit,EURUSD,risk=1", "/entry_price missing_price"],
    ["closelongvol,EURUSD", "/vol_lots missing_size"],
    ["buy,EURUSD,vol_dollar=50", "/sl_price stop_loss_required"],
    ["buy", "/symbol missing_symbol"],
    ["closelong,", "/symbol missing_symbol"],
    ["buy,{{ticker}},risk=1", "/symbol invalid_symbol"],
    ["buy,EUR USD,risk=1", "/symbol invalid_symbol"],
    ["hold,EURUSD", "/command unknown_command"],
    ["constructor,EURUSD", "/command unknown_command"],
    ["newsltplong,EURUSD,sl_price=1", "/command unsupported_command"],
    ["closelongpct,EURUSD", "/command unsupported_command"],
    ["eaon,eaon", "/command cannot_release"],
  ])("%s: %s", (text, error) => {
    expect(errorsOf(text)).toEqual([error]);
  });

  it("for a second command in the same text", () => {
    expect(errorsOf("buy,EURUSD,risk=1\n60123456789,sell,EURUSD")).toEqual([
      "/4 malformed_parameter",
      "/5 malformed_parameter",
      "/risk invalid_number",
    ]);
    expect(errorsOf("closelong,EURUSD\n60123456789,closeall")).toEqual([
      "/symbol invalid_symbol",
      "/3 malformed_parameter",
    ]);
  });

  it("for a size by risk in the settings without a stop loss", () => {
    expect(errorsOf("buy,EURUSD,risk=1", "risk_percent")).toEqual(["/sl_price stop_loss_required"]);
    expect(errorsOf("buy,EURUSD,risk=1", "percent_of_equity")).toEqual([]);
  });

  it("for everything that is wrong with it at once", () => {
    expect(errorsOf("buy,,risk=x,sl=50,spread=2")).toEqual([
      "/symbol missing_symbol",
      "/sl ambiguous_unit",
      "/spread unsupported_condition",
      "/risk invalid_number",
    ]);
  });

  it("for more fields than there are parameters", () => {
    expect(errorsOf(`buy,EURUSD${",risk=1".repeat(100)}`)).toEqual([" too_many_parameters"]);
  });
});

describe("PineConnector's text", () => {
  it.each([
    "60123456789,buy,AUDUSD,risk=0.1",
    "  60123456789 , closelong , GBPUSD\r\n",
    "6012345678901,CLS+OL,EURUSD",
    "60123456789,buyy,AUDUSD",
    "60123456789,buy",
    "'60123456789,buy,AUDUSD'",
  ])("is recognised: %j", (text) => {
    expect(pineConnector.matches(bodyOf(text))).toBe(true);
  });

  it.each([
    "",
    "12345,buy,AUDUSD",
    "buy,60123456789,AUDUSD",
    "60123456789;buy;AUDUSD",
    "60123456789,,AUDUSD",
    "60123456789,1,2",
    "abc,buy,AUDUSD",
    "60123456789,buy,X,comment=a(b) { market(side=buy, amount=1); }",
  ])("is something else: %j", (text) => {
    expect(pineConnector.matches(bodyOf(text))).toBe(false);
  });

  it("loses no parameter: each is in what is read, or refused, or told", () => {
    const parameter = fc.tuple(
      fc.constantFrom("risk", "vol_lots", "sl_price", "sl_pct", "tp_price", "entry_price", "comment", "spread", "sl"),
      fc.integer({ min: 1001, max: 9999 }).map(String),
    );
    const command = fc.constantFrom("buy", "sellstop", "closelong", "closelongvol", "cancelshort", "cls+ol", "eaoff");
    fc.assert(
      fc.property(command, fc.array(parameter, { maxLength: 5 }), (word, parameters) => {
        const reading = read([word, "AAPL", ...parameters.map((parts) => parts.join("="))].join(","));
        if (!reading.ok) return;
        const { instructions, notices } = reading.value;
        const told = new Set(notices.map(({ pointer }) => pointer));
        for (const [name, value] of parameters) {
          expect(JSON.stringify(instructions).includes(`"${value}"`) || told.has(`/${name}`)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
