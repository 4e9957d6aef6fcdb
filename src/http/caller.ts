// Who asks, in the audit log.
import type { Context } from "hono";
import { isAddress } from "../domain/client-address.ts";
import type { AppEnv } from "./env.ts";
import type { Caller } from "../account/caller.ts";

export const callerOf = (c: Context<AppEnv>): Caller => ({
  actor: { kind: c.var.principal.kind, id: c.var.principal.id },
  requestId: c.var.requestId,
  clientIp: clientIpOf(c),
});

/** As Cloudflare saw it, and from no other header; `null` where nobody did, or what is there is no address. */
export function clientIpOf(c: Context<AppEnv>): string | null {
  const ip = c.req.header("CF-Connecting-IP");
  return ip !== undefined && isAddress(ip) ? ip : null;
}
