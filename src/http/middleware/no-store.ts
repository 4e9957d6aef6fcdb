// Answers tell of accounts and money, or change with the next deployment: nobody keeps a copy of any.
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../env.ts";

export const noStore: MiddlewareHandler<AppEnv> = async function noStore(c, next) {
  await next();
  c.header("Cache-Control", "no-store");
};
