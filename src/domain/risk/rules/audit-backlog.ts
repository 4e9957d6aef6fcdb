import type { FactRule } from "../rule.ts";

/** Audit entries that may wait for the public record before entries are refused. */
const AUDIT_BACKLOG_MAX = 1_000;

export const auditBacklog: FactRule = {
  kind: "fact",
  id: "audit_backlog",
  about: "What was decided reaches the public record; while too much of it waits, nothing more is opened.",
  clauses: [],
  bindsExits: false,
  check(_intent, facts) {
    const passed = facts.auditBacklog <= AUDIT_BACKLOG_MAX;
    return {
      input: String(facts.auditBacklog),
      limit: String(AUDIT_BACKLOG_MAX),
      passed,
      ...(passed ? {} : { reason: "audit_backlog" }),
    };
  },
};
