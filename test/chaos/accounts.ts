// The accounts of a run, made as an operator makes them.
import { type AccountDefinition, ensureAccount } from "../../src/cli/starter-account.ts";
import { NO_LIMITS } from "../support/no-limits.ts";
import type { VenueOptions } from "./books.ts";
import type { MortalGateway } from "./gateway.ts";
import { QUANTITY_MAX } from "./plan.ts";

/** Where the venue is, and how one gets in. */
export type VenueAccess = Pick<VenueOptions, "credentials" | "deduplication"> & { readonly url: string };

/** Makes every account that the venue has a key for. The gateway tries the key, so the venue has to be well. */
export async function makeAccounts(venue: VenueAccess, { url, secrets }: MortalGateway): Promise<void> {
  for (const account of Object.keys(venue.credentials)) {
    await ensureAccount(url, secrets.apiKey, definitionOf(account, venue));
  }
}

/** Roomy: what is denied proves little. */
function definitionOf(account: string, { url, deduplication, credentials }: VenueAccess): AccountDefinition {
  const key = credentials[account];
  if (key === undefined) throw new Error(`the venue has no key for ${account}`);
  return {
    id: account,
    connection: { broker: "paper_process", url, deduplication, requests_per_min: 60_000 },
    credentials: { key_id: key.keyId, secret_key: key.secretKey },
    policy: {
      ...NO_LIMITS,
      symbols: ["AAPL", "MSFT", "SPY"],
      max_quantity: String(QUANTITY_MAX),
      max_notional: "1000000",
      max_position: "1000000",
      reference_price_max_age_sec: 900,
      when_circuit_open: "wait",
    },
  };
}
