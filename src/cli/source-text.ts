// A source of signals as people read it: never a secret itself, but when each was last used.
import { describeEnd, describePast, describeSpan } from "./age.ts";
import { shortTime } from "./order-text.ts";
import type { Paint, Tone } from "./screen.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { SourceView } from "./views.ts";

type SecretView = SourceView["secrets"][number];

const STATUS_TONES: Readonly<Record<string, Tone>> = { active: "good", disabled: "doubtful", deleted: "faint" };

/** A line per secret, and one for a source that has none. What belongs to the source stands on its first line. */
export function formatSources(sources: readonly SourceView[], paint: Paint, nowMs: number): string {
  if (sources.length === 0) return "No sources but default, which signs with API_KEY_HMAC_SECRET.";
  const columns = [
    { title: "SOURCE" },
    { title: "KIND" },
    { title: "ORIGIN" },
    { title: "STATUS" },
    { title: "ACCOUNTS" },
    { title: "SECRET" },
    { title: "AGE" },
    { title: "LAST USED" },
    { title: "ENDS" },
  ];
  const rows = sources.flatMap((source): readonly (readonly Cell[])[] => {
    const { id, kind, accounts } = source;
    const itself = [id, kind, originOf(source), statusOf(source), accounts.join(" ")];
    const [first, ...others] = source.secrets.map((secret) => secretCells(secret, nowMs));
    return [[...itself, ...(first ?? NO_SECRET)], ...others.map((cells) => [...itself.map(() => ""), ...cells])];
  });
  return formatTable(columns, rows, paint);
}

const NO_SECRET = ["", "", "", ""] as const;

const secretCells = (secret: SecretView, nowMs: number): readonly Cell[] => [
  secret.id,
  describeSpan(nowMs - Date.parse(secret.created_at)),
  describePast(secret.last_used_at, nowMs),
  endOf(secret, nowMs),
];

/** Everything about one source, and below it its secrets, the oldest first. */
export function formatSource(source: SourceView, paint: Paint, nowMs: number): string {
  const { schemes, certificate_fingerprints: fingerprints = [], deduplicate_sec: deduplicateSec, caps } = source;
  const fields = formatFields(
    [
      ["source", { text: source.id, tone: "strong" }],
      ["name", source.name],
      ["owner", source.owner],
      ["status", statusOf(source)],
      ["kind", source.kind],
      ["origin", originOf(source)],
      ["signs as", schemes?.join(" ")],
      ["certificates", fingerprints.length === 0 ? null : fingerprints.join(" ")],
      ["account", source.account],
      ["fans out to", (source.fan_out ?? []).length === 0 ? null : (source.fan_out ?? []).join(" ")],
      ["may name", source.accounts.join(" ")],
      ["same bytes", deduplicateSec === undefined ? null : `are one signal for ${deduplicateSec} s`],
      ...Object.entries(caps ?? {}).map(([name, value]): [string, Cell] => [name, describeSetting(value)]),
      ["created", source.created_at],
      ["changed", source.changed_at],
    ],
    paint,
  );
  return [
    fields,
    ...formatSignals(source, paint),
    ...(source.secrets.length === 0 ? [] : [formatSecrets(source.secrets, paint, nowMs)]),
  ].join("\n\n");
}

/** How its signals are read. What is not set, as a map without a name in it, says nothing. */
function formatSignals({ signals = {} }: SourceView, paint: Paint): readonly string[] {
  const isSet = (value: unknown) => value !== null && !(typeof value === "object" && Object.keys(value).length === 0);
  const set = Object.entries(signals).filter(([, value]) => isSet(value));
  if (set.length === 0) return [];
  return [
    `Its signals:\n\n${formatFields(
      set.map(([name, value]): [string, Cell] => [name, describeSetting(value)]),
      paint,
    )}`,
  ];
}

function formatSecrets(secrets: readonly SecretView[], paint: Paint, nowMs: number): string {
  const columns = [{ title: "SECRET" }, { title: "MADE" }, { title: "LAST USED" }, { title: "ENDS" }];
  const rows = secrets.map((secret): readonly Cell[] => {
    const { id, created_at: createdAt, last_used_at: lastUsedAt, expires_at: expiresAt } = secret;
    const end = endOf(secret, nowMs);
    return [
      id,
      shortTime(createdAt),
      lastUsedAt === null ? "never" : `${shortTime(lastUsedAt)}, ${describePast(lastUsedAt, nowMs)}`,
      expiresAt === null ? end.text : { ...end, text: `${shortTime(expiresAt)}, ${end.text}` },
    ];
  });
  return formatTable(columns, rows, paint);
}

const describeSetting = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** While it is still accepted and will not be for long, somebody may have to move. */
const endOf = ({ expires_at: expiresAt }: SecretView, nowMs: number): { text: string; tone: Tone } => ({
  text: describeEnd(expiresAt, nowMs),
  tone: expiresAt === null || Date.parse(expiresAt) <= nowMs ? "faint" : "doubtful",
});

/** The least that its signals prove; what can sign, signs. */
const originOf = ({ kind, origin }: SourceView): string => origin ?? (kind === "signed" ? "hmac" : "");

function statusOf({ status }: SourceView): Cell {
  const tone = Object.hasOwn(STATUS_TONES, status) ? STATUS_TONES[status] : undefined;
  return tone === undefined ? status : { text: status, tone };
}
