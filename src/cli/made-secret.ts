// What a source proves itself with, as the gateway shows it once: alone on stdout, so that it can go to where it belongs
// without being seen.
import * as z from "zod";
import type { Screen } from "./screen.ts";
import type { Connection } from "./settings.ts";
import { SourceView } from "./views.ts";

/** The answer to making a source, and to giving it another secret: a secret to sign with, or the path of a secret address. */
export const SourceWithSecret = z
  .looseObject({
    source: SourceView,
    secret: z.looseObject({ id: z.string(), secret: z.string() }).optional(),
    path: z.string().optional(),
    /** They have yet to learn when the older secret ends. */
    untold_accounts: z.array(z.string()).optional(),
  })
  .refine(({ secret, path }) => (secret === undefined) !== (path === undefined), { error: "holds no secret" });
export type SourceWithSecret = z.infer<typeof SourceWithSecret>;

/** Shows the secret, or the whole address behind the host that was asked. */
export function showSecret(made: SourceWithSecret, { url: host }: Connection, screen: Screen): void {
  if (made.path === undefined) return screen.show({ document: made, text: () => made.secret?.secret ?? "" });
  const url = `${host}${made.path}`;
  return screen.show({ document: { ...made, url }, text: () => url });
}

/** What has just been shown, in a sentence's words. */
export const nameOfSecret = ({ secret }: SourceWithSecret): string => (secret === undefined ? "address" : "secret");
