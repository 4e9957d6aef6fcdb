// The only way to the embedded venue's object: one venue per paper account.
import type { AccountId } from "../../domain/ids.ts";
import type { PaperVenueObject } from "./paper-venue-object.ts";

export const paperVenueStub = (env: Env, account: AccountId): DurableObjectStub<PaperVenueObject> =>
  env.PAPER_VENUES_DO.getByName(account);
