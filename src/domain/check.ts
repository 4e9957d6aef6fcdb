// One thing that was looked at: how it stands, and what to do where it does not stand well. What is said of it holds no secret
// and no value of a setting beyond what the API shows anyway.

/** `warning`: it works, and somebody should know. `failed`: something does not work, or protects no longer. */
export type CheckStatus = "ok" | "warning" | "failed";

/** `check` names what was looked at, and stays the same from version to version. */
export type Check<Id extends string = string> = {
  readonly check: Id;
  /** The account that it is about, if it is about one. */
  readonly account: string | null;
  readonly status: CheckStatus;
  readonly detail: string;
  /** What to do, with the command where there is one; `null` where all is well. */
  readonly advice: string | null;
};

export const passed = <Id extends string>(check: Id, detail: string): Check<Id> => ({
  check,
  account: null,
  status: "ok",
  detail,
  advice: null,
});

export const warned = <Id extends string>(check: Id, detail: string, advice: string): Check<Id> => ({
  check,
  account: null,
  status: "warning",
  detail,
  advice,
});

export const failed = <Id extends string>(check: Id, detail: string, advice: string): Check<Id> => ({
  check,
  account: null,
  status: "failed",
  detail,
  advice,
});

/** How all of them together stand: as the worst of them. */
export function worstOf(checks: readonly Pick<Check, "status">[]): CheckStatus {
  const statuses = new Set(checks.map(({ status }) => status));
  if (statuses.has("failed")) return "failed";
  return statuses.has("warning") ? "warning" : "ok";
}

/** `1 row`, `2 rows`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const NAMES_MAX = 5;

/** The first few, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${names.slice(0, NAMES_MAX).join(", ")} and ${more} more` : names.join(", ");
}
