// Account settings → the adapter that reaches its broker.
import type { AccountSettings, Config } from "../config.ts";
import type { Broker } from "../domain/broker.ts";
import type { AccountId } from "../domain/ids.ts";
import { assert, assertNever } from "../domain/result.ts";
import { ALPACA_LIVE, ALPACA_PAPER, alpacaBroker } from "./alpaca/adapter.ts";
import { EMBEDDED_CREDENTIALS } from "./paper/settings.ts";
import { paperVenueStub } from "./paper/stub.ts";

/** The embedded venue has no host: requests go to its object, whatever their origin says. */
const EMBEDDED_ORIGIN = "https://paper-venue.invalid";

export function brokerFor(account: AccountId, settings: AccountSettings, config: Config, env: Env): Broker {
  switch (settings.broker) {
    case "paper":
      return alpacaBroker({
        tradingUrl: EMBEDDED_ORIGIN,
        dataUrl: EMBEDDED_ORIGIN,
        // A new stub for every call: a stub whose object was reset stays broken.
        fetch: (request) => paperVenueStub(env, account).fetch(request),
        credentials: EMBEDDED_CREDENTIALS,
        nowMs: Date.now,
      });
    case "alpaca_paper":
    case "alpaca_live": {
      const credentials = config.BROKER_CREDENTIALS[account];
      assert(credentials !== undefined, "the configuration was checked to hold credentials for every account");
      return alpacaBroker({
        ...(settings.broker === "alpaca_live" ? ALPACA_LIVE : ALPACA_PAPER),
        fetch: (request) => fetch(request),
        credentials: { keyId: credentials.key_id, secretKey: credentials.secret_key },
        nowMs: Date.now,
      });
    }
    default:
      return assertNever(settings.broker);
  }
}
