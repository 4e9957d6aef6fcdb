// GET /v1/accounts/{id}/circuit-breaker and POST …/reset: whether the way to the broker is open.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { CircuitBreakerView } from "../../domain/circuit-breaker.ts";
import { AccountId } from "../../domain/ids.ts";
import { namingSetting } from "../../intake/ask-account.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { troubleOf } from "../refusal.ts";

const request = { params: z.object({ id: AccountId.meta({ description: "The account." }) }) };
const refusals = guardedProblems("not_found", "invalid_request");

const getBreaker = createRoute({
  method: "get",
  path: "/v1/accounts/{id}/circuit-breaker",
  operationId: "getCircuitBreaker",
  summary: "Read the circuit breaker of an account's connection",
  description:
    "`closed`: every call goes out. `open`: the broker did not answer several times in a row, and only cancels and exits " +
    "go out. `half_open`: one call is out to find whether it is back.",
  ...guarded(["orders:read"]),
  request,
  responses: { 200: jsonOf(CircuitBreakerView, "As it stands."), ...refusals },
});

const resetBreaker = createRoute({
  method: "post",
  path: "/v1/accounts/{id}/circuit-breaker/reset",
  operationId: "resetCircuitBreaker",
  summary: "Close the circuit breaker of an account's connection",
  description: "For when you know that the broker is back. If it is not, the breaker opens again.",
  ...guarded(["admin:orders"], "circuit_breaker_reset"),
  request,
  responses: { 200: jsonOf(CircuitBreakerView, "Closed."), ...refusals },
});

export function mountCircuitBreaker(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getBreaker, async (c) => {
    const account = await knownAccount(c, c.req.valid("param").id);
    const breaker = namingSetting(account, await accountStub(c.env, account).circuitBreaker());
    if (!breaker.ok) refuse(c, troubleOf(c, breaker.error));
    return c.json(breaker.value, 200);
  });

  app.openapi(resetBreaker, async (c) => {
    const account = await knownAccount(c, c.req.valid("param").id);
    const breaker = namingSetting(account, await accountStub(c.env, account).resetCircuitBreaker(callerOf(c)));
    if (!breaker.ok) refuse(c, troubleOf(c, breaker.error));
    return c.json(breaker.value, 200);
  });
}
