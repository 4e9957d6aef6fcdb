// Account settings → the adapter that reaches its broker.
import type { AccountSettings, Config } from "../config.ts";
import type { Broker, Quota } from "../domain/broker.ts";
import type { AccountId } from "../domain/ids.ts";
import { assert, assertNever } from "../domain/result.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import { alpacaBroker } from "./alpaca/adapter.ts";
import { limitsPerMinute } from "./alpaca/rate-limit.ts";
import { ALPACA_LIVE, ALPACA_PAPER } from "./alpaca/venues.ts";
import { EMBEDDED_CREDENTIALS } from "./paper/settings.ts";
import { paperVenueStub } from "./paper/stub.ts";

/** The embedded venue has no host: requests go to its object, whatever their origin says. */
const EMBEDDED_ORIGIN = "https://paper-venue.invalid";

/** The embedded venue counts nobody's requests, and this is no limit to an object that can do as much. */
const EMBEDDED_LIMITS: BucketLimits = { capacity: 1_000, ratePerSec: 1_000 };

/** `onQuota` hears what the broker's own answers say is left of its rate limit. */
export function brokerFor(
  account: AccountId,
  settings: AccountSettings,
  config: Config,
  env: Env,
  onQuota: (quota: Quota) => void = () => undefined,
): Broker {
  switch (settings.broker) {
    case "paper":
      return alpacaBroker({
        tradingUrl: EMBEDDED_ORIGIN,
        dataUrl: EMBEDDED_ORIGIN,
        deduplication: config.PAPER_VENUE.deduplication,
        limits: EMBEDDED_LIMITS,
        // A new stub for every call: a stub whose object was reset stays broken.
        fetch: (request) => paperVenueStub(env, account).fetch(request),
        credentials: EMBEDDED_CREDENTIALS,
        nowMs: Date.now,
        onQuota,
      });
    case "paper_process":
      return alpacaBroker({
        tradingUrl: settings.url,
        dataUrl: settings.url,
        deduplication: settings.deduplication,
        limits: limitsPerMinute(settings.requests_per_min),
        ...overTheNetwork(account, config),
        onQuota,
      });
    case "alpaca_paper":
      return alpacaBroker({ ...ALPACA_PAPER, ...overTheNetwork(account, config), onQuota });
    case "alpaca_live":
      return alpacaBroker({ ...ALPACA_LIVE, ...overTheNetwork(account, config), onQuota });
    default:
      return assertNever(settings);
  }
}

/** The platform's fetch and clock, and the account's own keys. */
function overTheNetwork(account: AccountId, config: Config) {
  const credentials = config.BROKER_CREDENTIALS[account];
  assert(credentials !== undefined, "the configuration was checked to hold credentials for every account");
  return {
    fetch: (request: Request) => fetch(request),
    credentials: { keyId: credentials.key_id, secretKey: credentials.secret_key },
    nowMs: Date.now,
  };
}
