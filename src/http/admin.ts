// What the routes of the administration share.
import type { Context } from "hono";
import type * as z from "zod";
import { type FieldError } from "../domain/fields.ts";
import { type Result, assertNever } from "../domain/result.ts";
import type { StopLevel } from "../domain/trading-stop.ts";
import type { Made } from "../gateway/told.ts";
import { readFields, readJson } from "../intake/json-body.ts";
import type { AppEnv } from "./env.ts";
import { type Trouble, invalidRequest, notInForce, refuse } from "./problem.ts";
import { troubleOf } from "./refusal.ts";

/** The body as the schema has it. Ends the request where it is not. */
export async function readBody<T extends z.ZodType>(c: Context<AppEnv>, schema: T): Promise<z.output<T>> {
  const body = await readJson(c.req.raw);
  const read = body.ok ? readFields(schema, body.value.json) : body;
  return read.ok ? read.value : refuse(c, troubleOf(c, read.error));
}

export type AdminRefusal =
  | { readonly reason: "not_there" }
  | { readonly reason: "id_taken" }
  | { readonly reason: "too_many"; readonly max: number }
  | { readonly reason: "last_secret" }
  | { readonly reason: "fan_out_widened"; readonly accounts: readonly string[] }
  | { readonly reason: "secret_not_there" }
  | { readonly reason: "beyond_own_rights"; readonly errors: readonly FieldError[] }
  | { readonly reason: "credentials_refused"; readonly detail: string }
  | { readonly reason: "account_in_use" }
  | { readonly reason: "stop_of_higher_level"; readonly level: StopLevel }
  | { readonly reason: "venue_account_taken"; readonly account: string }
  | { readonly reason: "broker_silent"; readonly code: string };

/** The value, or the end of the request. */
export function mustDo<T>(c: Context<AppEnv>, done: Result<T, AdminRefusal>): T {
  return done.ok ? done.value : refuse(c, adminTroubleOf(done.error));
}

/** The same for a change that takes something away: it has to bind everybody. */
export function mustBind<T>(c: Context<AppEnv>, done: Result<Made<T>, AdminRefusal>): T {
  const { answer, untold } = mustDo(c, done);
  return untold.length === 0 ? answer : notTold(c, untold);
}

export function notTold(c: Context<AppEnv>, untold: readonly string[]): never {
  return refuse(c, notInForce(untold, "Send the same request again."));
}

function adminTroubleOf(refusal: AdminRefusal): Trouble {
  switch (refusal.reason) {
    case "not_there":
    case "secret_not_there":
      return { code: "not_found", detail: "Nothing has this id." };
    case "id_taken":
      return { code: "id_taken", detail: "Ids are never used again, not even after a deletion. Take another one." };
    case "too_many":
      return { code: "too_many", detail: `There are ${refusal.max} already. Delete one first.` };
    case "last_secret":
      return { code: "last_secret", detail: "Add another secret first, or disable the source." };
    case "fan_out_widened":
      return invalidRequest(
        refusal.accounts.map((account) => ({
          pointer: "/fan_out",
          code: "fan_out_widened",
          message: `${account}: cannot be put in, old signals would be fresh there; add a source that has it`,
        })),
      );
    case "beyond_own_rights":
      return { code: "beyond_own_rights", detail: "Nobody gives more than they have.", errors: refusal.errors };
    case "credentials_refused":
      return { code: "credentials_refused", detail: refusal.detail };
    case "venue_account_taken":
      return {
        code: "credentials_refused",
        detail: `Account ${refusal.account} is at this account of the broker already.`,
      };
    case "stop_of_higher_level":
      return {
        code: "stop_of_higher_level",
        detail: `Somebody with the rights of the ${refusal.level} has set it, and has to release it.`,
      };
    case "account_in_use":
      return { code: "account_in_use", detail: "Disable it first, and let its orders end." };
    case "broker_silent":
      return {
        code: "broker_silent",
        detail: `The broker could not be asked whether it takes the key (${refusal.code}). Nothing was stored; try again.`,
        headers: { "Retry-After": "15" },
      };
    default:
      return assertNever(refusal);
  }
}
