// Three defences and how to take each out of a copy of the source. A run against such a copy has to find something broken; one
// that does not would find nothing in the real source either.
import type { InvariantName } from "./invariants.ts";
import type { Deduplication } from "./plan.ts";
import type { Patch } from "./source.ts";

export type Sabotage = {
  /** What is taken out. */
  readonly without: string;
  /** What cannot hold any more. */
  readonly breaks: InvariantName;
  /** Where the defence is needed: a broker that refuses a repeated id for good would make up for most of them. */
  readonly deduplication: Deduplication;
  readonly patches: readonly Patch[];
};

export const SABOTAGES = {
  drop_claim: {
    without: "the claim: an attempt is journalled when it has ended, and not before it leaves",
    breaks: "placed_once",
    deduplication: "none",
    patches: [
      {
        file: "src/account/following/follow.ts",
        find: `  const claimed = deps.record(row, { type: "submitting" });
  if (claimed === undefined) return;
  const ending = await deps.broker.submit(resumeApproval(intentOf(claimed.order), claimed.order.verdicts));
`,
        replace: `  const ending = await deps.broker.submit(resumeApproval(intentOf(row.order), row.order.verdicts));
  const claimed = deps.record(row, { type: "submitting" });
  if (claimed === undefined) return;
`,
      },
    ],
  },
  resend_on_timeout: {
    without: "the doubt: an attempt of unknown outcome counts as not sent",
    breaks: "placed_once",
    deduplication: "none",
    patches: [
      {
        file: "src/account/following/follow.ts",
        find: `      return { type: "unknown", code: ending.code };
`,
        replace: `      return { type: "not_sent", code: ending.code, retryAfterMs: null };
`,
      },
    ],
  },
  skip_lookup: {
    without: "the look-up: an attempt of unknown outcome, or one that was cut off, counts as rejected",
    breaks: "refused_is_absent",
    deduplication: "permanent",
    patches: [
      {
        file: "src/account/following/follow.ts",
        find: `      return { type: "unknown", code: ending.code };
`,
        replace: `      return { type: "rejected", code: ending.code, detail: "" };
`,
      },
      {
        file: "src/account/following/follow.ts",
        find: `      deps.record(row, { type: "unknown", code: "interrupted" });
`,
        replace: `      deps.record(row, { type: "rejected", code: "interrupted", detail: "" });
`,
      },
    ],
  },
} as const satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof SABOTAGES;

export const isSabotage = (name: string): name is SabotageName => Object.hasOwn(SABOTAGES, name);
