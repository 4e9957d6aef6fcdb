// npm run chaos: proves "exactly one effect" against processes that die and a venue that lies. Its exit status is 0 only if
// everything that has to hold does.
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isStopping, stopWhenAsked } from "../../src/cli/gateway-process.ts";
import { refuseUsage, showUsage } from "../../src/cli/usage.ts";
import type { Deduplication } from "./plan.ts";
import { toMarkdown, toText } from "./report.ts";
import { type ChaosOptions, isUpheld, runChaos } from "./run.ts";
import { SABOTAGES, type SabotageName, isSabotage } from "./sabotage.ts";

const USAGE = `usage: npm run chaos -- [options]

  --intents N        orders that somebody wants (default 400)
  --kills K          how often the gateway is killed (default 12)
  --seed S           the run's plan; a fresh one when absent
  --deduplication C  what the venue does with a repeated id: permanent, open_orders or none (default permanent)
  --accounts A       trading accounts the intents are spread over (default 4)
  --patience SEC     how long everything may take to come to rest (default 600)
  --keep             keeps the state and the gateway's output, also when everything holds
  --markdown FILE    writes the report as Markdown as well
  --sabotage NAME    runs against a copy of the source with one defence taken out, and expects to find that out:
                     ${Object.keys(SABOTAGES).join(", ")}`;

/** What is broken shows at once; whether the rest ever comes to rest is not asked. */
const SABOTAGED_PATIENCE_MS = 20_000;

type Arguments = Omit<ChaosOptions, "say"> & {
  readonly markdown: string | undefined;
  readonly sabotage: SabotageName | undefined;
};

const DEDUPLICATIONS: readonly string[] = ["permanent", "open_orders", "none"] satisfies Deduplication[];

const args = readArguments();
stopWhenAsked(1);
try {
  process.exitCode = await carryOut(args);
} catch (thrown) {
  if (!isStopping()) throw thrown;
}

async function carryOut({ markdown, sabotage: name, ...wanted }: Arguments): Promise<number> {
  write(`seed ${wanted.seed}`);
  const options = { ...wanted, say: (line: string) => write(`${new Date().toISOString().slice(11, 19)}  ${line}`) };
  if (name !== undefined) return (await isNoticed(name, options)) ? 0 : 1;
  const outcome = await runChaos(options);
  write(`\n${toText(outcome)}\n`);
  if (markdown !== undefined) writeFileSync(markdown, `${toMarkdown(outcome)}\n`);
  if (outcome.kept !== undefined) write(`Kept for a look: ${outcome.kept}`);
  write(isUpheld(outcome) ? "All of it held." : "Not all of it held.");
  return isUpheld(outcome) ? 0 : 1;
}

/** Its state is not kept: what is wrong with it is known. */
async function isNoticed(name: SabotageName, options: ChaosOptions): Promise<boolean> {
  const { without, breaks, deduplication, patches } = SABOTAGES[name];
  options.say(`without ${without}; at a broker of class ${deduplication}`);
  const patienceMs = Math.min(options.patienceMs, SABOTAGED_PATIENCE_MS);
  const outcome = await runChaos({ ...options, deduplication, patches, patienceMs });
  if (outcome.kept !== undefined && options.keep !== true) rmSync(outcome.kept, { recursive: true, force: true });
  write(`\n${toText(outcome)}\n`);
  const noticed = outcome.verdicts.some((verdict) => verdict.name === breaks && verdict.violations.length > 0);
  write(noticed ? `${name}: noticed` : `${name}: NOT NOTICED`);
  return noticed;
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        intents: { type: "string", default: "400" },
        kills: { type: "string", default: "12" },
        seed: { type: "string", default: randomBytes(4).toString("hex") },
        deduplication: { type: "string", default: "permanent" },
        accounts: { type: "string", default: "4" },
        patience: { type: "string", default: "600" },
        markdown: { type: "string" },
        sabotage: { type: "string" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) showUsage(USAGE);
    if (!/^[A-Za-z0-9.-]{1,24}$/.test(values.seed)) throw new Error("--seed takes up to 24 of A-Z, a-z, 0-9, . and -");
    if (!DEDUPLICATIONS.includes(values.deduplication))
      throw new Error(`--deduplication takes ${DEDUPLICATIONS.join(", ")}`);
    if (values.sabotage !== undefined && !isSabotage(values.sabotage)) {
      throw new Error(`--sabotage takes ${Object.keys(SABOTAGES).join(", ")}`);
    }
    return {
      seed: values.seed,
      intents: readNumber("--intents", values.intents, 1),
      kills: readNumber("--kills", values.kills, 0),
      accounts: readNumber("--accounts", values.accounts, 1),
      patienceMs: readNumber("--patience", values.patience, 1) * 1000,
      deduplication: values.deduplication as Deduplication,
      markdown: values.markdown,
      sabotage: values.sabotage,
      keep: values.keep,
    };
  } catch (thrown) {
    return refuseUsage(USAGE, thrown);
  }
}

function readNumber(name: string, text: string, min: number): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < min) throw new Error(`${name} takes a whole number from ${min} up`);
  return Number(text);
}
