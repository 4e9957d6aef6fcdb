// sallyport verify: why a request gets 401. The gateway does not say, on purpose; whoever has the secret may know.
import { REPLAY_WINDOW_MAX_SEC } from "../../domain/signature.ts";
import { COMMON_USAGE, SIGNED_OPTIONS, readArguments, readMoment, readWhole } from "../arguments.ts";
import { readBody } from "../body.ts";
import { readHeaderLines, readHeaders } from "../captured-headers.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import type { Paint } from "../screen.ts";
import { readSecrets } from "../settings.ts";
import { type Cell, formatTable } from "../table.ts";
import { type Part, verifyRequest } from "../verify-request.ts";

const WINDOW_SEC = "300";

const USAGE = `usage: npx sallyport verify (-H 'NAME: VALUE' … | --headers FILE) [--at TIME] [--window SECONDS]
                            BODY | - | --file FILE

Says whether the gateway would believe a captured request, now or at another time, and which part of
it fails: the headers, the time or the signature. Asks nobody; the secret stays here. Exits with 0
when the request is authentic and fresh, else with 1.

  BODY, -, --file FILE the body, to the byte, as text, from stdin or from a file
  -H, --header         a header as it was sent; repeatable
  --headers FILE       a file of headers, such as what curl -v prints
  --at TIME            when it arrived, such as 2026-01-15T14:30:00Z (default: now)
  --window SECONDS     REPLAY_WINDOW_SEC of the gateway (default ${WINDOW_SEC})
  --secret-file FILE   a file that holds the secret and nothing else
  --dev-vars FILE      the file of secrets of a gateway on this machine (default .dev.vars)
${COMMON_USAGE}

The secret comes from --secret-file, SALLYPORT_SECRET or .dev.vars; "old,new" is two of them.

  npx sallyport verify --headers headers.txt --file body.json --at 2026-01-15T14:30:00Z
  npx sallyport verify -H 'X-Timestamp: …' -H 'X-Nonce: …' -H 'X-Signature: v1=…' '{"symbol":…}'`;

export const verify: Command = { summary: "say why a signed request is refused", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...SIGNED_OPTIONS,
    header: { type: "string", short: "H", multiple: true },
    headers: { type: "string" },
    at: { type: "string" },
    window: { type: "string" },
  });
  const lines = [...(values.header ?? []), ...(values.headers === undefined ? [] : readHeaderLines(values.headers))];
  if (lines.length === 0) throw new UsageFault("The headers are missing: give -H or --headers");
  const { bytes: body } = await readBody(positionals, values.file);
  const parts = await verifyRequest(
    { header: readHeaders(lines), body },
    {
      secrets: readSecrets(values, env),
      nowMs: values.at === undefined ? Date.now() : readMoment("--at", values.at),
      windowSec: readWhole("--window", values.window ?? WINDOW_SEC, { min: 1, max: REPLAY_WINDOW_MAX_SEC }),
    },
  );
  const accepted = parts.every(({ passed }) => passed === true);
  screen.show({ document: { accepted, parts }, text: () => formatParts(parts, accepted, screen.paint) });
  return accepted ? EXIT.done : EXIT.failed;
}

function formatParts(parts: readonly Part[], accepted: boolean, paint: Paint): string {
  const rows = parts.map(({ part, passed, detail }): readonly Cell[] => [part, wordFor(passed), detail]);
  const conclusion = accepted
    ? paint("good", "Authentic and fresh.") + " The gateway takes it once, and then reads the order in it."
    : paint("bad", "Refused:") + " the gateway answers 401.";
  return `${formatTable([{ title: "PART" }, { title: "SAYS" }, { title: "WHY" }], rows, paint)}\n\n${conclusion}`;
}

function wordFor(passed: boolean | null): Cell {
  if (passed === null) return { text: "—", tone: "faint" };
  return passed ? { text: "pass", tone: "good" } : { text: "FAIL", tone: "bad" };
}
