// What is shown of the gateway's answers. Looser than the gateway's own types: one of a newer version may say more, and in
// new words, and that must not keep an operator from reading the rest. Nothing is converted, so `--json` shows what came.
import * as z from "zod";

const Reason = z.looseObject({ code: z.string(), detail: z.string().optional() });

const Verdict = z.looseObject({
  rule: z.string(),
  passed: z.boolean(),
  input: z.string(),
  limit: z.string().nullable(),
  reason: z.string().optional(),
});

const Hold = z.looseObject({
  expires_at: z.string(),
  price: z.string().nullable(),
  owner: z.string().nullable(),
  decided: z.looseObject({ by: z.string(), at: z.string(), reason: z.string().nullable() }).nullable(),
});

export const OrderView = z.looseObject({
  id: z.string(),
  account: z.string(),
  source: z.string(),
  request_id: z.string(),
  client_order_id: z.string(),
  symbol: z.string(),
  side: z.string(),
  type: z.string(),
  quantity: z.string().optional(),
  notional: z.string().optional(),
  limit_price: z.string().optional(),
  stop_price: z.string().optional(),
  time_in_force: z.string(),
  take_profit: z.looseObject({ limit_price: z.string() }).optional(),
  stop_loss: z.looseObject({ stop_price: z.string(), limit_price: z.string().optional() }).optional(),
  status: z.string(),
  delivery: z.string(),
  outcome: z.string(),
  venue_order_id: z.string().nullable(),
  filled_quantity: z.string(),
  average_price: z.string().nullable(),
  reason: Reason.nullable(),
  arithmetic: z.string().optional(),
  verdicts: z.array(Verdict),
  hold: Hold.optional(),
  attempts: z.number(),
  replaces: z.string().nullable(),
  replaced_by: z.string().nullable(),
  parent: z.string().optional(),
  legs: z.array(z.string()).optional(),
  cancel_requested_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type OrderView = z.infer<typeof OrderView>;

const StepView = z.looseObject({
  action: z.string(),
  symbol: z.string().nullable(),
  outcome: z.string(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  stop: z
    .looseObject({
      id: z.string(),
      state: z.string(),
      /** Absent, with `source`, from a gateway that does not say whom it stops. */
      account: z.string().nullable().optional(),
      source: z.string().nullable().optional(),
    })
    .nullable(),
  orders: z.array(z.string()),
  canceled: z.array(z.string()),
  /** Absent from a gateway that does not tell them from others. */
  canceled_exits: z.array(z.string()).optional(),
});

export const ReceiptView = z.looseObject({
  id: z.string(),
  account: z.string(),
  source: z.string(),
  request_id: z.string(),
  format: z.string(),
  steps: z.array(StepView),
  orders: z.array(OrderView),
  notices: z.array(z.looseObject({ pointer: z.string(), message: z.string() })),
  created_at: z.string(),
});
export type ReceiptView = z.infer<typeof ReceiptView>;

/** What became of a signal in each of several accounts. */
export const FanOutView = z.looseObject({
  outcomes: z.array(
    z.looseObject({
      account: z.string(),
      status: z.number(),
      order: OrderView.optional(),
      receipt: ReceiptView.optional(),
      problem: z.looseObject({ code: z.string(), detail: z.string() }).optional(),
    }),
  ),
});
export type FanOutView = z.infer<typeof FanOutView>;

export const AccountView = z.looseObject({
  id: z.string(),
  name: z.string().nullable(),
  status: z.string(),
  connection: z.looseObject({ broker: z.string() }),
  credentials: z
    .looseObject({ key_id: z.string(), venue_account: z.string().nullable(), checked_at: z.string() })
    .nullable(),
  minimum_origin: z.string(),
  /** Absent from a gateway that knows live accounts only. */
  mode: z.string().optional(),
  policy: z.looseObject({}),
  policy_version: z.number(),
  created_at: z.string(),
  changed_at: z.string(),
});
export type AccountView = z.infer<typeof AccountView>;

export const ApiKeyView = z.looseObject({
  id: z.string(),
  owner: z.string(),
  status: z.string(),
  scopes: z.array(z.string()),
  accounts: z.array(z.string()).nullable(),
  addresses: z.array(z.string()),
  expires_at: z.string().nullable(),
  created_by: z.string(),
  created_at: z.string(),
  changed_at: z.string(),
  last_used_at: z.string().nullable(),
  rotation_due: z.boolean(),
});
export type ApiKeyView = z.infer<typeof ApiKeyView>;

export const SourceView = z.looseObject({
  id: z.string(),
  name: z.string().nullable(),
  owner: z.string().optional(),
  status: z.string(),
  kind: z.string(),
  origin: z.string().optional(),
  schemes: z.array(z.string()).optional(),
  certificate_fingerprints: z.array(z.string()).optional(),
  deduplicate_sec: z.number().optional(),
  account: z.string(),
  accounts: z.array(z.string()),
  fan_out: z.array(z.string()).optional(),
  caps: z.record(z.string(), z.unknown()).nullable(),
  signals: z.record(z.string(), z.unknown()).optional(),
  secrets: z.array(
    z.looseObject({
      id: z.string(),
      created_at: z.string(),
      expires_at: z.string().nullable(),
      last_used_at: z.string().nullable(),
    }),
  ),
  created_at: z.string(),
  changed_at: z.string(),
});
export type SourceView = z.infer<typeof SourceView>;

export const VaultView = z.looseObject({
  primary: z.number(),
  versions: z.array(z.looseObject({ version: z.number(), rows: z.number(), has_key: z.boolean() })),
});
export type VaultView = z.infer<typeof VaultView>;

const PositionView = z.looseObject({
  symbol: z.string(),
  quantity: z.string(),
  average_price: z.string().nullable(),
  market_value: z.string().nullable(),
  working_buy: z.string(),
  working_sell: z.string(),
  unknown_buy: z.string(),
  unknown_sell: z.string(),
  exposure: z.string().nullable(),
});

export const PortfolioView = z.looseObject({
  account: z.string(),
  as_of: z.string().nullable(),
  stale: z.boolean(),
  currency: z.string().nullable(),
  cash: z.string().nullable(),
  equity: z.string().nullable(),
  buying_power: z.string().nullable(),
  positions: z.array(PositionView),
  exposure: z.looseObject({
    held: z.string().nullable(),
    working: z.string().nullable(),
    unknown: z.string().nullable(),
    total: z.string().nullable(),
    unpriced: z.array(z.string()),
  }),
});
export type PortfolioView = z.infer<typeof PortfolioView>;

export const StopView = z.looseObject({
  id: z.string(),
  account: z.string().nullable(),
  source: z.string().nullable(),
  symbol: z.string().nullable(),
  state: z.string(),
  level: z.string(),
  set_by: z.string(),
  set_at: z.string(),
  reason: z.string(),
});
export type StopView = z.infer<typeof StopView>;

export const StoppedView = z.looseObject({
  stop: StopView,
  accounts: z.array(
    z.looseObject({
      account: z.string(),
      canceled: z.number(),
      on_the_wire: z.array(z.string()),
      flattened: ReceiptView.nullable().optional(),
    }),
  ),
});
export type StoppedView = z.infer<typeof StoppedView>;

export const OverrideView = z.looseObject({
  id: z.string(),
  account: z.string(),
  settings: z.looseObject({}),
  from: z.string(),
  until: z.string(),
  reason: z.string(),
  approver: z.string(),
  set_by: z.string(),
  ended_at: z.string().nullable(),
  ended_by: z.string().nullable(),
  state: z.string(),
});
export type OverrideView = z.infer<typeof OverrideView>;

const OverriddenView = z.looseObject({ setting: z.string(), override: z.string(), until: z.string() });
export type OverriddenView = z.infer<typeof OverriddenView>;

export const PreviewView = z.looseObject({
  outcome: z.string(),
  reason: z.string().nullable(),
  needs_approval: z.boolean(),
  is_reduction: z.boolean(),
  rules: z.array(
    z.looseObject({
      ...Verdict.shape,
      reason: z.string().nullable(),
      clauses: z.array(z.string()),
      setting: z.string().nullable(),
      headroom: z.string().nullable(),
    }),
  ),
  overridden: z.array(OverriddenView).optional(),
});
export type PreviewView = z.infer<typeof PreviewView>;

const CoveringRule = z.looseObject({
  rule: z.string(),
  state: z.string(),
  setting: z.string().nullable(),
  value: z.unknown(),
  /** Absent from a gateway that has no rules about signals. */
  sources: z
    .array(z.looseObject({ source: z.string().nullable(), state: z.string(), value: z.unknown() }))
    .nullable()
    .optional(),
});

export const CoverageView = z.looseObject({
  clauses: z.array(
    z.looseObject({
      clause: z.string(),
      covered: z.string(),
      elsewhere: z.string().nullable(),
      rules: z.array(CoveringRule),
    }),
  ),
  other_rules: z.array(CoveringRule),
  overridden: z.array(OverriddenView).optional(),
});
export type CoverageView = z.infer<typeof CoverageView>;

const RuleSays = z.looseObject({ passed: z.boolean(), limit: z.string().nullable(), reason: z.string().nullable() });

export const WhatIfView = z.looseObject({
  account: z.string(),
  considered: z.number(),
  unchanged: z.number(),
  would_be_approved: z.number(),
  would_be_held: z.number(),
  would_be_denied: z.number(),
  denied_otherwise: z.number(),
  undetermined: z.number(),
  not_fully_judged: z.number(),
  not_judged: z.array(z.looseObject({ rule: z.string(), why: z.string(), orders: z.number() })),
  /** Absent, with `signals`, from a gateway that passes over what it has no order of. */
  without_order: z.number().optional(),
  signals: z.array(z.looseObject({ codes: z.array(z.string()) })).optional(),
  orders: z.array(
    z.looseObject({
      order: z.string(),
      created_at: z.string(),
      symbol: z.string(),
      side: z.string(),
      type: z.string(),
      quantity: z.string().nullable(),
      notional: z.string().nullable(),
      was: z.looseObject({ outcome: z.string(), reason: z.string().nullable() }),
      would_be: z.looseObject({ outcome: z.string(), reason: z.string().nullable() }),
      rules: z.array(
        z.looseObject({ rule: z.string(), input: z.string(), was: RuleSays.nullable(), would_be: RuleSays }),
      ),
      not_judged: z.array(z.looseObject({ rule: z.string(), why: z.string() })),
    }),
  ),
  next_cursor: z.string().nullable(),
});
export type WhatIfView = z.infer<typeof WhatIfView>;

export const EntryView = z.looseObject({ chain: z.string(), seq: z.number(), hash: z.string(), event: z.string() });
export type EntryView = z.infer<typeof EntryView>;

/** What the text of an entry says. */
export const EventView = z.looseObject({
  time: z.string(),
  type: z.string(),
  actor: z.looseObject({ kind: z.string(), id: z.string() }),
  order_id: z.string().nullable(),
  symbol: z.string().nullable(),
  result: z.looseObject({ ok: z.boolean(), code: z.string() }),
});
export type EventView = z.infer<typeof EventView>;

export const DiagnosticsView = z.looseObject({
  status: z.string(),
  time: z.string(),
  replay_window_sec: z.number(),
  checks: z.array(
    z.looseObject({
      check: z.string(),
      account: z.string().nullable(),
      status: z.string(),
      detail: z.string(),
      advice: z.string().nullable(),
    }),
  ),
});
export type DiagnosticsView = z.infer<typeof DiagnosticsView>;
