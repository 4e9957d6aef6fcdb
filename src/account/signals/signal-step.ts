// The steps of a signal while they are being made.
import type { Refusal } from "../../domain/goal/terms.ts";
import type { StoredStep } from "./signals.ts";

export const stepOf = (instruction: { readonly action: string; readonly symbol?: string | undefined }): StoredStep => ({
  action: instruction.action,
  symbol: instruction.symbol ?? null,
  goal: null,
  outcome: "working",
  code: null,
  detail: null,
  stop: null,
  verdicts: [],
  orders: [],
  canceled: [],
});

export const failed = (step: StoredStep, { code, detail }: Refusal): StoredStep => ({
  ...step,
  outcome: "failed",
  code,
  detail,
});
