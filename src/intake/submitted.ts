// What an account answers to a signal.
import type { Order } from "../domain/order.ts";
import type { SignalReceipt } from "../domain/signal/receipt.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";

/** What came of a signal: of an order in the gateway's own format the order, of any other the receipt. */
export type Submitted = { readonly duplicate: boolean; readonly remaining: number; readonly limits: BucketLimits } & (
  | { readonly order: Order; readonly receipt?: undefined }
  | { readonly receipt: SignalReceipt; readonly order?: undefined }
);
