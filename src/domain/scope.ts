// What a caller may do. Which accounts it may do it to is said elsewhere.
import * as z from "zod";

/** `admin:*` stands for every scope that begins so, also for those there will be. Nothing else stands for another. */
export const Scope = z
  .enum([
    "orders:read",
    "orders:write",
    "orders:cancel",
    "orders:approve",
    "audit:read",
    "kill",
    "admin:orders",
    "admin:accounts",
    "admin:sources",
    "admin:keys",
    "admin:vault",
    "admin:risk",
    "admin:*",
  ])
  .meta({ id: "Scope" });
export type Scope = z.infer<typeof Scope>;

/** Whether somebody who holds `held` may do what `needed` is for. */
export const grants = (held: readonly Scope[], needed: Scope): boolean =>
  held.includes(needed) || (needed.startsWith("admin:") && held.includes("admin:*"));

/**
 * Whether somebody who holds `held` has everything that is to be given. All scopes of administration that there are do not
 * add up to `admin:*`: it holds the next one too.
 */
export const isWithin = (scopes: { readonly given: readonly Scope[]; readonly held: readonly Scope[] }): boolean =>
  scopes.given.every((scope) => grants(scopes.held, scope));
