// The part of a policy that says of every limit that there is none: a test sets those that it is about.

export const NO_LIMITS = {
  symbols: "any",
  sides: "any",
  order_types: "any",
  times_in_force: "any",
  trading_hours: "any",
  max_quantity: "off",
  max_notional: "off",
  price_collar_percent: "off",
  max_position: "off",
  max_open_orders: "off",
  max_orders_per_sec: "off",
  max_orders_per_min: "off",
  max_orders_per_day: "off",
  max_messages_per_sec: "off",
  max_messages_per_min: "off",
  max_messages_per_day: "off",
  duplicate_order_window_sec: "off",
  repeated_execution: "off",
  self_match: "off",
} as const;
