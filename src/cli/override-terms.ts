// An override from options to what the API takes. What a value has to be, the gateway knows better: it may be of another version.
import { Policy } from "../domain/risk/policy.ts";
import { readMoment } from "./arguments.ts";
import { UsageFault } from "./failure.ts";

const MS_IN = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export type TimeOptions = {
  readonly for?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
};

/** From when until when: a span from its beginning on, or its end. */
export function readTimes({ for: span, from, until }: TimeOptions, nowMs: number): { from?: string; until: string } {
  if ((span === undefined) === (until === undefined)) throw new UsageFault("Say how long: --for or --until");
  const fromMs = from === undefined ? nowMs : readMoment("--from", from);
  const untilMs = until === undefined ? fromMs + readSpan(span ?? "") : readMoment("--until", until);
  return { ...(from === undefined ? {} : { from: timeOf(fromMs) }), until: timeOf(untilMs) };
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

function readSpan(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === "m" || unit === "h" || unit === "d")) return Number(count) * MS_IN[unit];
  throw new UsageFault("--for takes a time like 30m, 2h or 1d");
}

/** From texts like `max_notional=50000`. */
export function readSettings(texts: readonly string[]): Readonly<Record<string, unknown>> {
  if (texts.length === 0) throw new UsageFault("--set is missing: which setting changes?");
  const settings = texts.map((text) => {
    const [, name, value] = /^([a-z_]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageFault("--set takes a setting like max_notional=50000");
    return [name, readValue(name, value)] as const;
  });
  const twice = settings.find(([name], at) => settings.findIndex(([other]) => other === name) !== at);
  if (twice !== undefined) throw new UsageFault(`--set has ${twice[0]} twice`);
  return Object.fromEntries(settings);
}

/** As the setting takes it: a text, a JSON value, or a list with commas. */
function readValue(name: string, text: string): unknown {
  const list = text.split(",").filter((item) => item !== "");
  const json = readJson(text);
  const schema = Object.entries(Policy.shape).find(([setting]) => setting === name)?.[1];
  const fitting = [text, json, list].find((value) => schema?.safeParse(value).success === true && value !== undefined);
  return fitting ?? json ?? text;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
