// One chaos run from an empty state directory to a verdict.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../src/cli/gateway-process.ts";
import type { VenueAccess } from "./accounts.ts";
import { type Api, type Features, openApi } from "./api.ts";
import { followAudit } from "./audit-tail.ts";
import type { VenueOptions } from "./books.ts";
import { startCanceller } from "./canceller.ts";
import { type Evidence, type Witnesses, collectEvidence } from "./evidence.ts";
import { openFolder } from "./folder.ts";
import { type MortalGateway, startMortalGateway } from "./gateway.ts";
import { type Verdict, judge } from "./invariants.ts";
import { type Killer, startKiller } from "./killer.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { startMarket } from "./market.ts";
import { type Deduplication, PRICES, type Plan, type Scale, planRun } from "./plan.ts";
import { takeVenueAway } from "./outages.ts";
import { startProgress } from "./progress.ts";
import { waitForRest } from "./rest.ts";
import { sendAll } from "./senders.ts";
import { type Patch, copySource } from "./source.ts";
import { type VenueProcess, startVenue } from "./venue-process.ts";
import { warmUp } from "./warm-up.ts";

/** Units that one order fills at most each time the venue looks at its market. */
const MAX_FILL_QUANTITY = "7";
/** After everything has come to rest: reads of the broker that the gateway makes every few seconds only. */
const GRACE_MS = 30_000;
const LOOK_MS = 1_000;
/** Where no order has left for so long, none waits. */
const QUIET_MS = 4_000;
/** Approvals last five minutes. */
const PLACING_MS_MAX = 240_000;

export type ChaosOptions = Scale & {
  readonly deduplication: Deduplication;
  /** How long everything may take to come to rest. */
  readonly patienceMs: number;
  /** Whether orders are canceled also before they are known to be at the venue, as is usual. */
  readonly cancelsBlindly?: boolean;
  /** What is changed in the source before it runs. */
  readonly patches?: readonly Patch[];
  /** Whether the state is kept also when everything holds. */
  readonly keep?: boolean;
  /** Hears how far the run is. */
  readonly say: (line: string) => void;
};

export type Outcome = {
  readonly options: ChaosOptions;
  readonly verdicts: readonly Verdict[];
  readonly evidence: Evidence;
  readonly features: Features;
  readonly kills: Killer["counts"];
  readonly cancels: ReadonlyMap<number, number>;
  readonly canceledAtTheDesk: number;
  readonly sendingMs: number;
  readonly restingMs: number;
  readonly totalMs: number;
  /** Where the state and the gateway's own output are, when they were kept: something does not hold, or somebody asked. */
  readonly kept: string | undefined;
};

export const isUpheld = ({ verdicts }: Pick<Outcome, "verdicts">): boolean =>
  verdicts.every(({ violations }) => violations.length === 0);

export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const startedMs = performance.now();
  const folder = openFolder();
  const source = join(folder.path, "source");
  copySource(source, options.patches);
  const output = createWriteStream(join(folder.path, "gateway.log"));
  const plan = planRun(options);
  const venueOptions = venueOf(options, plan);
  const died = Promise.withResolvers<never>();
  const venue = await startVenue(venueOptions);
  try {
    const gateway = await startMortalGateway({
      dir: folder.path,
      source,
      defaultAccount: plan.accounts[0] ?? "",
      onOutput: (text) => output.write(text),
      onDeath: (description) => died.reject(new Error(description)),
    });
    try {
      const access = { ...venueOptions, url: venue.url };
      const found = await Promise.race([carryOut(options, plan, { gateway, venue, access }), died.promise]);
      const isKept = options.keep === true || !isUpheld(found);
      if (isKept) folder.keep();
      return { ...found, options, kept: isKept ? folder.path : undefined, totalMs: performance.now() - startedMs };
    } finally {
      await gateway.stop();
    }
  } finally {
    await venue.stop();
    output.end();
    folder.close();
  }
}

function venueOf({ seed, deduplication }: ChaosOptions, { accounts }: Plan): VenueOptions {
  const keyOf = (account: string) => ({ keyId: `key-of-${account}`, secretKey: crypto.randomUUID() });
  const credentials = Object.fromEntries(accounts.map((account) => [account, keyOf(account)]));
  return { seed, deduplication, credentials, prices: PRICES, maxFillQuantity: MAX_FILL_QUANTITY };
}

type Parts = { readonly gateway: MortalGateway; readonly venue: VenueProcess };

async function carryOut(
  options: ChaosOptions,
  plan: Plan,
  { gateway, venue, access }: Parts & { readonly access: VenueAccess },
) {
  const api = openApi(gateway);
  const features = await api.features();
  const ledger = openLedger();
  await warmUp(access, { gateway, ledger, seed: options.seed });

  const startedMs = performance.now();
  await venue.ask({ ask: "misbehave" });
  const { killer, canceller } = await misbehave(options, plan, { gateway, venue, api, features, ledger });
  const sentMs = performance.now();

  options.say("all is sent; waiting until the last orders have met the venue");
  await killer.settle();
  await waitUntilPlaced({ api, venue, accounts: plan.accounts });
  options.say("the venue is well again; waiting until everything has come to rest");
  await venue.ask({ ask: "heal" });
  const audit = followAudit(api, plan.accounts);
  const canceledAtTheDesk = await waitForRest({ audit, ledger, venue, canceller, ...options });
  const { evidence, verdicts } = await judgeInTime(plan.accounts, { api, features, audit, venue, ledger });
  return {
    evidence,
    verdicts,
    features,
    kills: killer.counts,
    cancels: canceller.statuses,
    canceledAtTheDesk,
    sendingMs: sentMs - startedMs,
    restingMs: performance.now() - sentMs,
  };
}

type World = Parts & { readonly api: Api; readonly features: Features; readonly ledger: Ledger };

/** All of it at once: senders, cancels, kills, outages, a market that moves. Ends when all is sent and the gateway is up. */
async function misbehave({ seed, say, cancelsBlindly = true }: ChaosOptions, plan: Plan, world: World) {
  const { gateway, venue, api, features, ledger } = world;
  say(`sending ${plan.intents.length} intents to ${plan.accounts.length} accounts`);
  const progress = startProgress();
  const market = startMarket(venue, seed);
  const killer = startKiller(plan.kills, { gateway, venue, progress });
  const outages = takeVenueAway(plan.outages, venue, progress);
  const canceller = startCanceller({ api, blindly: cancelsBlindly });
  const sending = sendAll(plan.intents, {
    gateway,
    ledger,
    seed,
    onAnswer: (intent, orderId) => {
      if (features.cancels) canceller.onAnswer(intent, orderId);
    },
    onDone: () => {
      progress.advance();
      if (progress.intents() % 100 === 0) say(`${progress.intents()} sent`);
    },
  });
  // Together: senders would wait for ever for a gateway that does not start again.
  await Promise.all([sending, outages, killer.sendingDone()]);
  await canceller.done();
  await market.stop();
  return { killer, canceller };
}

/** What waits behind an open breaker would meet a venue without faults, and prove nothing. */
async function waitUntilPlaced(parts: {
  readonly api: Api;
  readonly venue: VenueProcess;
  readonly accounts: readonly string[];
}): Promise<void> {
  for (const deadlineMs = Date.now() + PLACING_MS_MAX; Date.now() < deadlineMs;) {
    if (await parts.venue.nextPlacement(QUIET_MS)) continue;
    const isOpen = await Promise.all(parts.accounts.map((account) => parts.api.isBreakerOpen(account)));
    if (!isOpen.includes(true)) return;
  }
}

/** The last fills may be on record while executions and positions are still on their way. */
async function judgeInTime(
  accounts: readonly string[],
  { ledger, ...witnesses }: Omit<Witnesses, "sent"> & { readonly ledger: Ledger },
): Promise<{ readonly evidence: Evidence; readonly verdicts: readonly Verdict[] }> {
  for (const deadlineMs = Date.now() + GRACE_MS; ; await sleep(LOOK_MS)) {
    const evidence = await collectEvidence(accounts, { ...witnesses, sent: [...ledger.sent.values()] });
    const verdicts = judge(evidence);
    if (isUpheld({ verdicts }) || Date.now() > deadlineMs) return { evidence, verdicts };
  }
}
