// An account that sees other settings than configured, or a venue that misbehaves.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";

/** The object of the account `paper`. */
export const account = () => env.ACCOUNTS_DO.getByName("paper");

/** What answers the account's calls to its broker. */
export type Venue = (request: Request) => Promise<Response>;

/** Runs `work` while the account sees other settings, or another venue behind the embedded one's address. */
export async function withAccount<T>(
  change: { settings?: object; venue?: (real: Venue) => Venue },
  work: () => Promise<T>,
): Promise<T> {
  const swap = (next: (before: Env) => Env) =>
    runInDurableObject(account(), (object) => {
      const holder = object as unknown as { env: Env };
      const before = holder.env;
      holder.env = next(before);
      return before;
    });
  const before = await swap((now) => {
    const real: Venue = (request) => env.PAPER_VENUES_DO.getByName("paper").fetch(request);
    const { venue } = change;
    const stub = { getByName: () => ({ fetch: venue?.(real), setPrice: () => true }) };
    const venues = venue === undefined ? {} : { PAPER_VENUES_DO: stub };
    return { ...now, ...change.settings, ...venues } as unknown as Env;
  });
  try {
    return await work();
  } finally {
    await swap(() => before);
  }
}
