import type { Context } from "hono";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AppEnv } from "../../src/http/env.ts";
import { troubleOf } from "../../src/http/refusal.ts";
import { anOrder } from "../support/builders.ts";

const context = { var: { requestId: "a-request" } } as unknown as Context<AppEnv>;
const SUCCESSOR = anOrder().id;
const WANTED = { cancel_requested_at: "2026-01-15T14:30:00.000Z" };

afterEach(() => vi.restoreAllMocks());

describe("an approval that the rules refuse", () => {
  it.each([
    ["reducing_only", true],
    ["trading_halted", true],
    ["max_quantity_exceeded", false],
  ])("says where the stops are listed, where it is one: %s", (code, isStopped) => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { detail } = troubleOf(context, { reason: "approval_refused", code, verdicts: [] });
    expect(detail.includes("`GET /v1/stops`")).toBe(isStopped);
  });
});

describe("an order that cannot be replaced", () => {
  it.each<[string, Parameters<typeof anOrder>[0], string]>([
    ["has been filled", { status: "filled" }, "It is filled. Send a new order."],
    ["was canceled long ago", { status: "canceled", ...WANTED }, "It is canceled. Send a new order."],
    ["was filled faster than canceled", { status: "filled", ...WANTED }, "It is filled. Send a new order."],
    ["is being canceled", { status: "new", ...WANTED }, "It is being canceled. Send a new order."],
    [
      "is being replaced",
      { status: "new", ...WANTED, replaced_by: SUCCESSOR },
      `It is being canceled in favour of order ${SUCCESSOR}: replace that one.`,
    ],
    [
      "was replaced",
      { status: "canceled", ...WANTED, replaced_by: SUCCESSOR },
      `It is canceled, and order ${SUCCESSOR} was given in its place: look at that one.`,
    ],
  ])("is said to be what it is when it %s", (_, overrides, detail) => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const trouble = troubleOf(context, { reason: "not_replaceable", order: anOrder(overrides) });
    expect(trouble).toEqual({ code: "order_not_replaceable", detail });
  });
});
