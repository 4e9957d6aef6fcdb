import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { ReadOptions, Reading } from "../../../../src/domain/signal/format.ts";
import { alertatron } from "../../../../src/domain/signal/formats/alertatron/format.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";

const OPTIONS: ReadOptions = { sizeUnit: "quantity", loosening: "refuse" };

const bodyOf = (text: string) => ({ text, json: undefined });

const read = (text: string) => alertatron.read(bodyOf(text), OPTIONS);

function readingOf(text: string): Reading {
  const reading = read(text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.error));
  return reading.value;
}

/** Pointer and code of everything that is wrong. */
function errorsOf(text: string): readonly string[] {
  const reading = read(text);
  return reading.ok ? [] : reading.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

const inBlock = (commands: string) => `MyKeys(XBTUSD) { ${commands} }\n#bot`;

const instructionsOf = (commands: string): readonly Instruction[] => readingOf(inBlock(commands)).instructions;

const at = (price: string) => ({ at: decimalOf(price) });
const percent = (distance: string) => ({ distance: decimalOf(distance), unit: "percent" });

describe("an Alertatron command", () => {
  const symbol = "XBTUSD";
  const hundred = { by: "quantity", value: "100" };

  it.each<[string, object]>([
    ["market(side=buy, amount=100);", { action: "buy", symbol, size: hundred, type: "market" }],
    ["MARKET( Side = Sell , AMOUNT = 100 )", { action: "sell", symbol, size: hundred, type: "market" }],
    ["market(side=\"buy\", amount='100');", { action: "buy", symbol, size: hundred, type: "market" }],
    [
      "market(side=sell, amount=100, reduceOnly=true);",
      { action: "sell", symbol, size: hundred, type: "market", reduce_only: true },
    ],
    ["market(position=0);", { action: "target", symbol, position: "0", type: "market" }],
    ["market(position=-50);", { action: "target", symbol, position: "-50", type: "market" }],
    [
      "limit(side=buy, amount=100, offset=1%);",
      { action: "buy", symbol, size: hundred, type: "limit", limit_price: percent("1") },
    ],
    [
      "limit(side=sell, amount=50%p, offset=25, reduceOnly=true, postOnly=false, tag=tp1);",
      {
        action: "sell",
        symbol,
        size: { by: "percent_of_position", value: "50" },
        type: "limit",
        limit_price: { distance: "25", unit: "amount" },
        reduce_only: true,
      },
    ],
    [
      "limit(position=0, offset=@64000.5);",
      { action: "target", symbol, position: "0", type: "limit", limit_price: at("64000.5") },
    ],
    [
      "limit(side=buy, amount=100, offset=0);",
      { action: "buy", symbol, size: hundred, type: "limit", limit_price: { distance: "0", unit: "amount" } },
    ],
    [
      "stopOrder(side=sell, amount=100, offset=2%);",
      { action: "sell", symbol, size: hundred, type: "stop", stop_price: percent("2"), reduce_only: true },
    ],
    [
      "stopMarket(side=sell, amount=100, offset=@60000, trigger=last, reduceOnly=false);",
      { action: "sell", symbol, size: hundred, type: "stop", stop_price: at("60000"), reduce_only: false },
    ],
    [
      "stopLimit(side=sell, amount=100, offset=@60000, limitOffset=@59900);",
      {
        action: "sell",
        symbol,
        size: hundred,
        type: "stop_limit",
        stop_price: at("60000"),
        limit_price: at("59900"),
        reduce_only: true,
      },
    ],
    ["cancel(which=all);", { action: "cancel", symbol }],
    ["cancel(which=buy);", { action: "cancel", symbol, side: "buy" }],
    ["Cancel(Which=Sell)", { action: "cancel", symbol, side: "sell" }],
  ])("%s", (command, instruction) => {
    expect(instructionsOf(command)).toEqual([instruction]);
  });

  it.each([
    ["1000", "quantity", "1000"],
    ["0.5", "quantity", "0.5"],
    ["50%", "percent_of_equity", "50"],
    ["50%b", "percent_of_equity", "50"],
    ["50%%", "percent_of_buying_power", "50"],
    ["50%a", "percent_of_buying_power", "50"],
    ["50%P", "percent_of_position", "50"],
  ])("of amount=%s is by %s", (amount, by, value) => {
    expect(instructionsOf(`market(side=buy, amount=${amount});`)).toMatchObject([{ size: { by, value } }]);
  });
});

describe("an Alertatron text", () => {
  it("is done command by command, block by block", () => {
    const text = `Golden cross, going long!
      MyKeys(NASDAQ:AAPL) {
        # out of the way first
        cancel(which=all);
        market(position=10)
        stopOrder(position=0, offset=@180);;
      }
      some more words
      MyKeys (MSFT)
      {market(side=sell,amount=5)}
      #bot #telegram`;
    const { instructions, account, format } = readingOf(text);
    expect(instructions).toMatchObject([
      { action: "cancel", symbol: "NASDAQ:AAPL" },
      { action: "target", symbol: "NASDAQ:AAPL", position: "10" },
      { action: "target", symbol: "NASDAQ:AAPL", position: "0", type: "stop" },
      { action: "sell", symbol: "MSFT" },
    ]);
    expect({ account, format }).toEqual({ account: "MyKeys", format: "alertatron" });
  });

  it("names its signal by its tag, and by none where there are several", () => {
    const tagged = (tag: string) => `limit(side=buy, amount=1, offset=1, tag=${tag});`;
    const same = readingOf(inBlock(tagged("entry") + tagged("entry")));
    expect([same.circumstances.orderName, same.client_order_id, same.notices]).toEqual(["entry", undefined, []]);
    const several = readingOf(inBlock(tagged("entry") + tagged("exit")));
    expect(several.circumstances.orderName).toBeUndefined();
    expect(several.notices.map(({ code }) => code)).toEqual(["tags_not_used"]);
  });

  it.each([
    ["wait(5m);", "/0/0 unsupported_command"],
    ["continue(if=positionLong);", "/0/0 unsupported_command"],
    ["trailingStop(side=sell, amount=1, offset=1%);", "/0/0 unsupported_command"],
    ["scaled(from=1, to=2);", "/0/0 unsupported_command"],
    ["aggressive(position=10);", "/0/0 unsupported_command"],
    ["stopOrTakeProfit(tp=@2, sl=@1, position=0);", "/0/0 unsupported_command"],
    ["exchangeSettings(position=oneWay);", "/0/0 unsupported_command"],
    ["balance();", "/0/0 unsupported_command"],
    ["constructor();", "/0/0 unsupported_command"],
    ["market(amount=1);", "/0/0/side missing_argument"],
    ["market(side=buy);", "/0/0/amount missing_argument"],
    ["market(side=long, amount=1);", "/0/0/side unsupported_value"],
    ["market(side=buy, amount=0);", "/0/0/amount invalid_amount"],
    ["market(side=buy, amount=-5);", "/0/0/amount invalid_amount"],
    ["market(side=buy, amount=1btc);", "/0/0/amount invalid_amount"],
    ["market(side=buy, amount=50%c);", "/0/0/amount invalid_amount"],
    ["market(side=buy, amount=);", "/0/0/amount invalid_amount"],
    ["market(position=50%);", "/0/0/position unsupported_value"],
    ["market(position=100%a);", "/0/0/position unsupported_value"],
    ["market(position=1, amount=1);", "/0/0/amount conflicting_arguments"],
    ["market(position=1, side=buy);", "/0/0/side conflicting_arguments"],
    ["market(side=buy, amount=1, reduceOnly=yes);", "/0/0/reduceonly unsupported_value"],
    ["market(side=buy, amount=1, reduceonyl=true);", "/0/0 unknown_argument"],
    ["market(side=buy, amount=1, offset=1%);", "/0/0 unknown_argument"],
    ["market(side=buy, amount=1, amount=2);", "/0/0/amount duplicate_argument"],
    ["market(buy, side=buy, amount=1);", "/0/0 malformed_argument"],
    ["market(side=buy, amount=1,);", "/0/0 malformed_argument"],
    ["limit(side=buy, amount=1);", "/0/0/offset missing_argument"],
    ["limit(side=buy, amount=1, offset=e1%);", "/0/0/offset unsupported_offset"],
    ["limit(side=buy, amount=1, offset=-1%);", "/0/0/offset unsupported_offset"],
    ["limit(side=buy, amount=1, offset=@0);", "/0/0/offset invalid_price"],
    ["limit(side=buy, amount=1, offset=1, postOnly=true);", "/0/0/postonly unsupported_value"],
    ["limit(side=buy, amount=1, offset=1, tag=a b);", "/0/0/tag invalid_tag"],
    ["stopOrder(side=sell, amount=1, offset=0);", "/0/0/offset unsupported_offset"],
    ["stopOrder(side=sell, amount=1, offset=1, trigger=mark);", "/0/0/trigger unsupported_value"],
    ["stopOrder(side=sell, amount=1, offset=1, limitOffset=1%);", "/0/0/limitoffset unsupported_offset"],
    ["stopOrder(side=sell, amount=1, stop=e-1%, offset=1);", "/0/0 unknown_argument"],
    ["stopLimit(side=sell, amount=1, offset=1);", "/0/0/limitoffset missing_argument"],
    ["stopMarket(side=sell, amount=1, offset=1, limitOffset=@1);", "/0/0 unknown_argument"],
    ["cancel();", "/0/0/which missing_argument"],
    ["cancel(which=session);", "/0/0/which unsupported_value"],
    ["cancel(which=all, tag=a);", "/0/0/tag unsupported_argument"],
    ["market side=buy;", "/0/0 malformed_command"],
    [`market(${"a=1,".repeat(20)}side=buy);`, "/0/0 malformed_command"],
    ["market(side=buy, amount=1; cancel(which=all);", "/0/0 malformed_command"],
    ["market(side=buy, amount={{strategy.order.contracts}});", "/0/0 malformed_command"],
    ["cancel(which=all); market(side='buy, amount=1);", "/0/1 malformed_command"],
    ["cancel(which=all) !", "/0/1 malformed_command"],
    ["", "/0 no_command"],
  ])("is refused for %s", (command, error) => {
    expect(errorsOf(inBlock(command))).toContain(error);
  });

  it.each([
    ["MyKeys(AAPL) { cancel(which=all); } Other(AAPL) { cancel(which=all); }", ["/1 several_accounts"]],
    ["MyKeys(AAPL) { cancel(which=all); } mykeys(AAPL) { cancel(which=all); }", ["/1 several_accounts"]],
    ["MyKeys() { cancel(which=all); }", ["/0 invalid_symbol"]],
    ["MyKeys(AAPL, MSFT) { cancel(which=all); }", ["/0 invalid_symbol"]],
    ["MyKeys(AAPL) { cancel(which=all);", ["/0 unclosed_block"]],
    ["MyKeys(AAPL) { cancel(which=all); # }", ["/0 unclosed_block"]],
    ["MyKeys(AAPL) { cancel(which=all); } }", ["/1 stray_brace"]],
    ["MyKeys(AAPL) { cancel(which=all); } MyKeys AAPL { market(side=buy, amount=1); }", ["/1 stray_brace"]],
    ["Going long {!} MyKeys(AAPL) { cancel(which=all); }", ["/0 stray_brace"]],
    ["MyKeys({{ticker}}) { cancel(which=all); }", ["/0 stray_brace"]],
    ["nothing at all", [" no_command"]],
    ["", [" no_command"]],
  ])("is refused as a whole: %s", (text, errors) => {
    expect(errorsOf(text)).toEqual(errors);
  });

  it("is refused for everything that is wrong with its commands at once", () => {
    const text = "A(AAPL) { wait(5m); market(side=up, amount=x); } B(MS FT) { cancel(); }";
    expect(errorsOf(text)).toEqual([
      "/0/0 unsupported_command",
      "/0/1/side unsupported_value",
      "/0/1/amount invalid_amount",
      "/1 several_accounts",
      "/1 invalid_symbol",
      "/1/0/which missing_argument",
    ]);
  });

  it("holds twenty commands at most, in all of its blocks", () => {
    const blocks = (count: number) => `K(AAPL) { ${"cancel(which=all); ".repeat(count)} }`;
    expect(readingOf(blocks(20)).instructions).toHaveLength(20);
    expect(errorsOf(blocks(21))).toEqual(["/0/20 too_many_commands"]);
    expect(errorsOf(blocks(12) + blocks(9))).toEqual(["/1/8 too_many_commands"]);
    expect(errorsOf("K(AAPL) {}".repeat(21))).toEqual(["/20 too_many_commands"]);
  });
});

describe("Alertatron's language", () => {
  it.each([
    "MyKeys(XBTUSD) { market(side=buy, amount=100); } #bot",
    "Buy! MyKeys(XBTUSD) {",
    "my-keys_2 ( XBTUSD )\n{ wait(5m) }",
    "MyKeys({{ticker}}) { cancel(which=all); }",
    "{!} MyKeys(AAPL) { cancel(which=all); }",
  ])("is recognised: %j", (text) => {
    expect(alertatron.matches(bodyOf(text))).toBe(true);
  });

  it.each([
    "",
    "market(side=buy, amount=100);",
    "MyKeys { cancel(which=all); }",
    "(AAPL) { }",
    "MyKeys(AAPL)",
    "{}",
    "buy 10 AAPL",
  ])("is something else: %j", (text) => {
    expect(alertatron.matches(bodyOf(text))).toBe(false);
  });

  it("is not in JSON, whatever it holds", () => {
    const json = { message: "MyKeys(AAPL) { cancel(which=all); }" };
    expect(alertatron.matches({ text: JSON.stringify(json), json })).toBe(false);
  });

  it("is read as it is meant, however it is spaced and whatever stands around it", () => {
    const free = fc.string().map((text) => text.replaceAll(/[{}]/g, ""));
    const blank = fc.constantFrom("", " ", "\n", "\t ", "\r\n");
    const side = fc.constantFrom("buy", "sell");
    const value = fc.integer({ min: 1, max: 10 ** 9 }).map((cents) => decimalOf((cents / 100).toFixed(2)));
    const order = fc.tuple(side, value, value).map(([action, amount, price]) => ({
      words: ["limit", "(", "side", "=", action, ",", "amount", "=", amount, ",", "offset", "=", `@${price}`, ")", ";"],
      instruction: {
        action,
        symbol: "AAPL",
        size: { by: "quantity", value: amount },
        type: "limit",
        limit_price: { at: price },
      },
    }));
    fc.assert(
      fc.property(fc.array(order, { minLength: 1, maxLength: 20 }), free, free, blank, (orders, before, after, gap) => {
        const commands = orders.flatMap(({ words }) => words);
        const text = `${before} ${["Key", "(", "AAPL", ")", "{", ...commands, "}"].join(gap)}${after}`;
        expect(alertatron.matches(bodyOf(text))).toBe(true);
        expect(readingOf(text)).toMatchObject({ account: "Key", instructions: orders.map((each) => each.instruction) });
      }),
    );
  });

  it("loses no command: one that is unknown refuses all of them, wherever it stands", () => {
    const known = fc.constant("cancel(which=all);");
    const others = fc.array(known, { maxLength: 9 });
    fc.assert(
      fc.property(others, fc.stringMatching(/^[a-z]{1,9}x$/), others, (before, name, after) => {
        const text = inBlock([...before, `${name}(a=1);`, ...after].join(" "));
        expect(errorsOf(text)).toEqual([`/0/${before.length} unsupported_command`]);
      }),
    );
  });
});
