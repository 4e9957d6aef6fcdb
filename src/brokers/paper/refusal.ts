// Every way the venue says no, and Alpaca's status and code for each.
import type { Decimal } from "../../domain/money.ts";
import { assertNever } from "../../domain/result.ts";
import type { VenueOrderStatus } from "./order.ts";

export type Refusal =
  | { readonly reason: "unauthorized" }
  | { readonly reason: "unknown_path" }
  | { readonly reason: "unknown_method" }
  | { readonly reason: "too_large"; readonly bytesMax: number }
  | { readonly reason: "unreadable" }
  | { readonly reason: "invalid"; readonly message: string }
  /** Parts of an order that do not go together. */
  | { readonly reason: "inconsistent"; readonly message: string }
  | { readonly reason: "not_allowed"; readonly message: string }
  | { readonly reason: "leg_price"; readonly message: string; readonly basePrice: Decimal }
  | { readonly reason: "duplicate_client_order_id" }
  | { readonly reason: "insufficient_buying_power"; readonly buyingPower: Decimal; readonly costBasis: Decimal }
  | { readonly reason: "too_many_open_orders"; readonly openOrdersMax: number }
  | { readonly reason: "not_found"; readonly message: string }
  | { readonly reason: "not_cancelable"; readonly status: VenueOrderStatus };

/** `code` is missing where Alpaca's own routing layer, which knows no codes, would have answered. */
export type ErrorAnswer = {
  readonly status: number;
  readonly body: { readonly code?: number; readonly message: string } & Readonly<Record<string, unknown>>;
};

const answer = (status: number, code: number, message: string, extras: Record<string, string> = {}): ErrorAnswer => ({
  status,
  body: { code, message, ...extras },
});

export function toErrorAnswer(refusal: Refusal): ErrorAnswer {
  switch (refusal.reason) {
    case "unauthorized":
      return answer(401, 40_110_000, "request is not authorized");
    case "unknown_path":
      // Not 40410000: a client that asks a wrong path must not read that its order does not exist.
      return { status: 404, body: { message: "endpoint not found" } };
    case "unknown_method":
      return { status: 405, body: { message: "method not allowed" } };
    case "too_large":
      return { status: 413, body: { message: `the request body may have ${refusal.bytesMax} bytes` } };
    case "unreadable":
      return answer(400, 40_010_000, "request body format is invalid");
    case "invalid":
      return answer(422, 42_210_000, refusal.message);
    case "inconsistent":
      return answer(422, 40_010_001, refusal.message);
    case "not_allowed":
      return answer(403, 40_310_000, refusal.message);
    case "leg_price":
      return answer(422, 42_210_000, refusal.message, { base_price: refusal.basePrice });
    case "duplicate_client_order_id":
      return answer(422, 40_010_001, "client_order_id must be unique");
    case "insufficient_buying_power":
      return answer(403, 40_310_000, "insufficient buying power", {
        buying_power: refusal.buyingPower,
        cost_basis: refusal.costBasis,
      });
    case "too_many_open_orders":
      return answer(403, 40_310_000, `too many open orders: at most ${refusal.openOrdersMax}`);
    case "not_found":
      return answer(404, 40_410_000, refusal.message);
    case "not_cancelable":
      return answer(422, 42_210_000, `order is already in "${refusal.status}" state`);
    default:
      return assertNever(refusal);
  }
}
