// Whether the prices that a signal goes by come late.
import type { SignalRule } from "../rule.ts";
import { isDelayedFeed } from "../symbol.ts";

export const delayedFeed: SignalRule = {
  id: "delayed_feed",
  about: "A signal that opens something goes by prices that are not delayed, as far as its exchange says so.",
  clauses: ["FIA 1.3"],
  setting: "delayed_feed",
  isOn: ({ delayed_feed: mode }) => mode === "deny",
  check({ exchange }, { delayed_feed: mode }) {
    if (exchange === undefined) return undefined;
    const found = { input: exchange, limit: mode };
    return mode === "deny" && isDelayedFeed(exchange)
      ? { ...found, passed: false, reason: "delayed_feed", detail: `${exchange} is a delayed feed` }
      : { ...found, passed: true };
  },
};
