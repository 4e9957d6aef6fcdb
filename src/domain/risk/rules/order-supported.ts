import type { FactRule } from "../rule.ts";

export const orderSupported: FactRule = {
  kind: "fact",
  id: "order_supported",
  about: "The broker can carry out such an order as it is, without anything of it being changed.",
  clauses: [],
  bindsExits: true,
  check(intent, { supports }) {
    const unsupported = supports(intent);
    return unsupported === undefined
      ? { input: "supported", limit: "broker", passed: true }
      : { input: unsupported.detail, limit: "broker", passed: false, reason: unsupported.code };
  },
};
