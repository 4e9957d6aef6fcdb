// A signal that does not prove itself: one answer for every cause, and one mark against the address it came from. A signal that
// does prove itself is never asked about these.
import type { Context } from "hono";
import { addressSubject } from "../domain/client-address.ts";
import { limiterStub } from "../limiter/stub.ts";
import { log } from "../log.ts";
import { clientIpOf } from "./caller.ts";
import type { AppEnv } from "./env.ts";
import { failedTooOften } from "./over-limit.ts";
import { UNAUTHORIZED, problem } from "./problem.ts";

export async function refuseUnproven(c: Context<AppEnv>, cause: object): Promise<Response> {
  log("warn", "signal.unproven", { request_id: c.var.requestId, ...cause });
  const { retryAfterSec } = await limiterStub(c.env, addressSubject(clientIpOf(c))).fail();
  if (retryAfterSec === null) return problem(c, UNAUTHORIZED);
  return problem(c, failedTooOften(retryAfterSec));
}
