// How long ago, and how long still: what an operator looks for in a time.

const UNITS = [
  { name: "d", ms: 86_400_000 },
  { name: "h", ms: 3_600_000 },
  { name: "min", ms: 60_000 },
] as const;

/** Like `3 d`: in the largest unit that there are two of, so that rounding down hides less than half; never negative. */
export function describeSpan(ms: number): string {
  const unit = UNITS.find((candidate) => ms >= 2 * candidate.ms) ?? { name: "s", ms: 1000 };
  return `${Math.floor(Math.max(0, ms) / unit.ms)} ${unit.name}`;
}

/** How long it has been; `null` is a thing that never was. */
export const describePast = (time: string | null, nowMs: number): string =>
  time === null ? "never" : `${describeSpan(nowMs - Date.parse(time))} ago`;

/** How long it will be; `null` is an end that never comes. */
export function describeEnd(time: string | null, nowMs: number): string {
  if (time === null) return "never";
  const leftMs = Date.parse(time) - nowMs;
  return leftMs <= 0 ? `${describeSpan(-leftMs)} ago` : `in ${describeSpan(leftMs)}`;
}
