// How many orders, and how many messages of any kind, may go to the broker in a second, a minute and a trading day. Cancels and
// replacements are messages: they are counted, and never stopped.
import { type Rule, cap } from "../rule.ts";

export const maxOpenOrders: Rule = cap({
  id: "max_open_orders",
  about: "So many orders are live at once, this one included.",
  clauses: ["15c3-5(c)(1)(ii)", "FIA 1.2"],
  setting: "max_open_orders",
  measure: (_intent, { openOrders }) => ({ value: String(openOrders + 1) }),
});

const ORDERS = { clauses: ["15c3-5(c)(1)(ii)", "FIA 1.9"] } as const;

export const maxOrdersPerSec: Rule = cap({
  ...ORDERS,
  id: "max_orders_per_sec",
  about: "Orders in any second, this one included.",
  setting: "max_orders_per_sec",
  measure: (_intent, { recent }) => ({ value: String(recent.orders.second + 1) }),
});

export const maxOrdersPerMin: Rule = cap({
  ...ORDERS,
  id: "max_orders_per_min",
  about: "Orders in any minute, this one included.",
  setting: "max_orders_per_min",
  measure: (_intent, { recent }) => ({ value: String(recent.orders.minute + 1) }),
});

export const maxOrdersPerDay: Rule = cap({
  ...ORDERS,
  id: "max_orders_per_day",
  about: "Orders in a day, this one included.",
  setting: "max_orders_per_day",
  measure: (_intent, { recent }) => ({ value: String(recent.orders.day + 1) }),
});

const MESSAGES = { clauses: ["RTS 6 Art. 15(1)(d)", "FIA 1.9"] } as const;

export const maxMessagesPerSec: Rule = cap({
  ...MESSAGES,
  id: "max_messages_per_sec",
  about: "Orders, cancels and replacements in any second, this one included.",
  setting: "max_messages_per_sec",
  measure: (_intent, { recent }) => ({ value: String(recent.messages.second + 1) }),
});

export const maxMessagesPerMin: Rule = cap({
  ...MESSAGES,
  id: "max_messages_per_min",
  about: "Orders, cancels and replacements in any minute, this one included.",
  setting: "max_messages_per_min",
  measure: (_intent, { recent }) => ({ value: String(recent.messages.minute + 1) }),
});

export const maxMessagesPerDay: Rule = cap({
  ...MESSAGES,
  id: "max_messages_per_day",
  about: "Orders, cancels and replacements in a day, this one included.",
  setting: "max_messages_per_day",
  measure: (_intent, { recent }) => ({ value: String(recent.messages.day + 1) }),
});
