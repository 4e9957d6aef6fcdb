// Finds the placeholders that the sender's platform should have replaced with values and has not: a misspelt one, or one that
// the kind of alert does not have. What is left in a body is no symbol, no number and no side.

const NAMES_MAX = 20;

/** `{{close}}`, `{{strategy.order.action}}`, `{{plot("RSI")}}`, known or not: TradingView leaves a misspelt one as it is. */
const TRADINGVIEW = /\{\{\s{0,8}(?<name>[A-Za-z_][\w.]{0,63}(?:\(\\?"[^"\\{}\r\n]{1,64}\\?"\))?)\s{0,8}\}\}/;

/** Those of TrendSpider's alerts and of its bots; a pair of percent signs alone says nothing. */
const TRENDSPIDER =
  /%(?:alert_name|alert_symbol|alert_note|price_action_event|last_price|bot_name|bot_symbol|bot_timeframe|bot_status)%/;

// Every repetition has a bound, so that the work is a small multiple of the text's length whatever the text is.
const PLACEHOLDER = new RegExp(`${TRADINGVIEW.source}|${TRENDSPIDER.source}`, "g");

/** The placeholders left in a body, spelled as there, in the order in which they appear, each once, the first 20 of them. */
export function unresolvedPlaceholders(text: string): readonly string[] {
  const found = new Set<string>();
  for (const { 0: spelled, groups } of text.matchAll(PLACEHOLDER)) {
    const name = groups?.["name"];
    // Inside a JSON text the quotes of a plot's name have a backslash each.
    found.add(name === undefined ? spelled : `{{${name.replaceAll("\\", "")}}}`);
    if (found.size === NAMES_MAX) break;
  }
  return [...found];
}
