// A JSON value as an order, for every door that takes orders.
import type { FieldError } from "../domain/fields.ts";
import type { AccountId } from "../domain/ids.ts";
import { type Result, ok } from "../domain/result.ts";
import { type NativeOrder, readNativeOrder } from "../domain/signal/native.ts";
import { type InvalidFields, invalidFields } from "./json-body.ts";

export const UNKNOWN_ACCOUNT: FieldError = {
  pointer: "/account",
  code: "account_unknown",
  message: "no such account",
};

export function readOrder(json: unknown): Result<NativeOrder, InvalidFields> {
  const order = readNativeOrder(json);
  return order.ok ? order : invalidFields(order.error);
}

/** What is there for the one who asks. */
export type Asking = {
  readonly defaultAccount: AccountId;
  readonly isThere: (account: AccountId) => Promise<boolean>;
};

/** The account that a body names, or the default one. */
export async function accountNamed(
  named: AccountId | undefined,
  { defaultAccount, isThere }: Asking,
): Promise<Result<AccountId, InvalidFields>> {
  const account = named ?? defaultAccount;
  return (await isThere(account)) ? ok(account) : invalidFields([UNKNOWN_ACCOUNT]);
}
