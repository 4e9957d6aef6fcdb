// What Alpaca says of the account: its trades, what it holds, its money. Pure.
import type { BalancesEnding, IdentityEnding, VenueExecution, VenueHolding } from "../../domain/broker.ts";
import { ZERO, lessThan } from "../../domain/money.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { BrokerAnswer } from "../request.ts";
import { isSuccess, toResponse, unknown } from "./response.ts";
import { AlpacaAccount, AlpacaFill, AlpacaIdentity, AlpacaPosition } from "./wire.ts";

/** Reads one account activity of the type FILL. Its id names this trade and no other one. */
export function toExecution(body: unknown): Result<VenueExecution, "unreadable_execution"> {
  const fill = AlpacaFill.safeParse(body);
  if (!fill.success) return err("unreadable_execution");
  const { id, order_id, qty, price, transaction_time } = fill.data;
  return ok({
    execution_id: id,
    venue_order_id: order_id,
    quantity: qty,
    price,
    executed_at_ms: transaction_time,
  });
}

/** Reads one position. A long one with fewer than no units, or a short one with more, contradicts itself. */
export function toHolding(body: unknown): Result<VenueHolding, "unreadable_position"> {
  const position = AlpacaPosition.safeParse(body);
  if (!position.success) return err("unreadable_position");
  const { symbol, asset_class, side, qty, avg_entry_price, market_value } = position.data;
  if (qty !== ZERO && lessThan(qty, ZERO) !== (side === "short")) return err("unreadable_position");
  return ok({
    symbol: asset_class === "crypto" ? toPair(symbol) : symbol,
    quantity: qty,
    average_price: avg_entry_price,
    market_value,
  });
}

/** What crypto is quoted in at Alpaca. None of them ends like another one. */
const QUOTE_CURRENCIES = ["USD", "USDT", "USDC", "BTC"];

/**
 * Orders name a pair `BTC/USD`, positions name it `BTCUSD`. A pair in a currency that is not known stays as it is, and is
 * then no symbol that an order of ours can have.
 */
function toPair(symbol: string): string {
  if (symbol.includes("/")) return symbol;
  const quote = QUOTE_CURRENCIES.find((currency) => symbol.endsWith(currency) && symbol !== currency);
  return quote === undefined ? symbol : `${symbol.slice(0, -quote.length)}/${quote}`;
}

/** How `GET /v2/account` ended. */
export function toBalancesEnding(answer: BrokerAnswer, nowMs: number): BalancesEnding {
  const response = toResponse(answer, nowMs);
  if (!response.ok) return response.error;
  if (!isSuccess(response.value)) return unknown(`http_${response.value.status}`);
  const balances = AlpacaAccount.safeParse(response.value.body);
  return balances.success ? { ending: "read", balances: balances.data } : unknown("unreadable_account");
}

/** How `GET /v2/account` ended, asked in order to find out whose account it is. */
export function toIdentityEnding(answer: BrokerAnswer, nowMs: number): IdentityEnding {
  const response = toResponse(answer, nowMs);
  if (!response.ok) return response.error;
  const { status, body } = response.value;
  if (status === 401 || status === 403) return { ending: "refused" };
  if (!isSuccess(response.value)) return unknown(`http_${status}`);
  const identity = AlpacaIdentity.safeParse(body);
  if (!identity.success) return unknown("unreadable_account");
  const { account_number, status: standing, trading_blocked, account_blocked } = identity.data;
  return {
    ending: "identified",
    venue_account: account_number,
    is_paper: account_number.startsWith("PA"),
    blocked: standing !== "ACTIVE" ? standing : trading_blocked || account_blocked ? "blocked" : null,
  };
}
