// How long ago a signal was sent.
import { OFF } from "../../risk/rule.ts";
import type { SignalRule } from "../rule.ts";

/** How far the sender's clock may be ahead of ours. */
const CLOCK_SKEW_MAX_SEC = 60;

export const signalAge: SignalRule = {
  id: "signal_age",
  about: "A signal that opens something was sent lately, in seconds.",
  clauses: ["FIA 1.3"],
  setting: "max_age_sec",
  isOn: ({ max_age_sec: maxAgeSec }) => maxAgeSec !== null,
  check({ sentAtMs, maxAgeSec: sendersSec }, { max_age_sec: sourcesSec }, { nowMs }) {
    // The sender can only be stricter.
    const maxAgeSec = Math.min(sourcesSec ?? Infinity, sendersSec ?? Infinity);
    const isLimited = maxAgeSec !== Infinity;
    const limit = isLimited ? String(maxAgeSec) : OFF;
    if (sentAtMs === undefined) {
      return isLimited ? unknownAge("not said", limit, "it does not say when it was sent") : undefined;
    }
    const ageSec = (nowMs - sentAtMs) / 1000;
    const input = String(ageSec);
    if (!isLimited) return { passed: true, input, limit };
    if (ageSec < -CLOCK_SKEW_MAX_SEC) return unknownAge(input, limit, "it was sent in the future");
    if (ageSec <= maxAgeSec) return { passed: true, input, limit };
    const detail = `${Math.round(ageSec)} s old, ${maxAgeSec} at most`;
    return { passed: false, input, limit, reason: "signal_too_old", detail };
  },
};

const unknownAge = (input: string, limit: string, detail: string) => ({
  passed: false as const,
  input,
  limit,
  reason: "signal_age_unknown",
  detail,
});
