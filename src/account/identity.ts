// Which account an object is. A caller names the account; an alarm that wakes the object after a restart does not, so the
// first caller's word is kept.
import { AccountId } from "../domain/ids.ts";
import { assert } from "../domain/result.ts";

/** The object's account. `name` is what the platform says, where it does. */
export function identify(sql: SqlStorage, name: string | undefined): AccountId {
  const known = sql.exec<{ account: string }>("SELECT account FROM identity").toArray()[0]?.account;
  const account = known ?? name;
  assert(account !== undefined, "an account's object was woken before anybody named it");
  assert(name === undefined || name === account, "an account's object was given another name");
  if (known === undefined) sql.exec("INSERT INTO identity (id, account) VALUES (1, ?)", account);
  return AccountId.parse(account);
}
