import { describe, expect, it } from "vitest";
import { toCancelEnding, toFindEnding, toSubmitEnding } from "../../../../src/brokers/alpaca/endings.ts";
import type { BrokerAnswer } from "../../../../src/brokers/request.ts";
import { ClientOrderId } from "../../../../src/domain/ids.ts";
import { anAlpacaOrder, anIntent } from "./builders.ts";

const nowMs = Date.parse("2026-11-20T14:30:00Z");

const answered = (status: number, body?: unknown, headers: Record<string, string> = {}): BrokerAnswer => ({
  kind: "response",
  status,
  headers: new Headers(headers),
  body,
});

const submitted = (answer: BrokerAnswer, secrets: readonly string[] = []) =>
  toSubmitEnding({ intent: anIntent(), answer, nowMs, secrets });

const unknownWith = (code: string) => ({ ending: "unknown", code });

const turnedAway = (retryAfterMs: number | null) => ({ ending: "not_sent", code: "rate_limited", retryAfterMs });
const notSendable = { ending: "not_sent", code: "not_sendable", retryAfterMs: null };

const FAILURES = ["timeout", "network", "redirected", "too_large", "not_utf8"] as const;

describe("an order that Alpaca takes", () => {
  it.each([200, 201])("is accepted by a %i with the same order", (status) => {
    expect(submitted(answered(status, anAlpacaOrder()))).toMatchObject({
      ending: "accepted",
      report: { venue_order_id: "61e69015-8549-4bfd-b9c3-01e75843f47d", status: "pending_new" },
    });
  });

  it("is accepted when it has already ended, with the status it ended in", () => {
    const order = anAlpacaOrder({ status: "rejected" });
    expect(submitted(answered(200, order))).toMatchObject({ ending: "accepted", report: { status: "rejected" } });
  });

  it.each<[string, unknown, string]>([
    ["an unreadable body", undefined, "unreadable_order"],
    ["an empty object", {}, "unreadable_order"],
    ["an error body", { code: 40310000, message: "insufficient buying power" }, "unreadable_order"],
    ["a status nobody knows", anAlpacaOrder({ status: "triggered" }), "unrecognised_status"],
    ["more filled than ordered", anAlpacaOrder({ status: "filled", filled_qty: "11" }), "unreadable_order"],
    ["another client order id", anAlpacaOrder({ client_order_id: "sp-other" }), "different_order"],
    ["another quantity", anAlpacaOrder({ qty: "1" }), "different_order"],
    ["another price", anAlpacaOrder({ limit_price: "187.24" }), "different_order"],
  ])("is unknown after a 200 with %s", (_, body, code) => {
    expect(submitted(answered(200, body))).toEqual(unknownWith(code));
  });

  it("is unknown after a 204", () => {
    expect(submitted(answered(204))).toEqual(unknownWith("unreadable_order"));
  });
});

describe("an order that Alpaca refuses", () => {
  it.each<[number, number | undefined, string, string]>([
    [403, 40310000, "insufficient buying power", "insufficient_buying_power"],
    [403, 40310000, "insufficient qty available for order (requested: 10, available: 0)", "insufficient_quantity"],
    [403, 40310000, "insufficient balance for BTC (requested: 1, available: 0)", "insufficient_balance"],
    [403, 40310000, "potential wash trade detected. use complex orders", "wash_trade"],
    [403, 40310000, "account not eligible to trade uncovered option contracts", "broker_refused"],
    [403, 40310100, "trade denied due to pattern day trading protection", "pattern_day_trader"],
    [403, 40310100, "trade denied by the Intraday Margin Rule", "pattern_day_trader"],
    [403, 40310999, "a refusal from next year", "broker_refused"],
    [403, 40399999, "a refusal of another family", "broker_refused"],
    [422, 40010001, "order_id is missing", "invalid_order"],
    [422, 40010001, "us_equity orders not allowed for account", "invalid_order"],
    [
      422,
      42210000,
      "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria",
      "invalid_order",
    ],
    [400, 40010000, "request body format is invalid", "invalid_order"],
    [401, 40110000, "request is not authorized", "broker_unauthorized"],
    [403, 40110000, "request is not authorized", "broker_unauthorized"],
    [403, undefined, "forbidden.", "broker_unauthorized"],
  ])("%i %s %j is rejected in our words and theirs", (status, code, message, expected) => {
    expect(submitted(answered(status, { code, message, extra: {} }))).toEqual({
      ending: "rejected",
      code: expected,
      detail: message,
    });
  });

  it("is rejected by a 401 without a body, because credentials are checked before anything is placed", () => {
    expect(submitted(answered(401))).toEqual({ ending: "rejected", code: "broker_unauthorized", detail: "HTTP 401" });
  });

  it("gets a detail without control, formatting and line characters, of at most 200", () => {
    const message = `no\u0000\r\nX: y\u001b[31m\u202e\u2028 ${"é".repeat(500)}`;
    const ending = submitted(answered(422, { code: 42210000, message }));
    const detail = ending.ending === "rejected" ? ending.detail : "";
    expect(detail).toMatch(/^no X: y \[31m {1,2}é+$/);
    expect(detail).toHaveLength(200);
  });

  it("does not cut a character in half", () => {
    const ending = submitted(answered(422, { code: 42210000, message: `${"a".repeat(199)}😀` }));
    expect(ending).toMatchObject({ detail: `${"a".repeat(199)}\ufffd` });
  });

  it.each([
    ["alone", "key PKCANARY is wrong"],
    ["across the place where the detail is cut", `${"a".repeat(195)}PKCANARY`],
  ])("gets a detail without the credentials, echoed %s", (_, message) => {
    const ending = submitted(answered(401, { code: 40110000, message }), ["PKCANARY", ""]);
    expect(JSON.stringify(ending)).not.toContain("PKCA");
    expect(ending).toMatchObject({ ending: "rejected" });
  });
});

describe("an order that Alpaca has not taken", () => {
  it.each<[string, Record<string, string>, number | null]>([
    ["seconds", { "Retry-After": "7" }, 7_000],
    ["a date", { "Retry-After": "Fri, 20 Nov 2026 14:30:12 GMT" }, 12_000],
    ["a date that has passed", { "Retry-After": "Fri, 20 Nov 2026 14:29:00 GMT" }, 0],
    ["a unix time", { "X-RateLimit-Reset": String(nowMs / 1000 + 31) }, 31_000],
    ["Retry-After first", { "Retry-After": "2", "X-RateLimit-Reset": String(nowMs / 1000 + 31) }, 2_000],
    [
      "the unix time when Retry-After cannot be read",
      { "Retry-After": "soon", "X-RateLimit-Reset": String(nowMs / 1000 + 3) },
      3_000,
    ],
    ["no longer than two minutes", { "Retry-After": "86400" }, 120_000],
    ["nothing", {}, null],
    ["a negative number", { "Retry-After": "-5" }, null],
    ["a fraction", { "Retry-After": "1.5" }, null],
    ["a day that is none", { "Retry-After": "Fri, 99 Nov 2026 14:30:12 GMT" }, null],
  ])("may be sent again after a 429, waiting for %s", (_, headers, retryAfterMs) => {
    const answer = answered(429, { code: 42910000, message: "too many requests." }, headers);
    expect(submitted(answer)).toEqual({ ending: "not_sent", code: "rate_limited", retryAfterMs });
  });

  it("may be sent again after a 429 that cannot be read", () => {
    expect(submitted(answered(429))).toMatchObject({ ending: "not_sent", code: "rate_limited" });
  });

  it("was not sent when no request could be made of it", () => {
    expect(submitted({ kind: "failed", code: "not_sendable" })).toEqual(notSendable);
  });
});

describe("an order that nobody knows about", () => {
  it.each(FAILURES)("is unknown after the failure %s", (code) => {
    expect(submitted({ kind: "failed", code })).toEqual(unknownWith(code));
  });

  it.each<[number, unknown, string]>([
    [500, { code: 50010000, message: "internal server error occurred" }, "http_500"],
    [500, { code: 40010001, message: "client_order_id must be unique" }, "http_500"],
    [502, undefined, "http_502"],
    [503, "busy", "http_503"],
    [504, {}, "http_504"],
    [408, { code: 40810000, message: "request timed out" }, "http_408"],
    [404, { code: 40410000, message: "not found" }, "http_404"],
    [409, { code: 40910000, message: "conflict" }, "http_409"],
    [418, undefined, "http_418"],
    [403, undefined, "http_403"],
    [403, { code: "40310000", message: "a code that is text" }, "http_403"],
    [400, undefined, "http_400"],
    [422, {}, "http_422"],
    [422, { message: "no code" }, "http_422"],
    [422, { code: 40010001 }, "http_422"],
    [422, [], "http_422"],
  ])("is unknown after a %i with %j", (status, body, code) => {
    expect(submitted(answered(status, body))).toEqual(unknownWith(code));
  });

  it.each([
    [422, 40010001, "client_order_id must be unique"],
    [422, 40010001, "client order id must be unique"],
    [422, 42210000, "Duplicate clientOrderId"],
    [422, undefined, "client_order_id must be unique"],
    [409, 40910000, "client_order_id already exists"],
    [403, 40310000, "client_order_id must be unique"],
  ])("has to be looked up when Alpaca says with %i %s: %s", (status, code, message) => {
    expect(submitted(answered(status, { code, message }))).toEqual(unknownWith("duplicate_client_order_id"));
  });
});

describe("a look-up", () => {
  const id = ClientOrderId.parse("sp-0192f3a4");
  const found = (answer: BrokerAnswer) => toFindEnding(id, answer, nowMs);

  it("finds the order", () => {
    const ending = found(answered(200, anAlpacaOrder({ status: "replaced", replaced_by: "another" })));
    expect(ending).toMatchObject({ ending: "found", report: { status: "replaced", client_order_id: id } });
  });

  it("finds an order with other terms too, for the caller to compare", () => {
    expect(found(answered(200, anAlpacaOrder({ qty: "1" })))).toMatchObject({ ending: "found" });
  });

  it("believes that an order is absent when Alpaca itself says so", () => {
    const body = { code: 40410000, message: "order not found for sp-0192f3a4" };
    expect(found(answered(404, body))).toEqual({ ending: "absent" });
  });

  it.each<[string, BrokerAnswer, string]>([
    ["a 404 without a body", answered(404), "http_404"],
    ["a 404 with another body", answered(404, { message: "Not Found" }), "http_404"],
    ["a 404 with another code", answered(404, { code: 40010001, message: "no" }), "http_404"],
    ["a not-found code under another status", answered(400, { code: 40410000, message: "no" }), "http_400"],
    ["wrong keys", answered(401, { code: 40110000, message: "no" }), "http_401"],
    ["a refusal", answered(403, { message: "forbidden." }), "http_403"],
    ["an error of the server", answered(500), "http_500"],
    ["an unreadable order", answered(200, undefined), "unreadable_order"],
    ["an empty list", answered(200, []), "unreadable_order"],
    ["a status nobody knows", answered(200, anAlpacaOrder({ status: "?" })), "unrecognised_status"],
    ["the order of another id", answered(200, anAlpacaOrder({ client_order_id: "x" })), "different_order"],
  ])("says nothing after %s", (_, answer, code) => {
    expect(found(answer)).toEqual(unknownWith(code));
  });

  it("was turned away by a 429 and may be asked again when that says so", () => {
    expect(found(answered(429, undefined, { "Retry-After": "7" }))).toEqual(turnedAway(7_000));
    expect(found(answered(429, { code: 40410000, message: "order not found" }))).toEqual(turnedAway(null));
  });

  it("was not sent when no request could be made of it", () => {
    expect(found({ kind: "failed", code: "not_sendable" })).toEqual(notSendable);
  });

  it.each(FAILURES)("says nothing after the failure %s", (code) => {
    expect(found({ kind: "failed", code })).toEqual(unknownWith(code));
  });
});

describe("a cancel", () => {
  const canceled = (answer: BrokerAnswer) => toCancelEnding(answer, nowMs);

  it.each<[number, unknown]>([
    [204, undefined],
    [200, {}],
    [207, [{ id: "61e69015-8549-4bfd-b9c3-01e75843f47d", status: 200 }]],
  ])("was requested after a %i with %j", (status, body) => {
    expect(canceled(answered(status, body))).toEqual({ ending: "requested" });
  });

  it.each<[string, BrokerAnswer]>([
    ["has ended", answered(422, { code: 42210000, message: 'order is already in "filled" state' })],
    ["cannot be canceled, for whatever reason", answered(422)],
    ["Alpaca does not have", answered(404, { code: 40410000, message: "order not found for 61e69015" })],
  ])("came too late for an order that %s", (_, answer) => {
    expect(canceled(answer)).toEqual({ ending: "too_late" });
  });

  it("was turned away by a 429 and may be repeated when that says so", () => {
    const headers = { "X-RateLimit-Reset": String(nowMs / 1000 + 31) };
    expect(canceled(answered(429, undefined, headers))).toEqual(turnedAway(31_000));
  });

  it.each<[string, BrokerAnswer, string]>([
    ["a 404 without a body", answered(404), "http_404"],
    ["a 404 of a gateway in between", answered(404, { message: "Not Found" }), "http_404"],
    ["a not-found code under another status", answered(400, { code: 40410000, message: "no" }), "http_400"],
    ["wrong keys", answered(401, { code: 40110000, message: "no" }), "http_401"],
    ["a refusal", answered(403, { message: "forbidden." }), "http_403"],
    ["a conflict", answered(409, { code: 40910000, message: "no" }), "http_409"],
    ["an error of the server", answered(500), "http_500"],
    ["a busy server", answered(503, "busy"), "http_503"],
  ])("is unknown after %s", (_, answer, code) => {
    expect(canceled(answer)).toEqual(unknownWith(code));
  });

  it.each(FAILURES)("is unknown after the failure %s", (code) => {
    expect(canceled({ kind: "failed", code })).toEqual(unknownWith(code));
  });

  it("was not sent when no request could be made of it", () => {
    expect(canceled({ kind: "failed", code: "not_sendable" })).toEqual(notSendable);
  });
});
