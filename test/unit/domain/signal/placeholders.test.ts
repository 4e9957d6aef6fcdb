import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unresolvedPlaceholders } from "../../../../src/domain/signal/placeholders.ts";

describe("the placeholders left in a body", () => {
  it.each<[string, readonly string[]]>([
    ["buy 10 {{ticker}}", ["{{ticker}}"]],
    ['{"action":"{{strategy.order.action}}","price":{{close}}}', ["{{strategy.order.action}}", "{{close}}"]],
    ['stop at {{plot("RSI")}} or {{plot_0}}', ['{{plot("RSI")}}', "{{plot_0}}"]],
    [String.raw`{"rsi":"{{plot(\"RSI 14\")}}"}`, ['{{plot("RSI 14")}}']],
    ["{{ strategy.order.actoin }}", ["{{strategy.order.actoin}}"]],
    ['{"ticker":"%alert_symbol%","price":"%last_price%"}', ["%alert_symbol%", "%last_price%"]],
    ["%bot_symbol% {{ticker}} %bot_status%", ["%bot_symbol%", "{{ticker}}", "%bot_status%"]],
    ["{{close}} {{open}} {{close}}", ["{{close}}", "{{open}}"]],
    ["{{{close}}}", ["{{close}}"]],
  ])("of %s are %j", (body, names) => {
    expect(unresolvedPlaceholders(body)).toEqual(names);
  });

  it.each([
    "",
    "buy 10 AAPL",
    '{"a":{"b":{"c":1}}}',
    "MyKeys(XBTUSD) { market(side=buy, amount=50%%); }",
    "100% sure, 5% down and 50%p",
    "%unknown_name%",
    '{"symbol":"{stock}"}',
    "{{}}",
    "{{1}}",
    "{{close}",
    "{{clo\nse}}",
  ])("are none in %j", (body) => {
    expect(unresolvedPlaceholders(body)).toEqual([]);
  });

  it("are named up to twenty, in the order in which they appear", () => {
    const names = Array.from({ length: 50 }, (_, index) => `{{plot_${index}}}`);
    expect(unresolvedPlaceholders(names.join(" "))).toEqual(names.slice(0, 20));
  });

  it("are found wherever they stand between other text", () => {
    const between = fc.string().map((text) => text.replaceAll(/[{}%]/g, ""));
    const placeholder = fc.constantFrom("{{close}}", "{{strategy.market_position}}", "%last_price%", '{{plot("A b")}}');
    fc.assert(
      fc.property(fc.array(fc.tuple(between, placeholder), { maxLength: 19 }), (parts) => {
        const body = parts.map((part) => part.join("")).join("");
        expect(unresolvedPlaceholders(body)).toEqual([...new Set(parts.map(([, name]) => name))]);
      }),
    );
  });

  it.each(["{", "{{", "{{a", "{{ ", '{{plot("', "%alert_", "%", '{{a("b', "{{a.", "}}"])(
    "are looked for in 64 KiB of %j in no time",
    (piece) => {
      const body = piece.repeat(65_536 / piece.length);
      const startMs = performance.now();
      expect(unresolvedPlaceholders(body)).toEqual([]);
      expect(performance.now() - startMs).toBeLessThan(1000);
    },
  );
});
