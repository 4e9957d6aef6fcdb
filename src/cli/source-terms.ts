// What a source may do: from options to what the API takes. Which words and bounds there are, the gateway knows better: it
// may be of another version.
import type { ParseArgsOptionsConfig } from "node:util";
import { readWhole, readWord, refuseOthers } from "./arguments.ts";
import { UsageFault } from "./failure.ts";

const ANY_WHOLE = { min: 1, max: 999_999_999 };

export const TERM_OPTIONS = {
  kind: { type: "string" },
  name: { type: "string" },
  owner: { type: "string" },
  account: { type: "string" },
  also: { type: "string", multiple: true },
  "no-others": { type: "boolean" },
  "fan-out": { type: "string", multiple: true },
  "no-fan-out": { type: "boolean" },
  scheme: { type: "string", multiple: true },
  origin: { type: "string" },
  fingerprint: { type: "string", multiple: true },
  deduplicate: { type: "string" },
  "signals-per-min": { type: "string" },
  "max-quantity": { type: "string" },
  "max-notional": { type: "string" },
  signals: { type: "string" },
  reason: { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

type Words = readonly string[] | undefined;
type Word = string | undefined;

type CapOptions = {
  readonly "signals-per-min"?: Word;
  readonly "max-quantity"?: Word;
  readonly "max-notional"?: Word;
};
type TermOptions = CapOptions & {
  readonly kind?: Word;
  readonly name?: Word;
  readonly owner?: Word;
  readonly account?: Word;
  readonly also?: Words;
  readonly "no-others"?: boolean | undefined;
  readonly "fan-out"?: Words;
  readonly "no-fan-out"?: boolean | undefined;
  readonly scheme?: Words;
  readonly origin?: Word;
  readonly fingerprint?: Words;
  readonly deduplicate?: Word;
  /** The file that they are in. */
  readonly signals?: Word;
  readonly reason?: Word;
};

const CAPS = ["signals-per-min", "max-quantity", "max-notional"] as const;
const OF_ALL = ["kind", "name", "owner", "account", "also", "fan-out", ...CAPS, "signals", "reason"] as const;
const OF_KIND = { signed: ["scheme"], tradingview: ["origin", "fingerprint", "deduplicate"] } as const;
const KINDS = ["signed", "tradingview"] as const;

/** A new source, as `POST /v1/sources` takes it. `signals`: what is in the file that the option names. */
export function readNewSource(id: string, options: TermOptions, signals?: unknown): object {
  const kind = readWord("--kind", options.kind ?? "signed", KINDS);
  refuseOthers(`sources create --kind ${kind}`, options, [...OF_ALL, ...OF_KIND[kind]]);
  const { account, name, owner, also, reason, scheme, origin, fingerprint, deduplicate } = options;
  if (account === undefined) throw new UsageFault("--account is missing: where do its signals go?");
  const caps = readCaps(options);
  return {
    id,
    kind,
    name,
    owner,
    account,
    accounts: also,
    fan_out: options["fan-out"],
    // Hyphens, as everywhere on a command line.
    schemes: scheme?.map((word) => word.replaceAll("-", "_")),
    origin,
    certificate_fingerprints: fingerprint,
    deduplicate_sec: deduplicate === undefined ? undefined : readWhole("--deduplicate", deduplicate, ANY_WHOLE),
    caps: hasAny(caps) ? requirePace(caps) : undefined,
    signals,
    reason,
  };
}

/** A change of a source, as `PATCH /v1/sources/{id}` takes it, but for the caps that stay as they are. */
export function readSourceChange(options: TermOptions, signals?: unknown) {
  const meant = ["name", "owner", "also", "no-others", "fan-out", "no-fan-out", ...CAPS, "signals", "reason"] as const;
  refuseOthers("sources change", options, meant);
  const { name, owner, reason } = options;
  const accounts = readAccounts(options, "also", "no-others");
  const fanOut = readAccounts(options, "fan-out", "no-fan-out");
  const caps = readCaps(options);
  if ([name, owner, accounts, fanOut, signals].every((term) => term === undefined) && !hasAny(caps)) {
    throw new UsageFault(
      "Say what changes: --name, --owner, --also, --no-others, --fan-out, --no-fan-out, --signals or a cap",
    );
  }
  return { name, owner, accounts, fan_out: fanOut, caps: hasAny(caps) ? caps : undefined, signals, reason };
}

/** Accounts in place of those before; none at all where that is said. */
function readAccounts(options: TermOptions, some: "also" | "fan-out", none: "no-others" | "no-fan-out"): Words {
  if (options[none] !== true) return options[some];
  if (options[some] !== undefined) throw new UsageFault(`Give --${some} or --${none}`);
  return [];
}

function readCaps(options: CapOptions) {
  const { "signals-per-min": perMin, "max-quantity": quantity, "max-notional": notional } = options;
  return {
    ...(perMin === undefined ? {} : { signals_per_min: readWhole("--signals-per-min", perMin, ANY_WHOLE) }),
    ...(quantity === undefined ? {} : { max_quantity: quantity }),
    ...(notional === undefined ? {} : { max_notional: notional }),
  };
}

/** A source without caps may do what its account's policy lets it; one with any has to have this one. */
export function requirePace<Caps extends { readonly signals_per_min?: unknown }>(caps: Caps): Caps {
  if (caps.signals_per_min !== undefined) return caps;
  throw new UsageFault("--signals-per-min is missing: it goes with every other cap");
}

const hasAny = (fields: object): boolean => Object.keys(fields).length > 0;
