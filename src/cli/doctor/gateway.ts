// The part of the examination that asks the gateway itself: whether it is there, how it is, what time it has, whether it believes
// what is signed here, and what it says
// of everything behind it.
import * as z from "zod";
import { type Check, type CheckStatus, failed, passed } from "../../domain/check.ts";
import type { Address } from "../address.ts";
import { ask, exchange } from "../api.ts";
import { Failure } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import { type ConnectionOptions, type Environment, readConnection, readGatewayAddress } from "../settings.ts";
import { DiagnosticsView } from "../views.ts";
import { type ClockReading, checkClock } from "./clock.ts";
import { describeWait } from "./refused-address.ts";
import { checkSigningSecret } from "./signing-secret.ts";

/** `Date` has whole seconds (RFC 9110 section 5.6.7). */
const DATE_PRECISION_MS = 1_000;
/** As the gateway comes, for one that does not say. */
const REPLAY_WINDOW_SEC = 300;

/**
 * `runsAs`: the environment that the gateway has to be of, where one is meant. Throws a UsageFault where the address is none.
 * What the gateway refuses is a check that failed.
 */
export async function checkGateway(options: ConnectionOptions, env: Environment, runsAs?: string): Promise<Check[]> {
  const address = readGatewayAddress(options, env);
  const health = await timed(() => exchange(address, { path: "/health", headers: {}, bytes: undefined }, Health));
  if ("failure" in health) return [describeHealth(health.failure, address)];
  const { environment, version } = health.answer.body;
  const found = [
    passed("gateway.reachable", `${address.url} answers.`),
    passed("gateway.health", `Version ${version}, running as ${environment}.`),
    ...(runsAs === undefined ? [] : [checkEnvironment(environment, runsAs)]),
  ];
  const atHealth = readDate(health.answer.headers, health);
  const diagnostics = await timed(() =>
    ask(readConnection(options, env), { path: "/v1/diagnostics" }, DiagnosticsView),
  );
  if ("failure" in diagnostics) {
    const clock = checkClock(atHealth, REPLAY_WINDOW_SEC);
    const signing = await checkSigningSecret(options, env, clock);
    return [...found, clock, signing, describeRefusal(diagnostics.failure)];
  }
  const { time, replay_window_sec: windowSec, checks } = diagnostics.answer.body;
  const told = {
    toldMs: Date.parse(time),
    precisionMs: 1,
    sentMs: diagnostics.sentMs,
    receivedMs: diagnostics.receivedMs,
  };
  const clock = checkClock([...atHealth, told], windowSec);
  const signing = await checkSigningSecret(options, env, clock);
  return [...found, clock, signing, ...checks.map((check) => toCheck(check, options))];
}

const Health = z.looseObject({ status: z.literal("ok"), environment: z.string(), version: z.string() });

/** All that is found below would be about another gateway. */
const checkEnvironment = (environment: string, runsAs: string): Check =>
  environment === runsAs
    ? passed("gateway.environment", `It runs as ${runsAs}, as wrangler.toml has it.`)
    : failed(
        "gateway.environment",
        `It runs as ${environment}, and the one that is meant as ${runsAs}: this is another gateway.`,
        "Say with --url where the one that is meant is, or deploy it first.",
      );

type Times = { readonly sentMs: number; readonly receivedMs: number };

async function timed<T>(
  call: () => Promise<T>,
): Promise<(Times & { readonly answer: T }) | { readonly failure: Failure }> {
  const sentMs = Date.now();
  try {
    const answer = await call();
    return { answer, sentMs, receivedMs: Date.now() };
  } catch (thrown) {
    if (thrown instanceof Failure) return { failure: thrown };
    throw thrown;
  }
}

function readDate(headers: Headers, times: Times): ClockReading[] {
  const toldMs = Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(toldMs) ? [] : [{ toldMs, precisionMs: DATE_PRECISION_MS, ...times }];
}

function describeHealth({ document }: Failure, { isLoopback }: Address): Check {
  switch (document.code) {
    case "unreachable":
      return failed(
        "gateway.reachable",
        document.detail,
        isLoopback
          ? "npm start, in another terminal; if the gateway is elsewhere, say where with --url."
          : "Check the address, its spelling first, and whether the gateway is deployed there.",
      );
    case "not_a_gateway":
      return failed("gateway.reachable", document.detail, "Say where the gateway is with --url.");
    case "misconfigured":
      return failed(
        "gateway.health",
        "The gateway is not configured, and answers nothing.",
        "The log line config.invalid names the setting. Deployed: npx wrangler tail --env production",
      );
    default:
      return failed("gateway.health", document.detail, "Ask again in a minute.");
  }
}

/** The key is missing or not taken, or may not see this; or the gateway is of a version that cannot say. */
function describeRefusal(failure: Failure): Check {
  const check = "gateway.diagnostics";
  const { document } = failure;
  const wait = describeWait(failure);
  if (wait !== undefined) {
    return failed(
      check,
      `The gateway does not take the API key; ${wait}.`,
      `${ADVICE_ON_KEY} The right one is taken at once.`,
    );
  }
  switch (document.code) {
    case "unauthorized":
      return failed(check, "The gateway does not take the API key.", ADVICE_ON_KEY);
    case "scope_missing":
    case "beyond_own_rights":
      return failed(
        check,
        document.detail,
        "Ask with a key that has the scope admin:accounts and is good for all accounts.",
      );
    case "failed":
      return failed(check, document.detail, ADVICE_ON_KEY);
    default:
      return failed(check, document.detail, "Ask again in a minute. If it stays so, look in the gateway's log.");
  }
}

const ADVICE_ON_KEY = "Set SALLYPORT_API_KEY, or name the gateway's own file of secrets with --dev-vars.";

const STATUSES: Readonly<Record<string, CheckStatus>> = { ok: "ok", warning: "warning" };

/** A word that a newer gateway may have for how something stands is not taken for a good one. */
const toCheck = (
  { check, account, status, detail, advice }: DiagnosticsView["checks"][number],
  options: ConnectionOptions,
): Check => ({
  check,
  account,
  status: STATUSES[status] ?? "failed",
  detail,
  advice: advice?.replaceAll(COMMAND, (_, command: string) => nextCommand(command, [], options)) ?? null,
});

/** What the gateway advises to run, and cannot know where it was asked: the commands that take an address. */
const COMMAND = /npx sallyport (accounts|audit|doctor|keys|orders|portfolio|rotate|send|sources)\b/g;
