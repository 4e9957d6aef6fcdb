// Receipts as the gateway answers with them.
import type { SignalReceipt, SignalStep } from "../../../src/domain/signal/receipt.ts";

export const aStep = (overrides: Partial<SignalStep> = {}): SignalStep => ({
  action: "exit",
  symbol: null,
  outcome: "working",
  code: null,
  detail: null,
  stop: null,
  verdicts: [],
  orders: [],
  canceled: [],
  canceled_exits: [],
  ...overrides,
});

export const aReceipt = (overrides: Partial<SignalReceipt> = {}): object => ({
  id: "paper_signal",
  account: "paper",
  source: "alerts",
  request_id: "request-1",
  format: "native",
  steps: [],
  orders: [],
  notices: [],
  created_at: "2026-01-15T14:30:00.000Z",
  ...overrides,
});
