// API keys that need somebody soon. Pure; names keys by their ids, which are public.
import type { ApiKey } from "../domain/access.ts";
import { counted, listed, passed, warned } from "../domain/check.ts";
import type { GatewayCheck } from "./gateway-checks.ts";

/** Enough to make another key and to move over. */
const EXPIRES_SOON_MS = 14 * 86_400_000;

type KeyFacts = Pick<ApiKey, "id" | "status" | "expires_at" | "rotation_due">;

/** A key that is disabled, deleted or past its end opens nothing, and waits for nobody. */
export function checkApiKeys(keys: readonly KeyFacts[], nowMs: number): GatewayCheck[] {
  const live = keys.filter((key) => key.status === "active" && leftMs(key, nowMs) > 0);
  const ending = live.filter((key) => leftMs(key, nowMs) <= EXPIRES_SOON_MS);
  const due = live.filter((key) => key.rotation_due);
  return [
    ending.length > 0
      ? warned(
          "api_keys.expiry",
          `${counted(ending.length, "key")} will expire within 14 days: ${namesOf(ending)}.`,
          "Make the next one and move over: npx sallyport rotate key KEY",
        )
      : passed("api_keys.expiry", "No key expires within 14 days."),
    due.length > 0
      ? warned(
          "api_keys.rotation",
          `${counted(due.length, "key")} older than 90 days: ${namesOf(due)}.`,
          "Make the next one and move over: npx sallyport rotate key KEY",
        )
      : passed("api_keys.rotation", "No key is older than 90 days."),
  ];
}

const leftMs = ({ expires_at: end }: KeyFacts, nowMs: number): number =>
  end === null ? Infinity : Date.parse(end) - nowMs;

const namesOf = (keys: readonly KeyFacts[]): string => listed(keys.map(({ id }) => id));
