// The only way from the outside to an account's object.
import type { AccountId } from "../domain/ids.ts";
import type { AccountObject } from "./account-object.ts";

/** An object never moves after its first use, so it is created where its broker is: Alpaca is in the east of North America. */
const LOCATION_HINT = "enam";

export const accountStub = (env: Env, account: AccountId): DurableObjectStub<AccountObject> =>
  env.ACCOUNTS_DO.getByName(account, { locationHint: LOCATION_HINT });
