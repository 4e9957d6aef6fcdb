// An account's connection → the adapter that reaches its broker.
import type { Connection } from "../domain/account.ts";
import type { Broker, Quota } from "../domain/broker.ts";
import type { AccountId } from "../domain/ids.ts";
import { assertNever } from "../domain/result.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import { type AlpacaCredentials, alpacaBroker } from "./alpaca/adapter.ts";
import { limitsPerMinute } from "./alpaca/rate-limit.ts";
import { ALPACA_LIVE, ALPACA_PAPER } from "./alpaca/venues.ts";
import { EMBEDDED_CREDENTIALS, type PaperVenueSettings } from "./paper/settings.ts";
import { paperVenueStub } from "./paper/stub.ts";

/** The embedded venue has no host: requests go to its object, whatever their origin says. */
const EMBEDDED_ORIGIN = "https://paper-venue.invalid";

/** The embedded venue counts nobody's requests, and this is no limit to an object that can do as much. */
const EMBEDDED_LIMITS: BucketLimits = { capacity: 1_000, ratePerSec: 1_000 };

export type BrokerDeps = {
  readonly account: AccountId;
  readonly env: Env;
  readonly paperVenue: PaperVenueSettings;
  /** Opens the account's own keys for one call; never asked for the embedded venue. */
  readonly credentials: () => Promise<AlpacaCredentials | undefined>;
  /** Hears what the broker's own answers say is left of its rate limit. */
  readonly onQuota?: (quota: Quota) => void;
};

export function brokerFor(connection: Connection, deps: BrokerDeps): Broker {
  const { account, env, paperVenue, credentials, onQuota = () => undefined } = deps;
  const overTheNetwork = { fetch: (request: Request) => fetch(request), credentials, nowMs: Date.now, onQuota };
  switch (connection.broker) {
    case "paper":
      return alpacaBroker({
        tradingUrl: EMBEDDED_ORIGIN,
        dataUrl: EMBEDDED_ORIGIN,
        deduplication: paperVenue.deduplication,
        limits: EMBEDDED_LIMITS,
        // A new stub for every call: a stub whose object was reset stays broken.
        fetch: (request) => paperVenueStub(env, account).fetch(request),
        credentials: () => Promise.resolve(EMBEDDED_CREDENTIALS),
        nowMs: Date.now,
        onQuota,
      });
    case "paper_process":
      return alpacaBroker({
        tradingUrl: connection.url,
        dataUrl: connection.url,
        deduplication: connection.deduplication,
        limits: limitsPerMinute(connection.requests_per_min),
        ...overTheNetwork,
      });
    case "alpaca_paper":
      return alpacaBroker({ ...ALPACA_PAPER, ...overTheNetwork });
    case "alpaca_live":
      return alpacaBroker({ ...ALPACA_LIVE, ...overTheNetwork });
    default:
      return assertNever(connection);
  }
}
