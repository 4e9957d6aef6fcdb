// The one directory that an isolate has.
import { waitUntil } from "cloudflare:workers";
import { listAccountIds } from "../storage/accounts.ts";
import { listApiKeys } from "../storage/api-keys.ts";
import { openDatabase } from "../storage/client.ts";
import { listSources } from "../storage/sources.ts";
import { Directory, type Known } from "./directory.ts";

const directories = new WeakMap<Env, Directory>();

/** The isolate's directory, as long as it keeps its environment. */
export function directoryOf(env: Env): Directory {
  const known = directories.get(env);
  if (known !== undefined) return known;
  const directory = new Directory(() => {
    const reading = readAll(env);
    // All who ask meanwhile wait for it: it goes on when the one who asked first hangs up.
    waitUntil(reading.catch(() => undefined));
    return reading;
  });
  directories.set(env, directory);
  return directory;
}

async function readAll(env: Env): Promise<Known> {
  const database = openDatabase(env.DB);
  const [sources, apiKeys, accounts] = await Promise.all([
    listSources(database),
    listApiKeys(database, new Date()),
    listAccountIds(database),
  ]);
  return {
    sources: new Map(sources.map((stored) => [stored.source.id, stored])),
    apiKeys: new Map(apiKeys.map((stored) => [stored.key.id, stored])),
    accounts: new Set(accounts),
  };
}
