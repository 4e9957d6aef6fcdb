// What a run was and what it found, as rows: a table in a terminal, or Markdown for a page.
import { readEvent } from "./audit-tail.ts";
import { storedUnheard } from "./invariants.ts";
import { acknowledgedAs } from "./ledger.ts";
import type { Outcome } from "./run.ts";

type Row = readonly [label: string, value: string];
type Section = { readonly title: string; readonly rows: readonly Row[] };

/** Enough to see what is wrong; the rest is counted. */
const VIOLATIONS_SHOWN_MAX = 20;

export function toText(outcome: Outcome): string {
  const sections = toSections(outcome);
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([label]) => label.length)));
  return sections
    .map(({ title, rows }) => [title, ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`)].join("\n"))
    .join("\n\n");
}

export const toMarkdown = (outcome: Outcome): string =>
  toSections(outcome)
    .map(({ title, rows }) =>
      [
        `| ${title} | |`,
        "| --- | --- |",
        ...rows.map(([label, value]) => `| ${escape(label)} | ${escape(value)} |`),
      ].join("\n"),
    )
    .join("\n\n");

const escape = (text: string): string => text.replaceAll("|", "\\|");

function toSections(outcome: Outcome): Section[] {
  const { mischief } = outcome.evidence;
  const faults = Object.entries(mischief.faults).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    { title: "The run", rows: runRows(outcome) },
    {
      title: "Killed",
      rows: Object.entries(outcome.kills).map(([moment, count]) => [moment.replaceAll("_", " "), String(count)]),
    },
    {
      title: "Done to the gateway by the venue",
      rows: faults.map(([fault, count]) => [fault.replaceAll("_", " "), String(count)]),
    },
    { title: "Sent to the gateway", rows: senderRows(outcome) },
    { title: "How the orders ended", rows: endingRows(outcome) },
    { title: "On the way there", rows: wayRows(outcome) },
    { title: "What has to hold", rows: verdictRows(outcome) },
  ];
}

function runRows({ options, sendingMs, restingMs, totalMs }: Outcome): Row[] {
  const { seed, intents, accounts, deduplication } = options;
  return [
    ["seed", seed],
    ["reproducible", "the plan: intents, faults by order and attempt, kills by progress; not the timing"],
    ["deduplication", deduplication],
    ["accounts", String(accounts)],
    ["intents", String(intents)],
    [
      "sending",
      `${seconds(sendingMs)}, ${((intents * 1000) / sendingMs).toFixed(1)} intents/s, kills and restarts included`,
    ],
    ["until everything was at rest", seconds(restingMs)],
    ["in all", seconds(totalMs)],
  ];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function senderRows({ evidence, features, cancels, canceledAtTheDesk }: Outcome): Row[] {
  const { sent } = evidence;
  const total = (count: (entry: (typeof sent)[number]) => number): string =>
    String(sent.reduce((sum, entry) => sum + count(entry), 0));
  const unheard = sent.filter((entry) => acknowledgedAs(entry).length === 0).length;
  const statuses = tally(
    sent.flatMap(({ heard }) => heard.map(({ status, code }) => `${status}${code === null ? "" : ` ${code}`}`)),
  );
  const asked = [...cancels].map(([status, count]) => `${count} × ${status}`).join(", ");
  return [
    ["requests", total(({ sends }) => sends)],
    ["of these after the first for an intent", total(({ sends }) => sends - 1)],
    ["timeouts", total(({ timeouts }) => timeouts)],
    ["connections lost", total(({ connectionErrors }) => connectionErrors)],
    ...statuses.map(([status, count]): Row => [`answers ${status}`, String(count)]),
    ["intents without a yes", `${unheard}, of which the gateway has ${storedUnheard(evidence).length}`],
    ["cancels", features.cancels ? asked || "none" : "NOT RUN: this gateway has no DELETE /v1/orders/{id}"],
    ["canceled at the venue's own desk", String(canceledAtTheDesk)],
  ];
}

function endingRows({ evidence }: Outcome): Row[] {
  const orders = evidence.accounts.flatMap(({ orders: ofAccount }) => ofAccount);
  const placed = evidence.accounts.flatMap(({ books }) => books.orders).length;
  const endings = orders.map(({ status, delivery, reason }) => {
    const ending = delivery === "needs_operator" ? "needs_operator" : status;
    return reason === null ? ending : `${ending}: ${reason.code}`;
  });
  return [
    ["orders in the gateway", String(orders.length)],
    ["orders at the venue", String(placed)],
    ["intents whose first attempt met a misbehaving venue", String(evidence.mischief.underFire.length)],
    ...tally(endings).map(([ending, count]): Row => [ending, String(count)]),
  ];
}

function wayRows({ evidence }: Outcome): Row[] {
  const orders = evidence.accounts.flatMap(({ orders: ofAccount }) => ofAccount);
  const events = evidence.accounts.flatMap(({ audit }) => audit.map(readEvent).filter((event) => event !== undefined));
  const doubts = events.filter(({ type }) => type === "order.unknown");
  const codesOfDoubt = doubts.map(({ result }) => result.code);
  const inDoubt = new Set(doubts.map((event) => event.order_id));
  const adopted = orders.filter((order) => inDoubt.has(order.id) && order.delivery === "delivered");
  return [
    ["attempts", String(orders.reduce((sum, { attempts }) => sum + attempts, 0))],
    ["orders sent more than once under one id", String(orders.filter(({ attempts }) => attempts > 1).length)],
    ["orders that were unknown at some time", String(inDoubt.size)],
    ...tally(codesOfDoubt).map(([code, count]): Row => [`of these attempts ${code}`, String(count)]),
    ["of these found at the venue in the end", String(adopted.length)],
    ["given to a person", String(orders.filter(({ delivery }) => delivery === "needs_operator").length)],
    ...tally(events.map(({ type }) => type)).map(([type, count]): Row => [type, String(count)]),
  ];
}

function verdictRows({ verdicts, features }: Outcome): Row[] {
  const missing = Object.entries({
    "GET /v1/portfolio": features.portfolio,
    "GET /v1/executions": features.executions,
  });
  return [
    ...verdicts.flatMap(({ claim, violations }): Row[] => [
      [claim, violations.length === 0 ? "holds" : `BROKEN, ${violations.length} times`],
      ...violations.slice(0, VIOLATIONS_SHOWN_MAX).map((violation): Row => ["", violation]),
    ]),
    ...missing.filter(([, has]) => !has).map(([route]): Row => [route, "NOT CHECKED: this gateway does not have it"]),
  ];
}

/** How often each word occurs, by word. */
function tally(words: readonly string[]): [string, number][] {
  const groups = Map.groupBy(words, (word) => word);
  return [...groups].map(([word, same]): [string, number] => [word, same.length]).sort(([a], [b]) => (a < b ? -1 : 1));
}
