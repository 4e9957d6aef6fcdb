import { ANY, NOT_SET, type Rule } from "../rule.ts";
import { isOpenAt } from "../../trading-hours.ts";

const SESSIONS = "sessions in ";

export const tradingHours: Rule = {
  kind: "limit",
  id: "trading_hours",
  about: "Positions are opened in the sessions that the policy lists.",
  clauses: ["15c3-5(c)(1)(ii)"],
  setting: "trading_hours",
  bindsExits: false,
  measure: (_intent, { nowMs }) => ({ value: new Date(nowMs).toISOString() }),
  judge(value, { trading_hours: hours }) {
    if (hours === undefined) return NOT_SET;
    if (hours === ANY) return { passed: true, limit: ANY };
    const passed = isOpenAt(hours, Date.parse(value));
    const limit = `${SESSIONS}${hours.time_zone}`;
    return passed ? { passed, limit } : { passed, limit, reason: "outside_trading_hours" };
  },
};

/** The zone of a limit on the record, whose days were counted by then: UTC where there were no sessions. */
export const recordedZone = (limit: string | null): string =>
  limit?.startsWith(SESSIONS) === true ? limit.slice(SESSIONS.length) : "UTC";
