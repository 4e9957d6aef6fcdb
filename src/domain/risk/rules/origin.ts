import { isAtLeast } from "../../origin.ts";
import type { FactRule } from "../rule.ts";

/** Whoever can send as a source can do what the source can: an exit of somebody else's is no exit. */
export const origin: FactRule = {
  kind: "fact",
  id: "origin",
  about: "The signal has proven where it comes from, as well as the account asks for.",
  clauses: ["RTS 6 Art. 15(5)"],
  bindsExits: true,
  check(_intent, { sender }) {
    if (sender === null) return undefined;
    const passed = isAtLeast(sender.origin, sender.minimumOrigin);
    return {
      input: sender.origin,
      limit: sender.minimumOrigin,
      passed,
      ...(passed ? {} : { reason: "origin_not_proven" }),
    };
  },
};
