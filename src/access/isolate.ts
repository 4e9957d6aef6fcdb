// The keys of the team at Cloudflare Access that an isolate has.
import { waitUntil } from "cloudflare:workers";
import { type CloudflareAccess, issuerOf } from "../domain/cloudflare-access.ts";
import { type TeamKeys, readTeamKeys, rememberTeamKeys } from "./team-keys.ts";

const teams = new WeakMap<CloudflareAccess, TeamKeys>();

/** The isolate's, as long as it keeps its settings. */
export function teamKeysOf(access: CloudflareAccess): TeamKeys {
  const known = teams.get(access);
  if (known !== undefined) return known;
  const keys = rememberTeamKeys(() => {
    const reading = readTeamKeys(issuerOf(access), (request) => fetch(request));
    // All who ask meanwhile wait for it: it goes on when the one who asked first hangs up.
    waitUntil(reading.catch(() => undefined));
    return reading;
  });
  teams.set(access, keys);
  return keys;
}
