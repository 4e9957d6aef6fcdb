// Orders that look as if something was stuck: the same one again, or one strategy over and over.
import { NOT_SET, OFF, type Rule, known } from "../rule.ts";

const NEVER = "never";

export const duplicateOrder: Rule = {
  kind: "limit",
  id: "duplicate_order",
  about: "Seconds since the last order with the same symbol, side, type, size and prices.",
  clauses: ["15c3-5(c)(1)(ii)"],
  setting: "duplicate_order_window_sec",
  bindsExits: false,
  measure: (_intent, { recent }) => known(recent.sameOrderAgeMs === null ? NEVER : seconds(recent.sameOrderAgeMs)),
  judge(value, { duplicate_order_window_sec: windowSec }) {
    if (windowSec === undefined) return NOT_SET;
    if (windowSec === OFF) return { passed: true, limit: OFF };
    const limit = `more than ${windowSec}`;
    const passed = value === NEVER || Number(value) > windowSec;
    return passed ? { passed, limit } : { passed, limit, reason: "duplicate_order" };
  },
};

/** Ages of the orders that one source has placed in this symbol on this side since a person last looked, the latest first. */
export const repeatedExecution: Rule = {
  kind: "limit",
  id: "repeated_execution",
  about:
    "One source does not repeat itself in one symbol on one side; when it does, it is stopped until a person looks.",
  clauses: ["RTS 6 Art. 15(3)", "FIA 1.5"],
  setting: "repeated_execution",
  bindsExits: false,
  measure: (_intent, { recent }) => known(recent.repeatAgesMs.map(seconds).join(" ")),
  judge(value, { repeated_execution: limits }) {
    if (limits === undefined) return NOT_SET;
    if (limits === OFF) return { passed: true, limit: OFF };
    const limit = `${limits.times} in ${limits.window_sec} s`;
    const ages = value === "" ? [] : value.split(" ").map(Number);
    const passed = ages.filter((ageSec) => ageSec <= limits.window_sec).length < limits.times;
    return passed ? { passed, limit } : { passed, limit, reason: "repeated_execution" };
  },
};

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
