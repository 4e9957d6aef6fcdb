// Gives a source another secret, or another address, beside the one it has.
import { DEFAULT_SOURCE } from "../../domain/source.ts";
import { describeEnd, describePast } from "../age.ts";
import { type Call, ask } from "../api.ts";
import { EXIT, type ExitCode, Failure, UsageFault } from "../failure.ts";
import { SourceWithSecret, nameOfSecret, showSecret } from "../made-secret.ts";
import { nextCommand } from "../next-command.ts";
import { shortTime } from "../order-text.ts";
import type { Screen } from "../screen.ts";
import type { Connection, ConnectionOptions } from "../settings.ts";
import { SourceView } from "../views.ts";

const HOURS_IN = { m: 1 / 60, h: 1, d: 24 } as const;

/** In hours, from a text like `24h`. How much of it there may be, the gateway says. */
export function readOverlap(text: string): number {
  if (text === "0") return 0;
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === "m" || unit === "h" || unit === "d")) return Number(count) * HOURS_IN[unit];
  throw new UsageFault("--overlap takes a time like 24h, 90m or 7d, or 0");
}

export function readSource(id: string): string {
  if (id !== DEFAULT_SOURCE) return id;
  throw new UsageFault("The source default signs with API_KEY_HMAC_SECRET: npx sallyport rotate hmac");
}

export type SourceRotation = { readonly source: string; readonly overlapHours: number };

export async function rotateSource(
  connection: Connection,
  { source: id, overlapHours }: SourceRotation,
  { options, screen }: { readonly options: ConnectionOptions; readonly screen: Screen },
): Promise<ExitCode> {
  const path = `/v1/sources/${encodeURIComponent(id)}/secrets`;
  const look = nextCommand("sources show", [id], options);
  const call = { method: "POST", path, body: { overlap_hours: overlapHours }, look } as const;
  const body = await addSecret(connection, { id, call, options });
  showSecret(body, connection, screen);
  screen.hint(adviceOn(body, options));
  return EXIT.done;
}

type Addition = { readonly id: string; readonly call: Call; readonly options: ConnectionOptions };

/** Two secrets are all that a source may have: where they are, the refusal says how one of them ends. */
async function addSecret(connection: Connection, { id, call, options }: Addition): Promise<SourceWithSecret> {
  try {
    return (await ask(connection, call, SourceWithSecret)).body;
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.document.code !== "too_many") throw thrown;
    const { body: source } = await ask(connection, { path: `/v1/sources/${encodeURIComponent(id)}` }, SourceView);
    const live = source.secrets.filter(({ expires_at: until }) => until === null || Date.parse(until) > Date.now());
    const commands = live.map(
      (secret) =>
        `  ${nextCommand("sources retire", [id, secret.id], options)}\n` +
        `    last used ${describePast(secret.last_used_at, Date.now())}, ends ${describeEnd(secret.expires_at, Date.now())}`,
    );
    const message = [thrown.message, "End one of the two, and do this again:", ...commands].join("\n\n");
    throw new Failure(message, { document: thrown.document, cause: thrown });
  }
}

/** What to do with the new one, and how to see that nobody needs the one before. */
function adviceOn(made: SourceWithSecret, options: ConnectionOptions): string {
  const { id, secrets } = made.source;
  const name = nameOfSecret(made);
  const shown = `This is the new ${name} of source ${id}. It is shown this once. Give it to the sender.`;
  const [old] = secrets.flatMap(({ id: secret, expires_at: until }) =>
    until !== null && Date.parse(until) > Date.now() ? [{ secret, until }] : [],
  );
  if (old === undefined) {
    return [
      `${shown} The ${name} before it is refused from now on${exceptionsIn(made)}.`,
      `${LOST}, make another:\n\n  ${nextCommand("rotate source --overlap 0", [id], options)}`,
    ].join("\n\n");
  }
  const ifLost = secrets
    .filter(({ expires_at: until }) => until === null)
    .map(
      ({ id: fresh }) =>
        `${LOST}, end that one, and the old one goes on:\n\n  ${nextCommand("sources retire", [id, fresh], options)}`,
    );
  return [
    `${shown} The ${name} before it, ${old.secret}, is accepted until ${shortTime(old.until)}.`,
    `When each was last used:\n\n  ${nextCommand("sources show", [id], options)}`,
    `The old one ends by itself. If it has gone quiet, and the new one is in use, it can end now:`,
    `  ${nextCommand("sources retire", [id, old.secret], options)}`,
    ...ifLost,
  ].join("\n\n");
}

const LOST = "If the new one has got lost on the way";

/** Who does not refuse the old one yet. */
const exceptionsIn = ({ untold_accounts: untold = [] }: SourceWithSecret): string =>
  untold.length === 0 ? "" : `; by ${untold.join(", ")}, which could not be told, within five minutes`;
