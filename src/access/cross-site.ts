// A browser that is signed in at Cloudflare Access gets the assertion added to every request, also to one that a stranger's page
// has made it send. Only what the browser says of such a request tells the two apart.

type Sent = {
  readonly method: string;
  readonly url: string;
  /** The header `Sec-Fetch-Site` (W3C Fetch Metadata), which every current browser sends and no page can set. */
  readonly fetchSite: string | null;
  /** The header `Origin`, from browsers that do not send the other. */
  readonly origin: string | null;
};

/** What only reads is harmless: the page that has it sent does not get to see the answer. */
const READS = new Set(["GET", "HEAD"]);

/** Whether a request names this machine. A stranger's page can have its own name lead here (DNS rebinding), and not these. */
export const namesThisMachine = (url: string): boolean => THIS_MACHINE.has(new URL(url).hostname);

const THIS_MACHINE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a page from elsewhere has a browser send something that changes things. A program says neither, and is none. */
export function isForeign({ method, url, fetchSite, origin }: Sent): boolean {
  if (READS.has(method)) return false;
  // Another host of the same site counts as elsewhere. `none`: the person, and no page.
  if (fetchSite !== null) return fetchSite !== "same-origin" && fetchSite !== "none";
  return origin !== null && origin !== new URL(url).origin;
}
