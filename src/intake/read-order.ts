// A JSON value as an order, for every door that takes orders.
import type { Config } from "../config.ts";
import type { FieldError } from "../domain/fields.ts";
import type { AccountId } from "../domain/ids.ts";
import { type Result, ok } from "../domain/result.ts";
import { type NativeOrder, readNativeOrder } from "../domain/signal/native.ts";
import { type InvalidFields, invalidFields } from "./json-body.ts";

export const UNKNOWN_ACCOUNT: FieldError = { pointer: "/account", message: "no such account" };

export function readOrder(json: unknown): Result<NativeOrder, InvalidFields> {
  const order = readNativeOrder(json);
  return order.ok ? order : invalidFields(order.error);
}

/** The account that a body names, or the default one. */
export function accountNamed(named: AccountId | undefined, config: Config): Result<AccountId, InvalidFields> {
  const account = named ?? config.DEFAULT_ACCOUNT;
  return config.ACCOUNTS[account] === undefined ? invalidFields([UNKNOWN_ACCOUNT]) : ok(account);
}
