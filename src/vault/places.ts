// The places at which something is sealed. What is sealed for one opens at no other.
import type { AccountId, OrderId } from "../domain/ids.ts";
import type { Place } from "./place.ts";

/** An account's key at its broker. */
export const credentialsPlace = (account: AccountId): Place => ({
  table: "broker_connections",
  row: account,
  field: "credentials",
});

/** A source's signing secret. */
export const secretPlace = (secretId: string): Place => ({ table: "source_secrets", row: secretId, field: "secret" });

/** What an approval link carries: it is sealed for one order, and stored nowhere. */
export const approvalLinkPlace = (order: OrderId): Place => ({ table: "orders", row: order, field: "approval_link" });
