// Whether this Node runs wrangler, which runs the gateway. Pure.
import { type Check, failed, passed } from "../../domain/check.ts";

/** `range`: as wrangler's package.json has it under `engines`, a least version. */
export function checkNode(version: string, range: string | undefined): Check {
  const least = /^>=\s*(\d+(?:\.\d+){0,2})$/.exec(range ?? "")?.[1];
  if (least === undefined) {
    return failed("local.node", "Wrangler is not installed, or does not say which Node it needs.", "npm ci");
  }
  return isAtLeast(version, least)
    ? passed("local.node", `Node ${version}; wrangler needs ${least} or later.`)
    : failed(
        "local.node",
        `Node ${version} is too old: wrangler needs ${least} or later.`,
        "npm ci brings the right one.",
      );
}

function isAtLeast(version: string, least: string): boolean {
  const [wanted, given] = [least, version].map((text) => text.split(".").map(Number));
  for (const [at, part] of (wanted ?? []).entries()) {
    const has = given?.[at] ?? 0;
    if (has !== part) return has > part;
  }
  return true;
}
