import { describe, expect, it } from "vitest";
import { formatAccount, formatAccounts } from "../../../src/cli/account-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { AccountView } from "../../../src/cli/views.ts";

const anAccount = (difference: object = {}): AccountView =>
  AccountView.parse({
    id: "paper",
    name: null,
    status: "active",
    connection: { broker: "paper" },
    credentials: null,
    minimum_origin: "hmac",
    policy: { symbols: ["AAPL", "MSFT"], max_quantity: "100" },
    policy_version: 3,
    revision: 5,
    created_at: "2026-01-15T14:30:00.000Z",
    changed_at: "2026-01-15T14:31:00.000Z",
    ...difference,
  });

describe("accounts", () => {
  it("are a line each", () => {
    const atAlpaca = anAccount({
      id: "live",
      name: "Main",
      status: "disabled",
      connection: { broker: "alpaca_live" },
      credentials: { key_id: "AK…9Z", venue_account: "…4321", checked_at: "2026-01-15T14:30:00.000Z" },
    });
    const lines = formatAccounts([anAccount(), atAlpaca], plain).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^paper +paper +active +v3$/);
    expect(lines[2]).toMatch(/^live +alpaca_live +disabled +v3 +AK…9Z +Main$/);
  });

  it("show whether they send what they approve", () => {
    const shadow = anAccount({ mode: "shadow" });
    expect(formatAccounts([shadow], plain)).toMatch(/^paper +paper +active +shadow +v3$/m);
    expect(formatAccount(shadow, plain)).toMatch(/^mode +shadow$/m);
  });

  it("can be none", () => {
    expect(formatAccounts([], plain)).toBe("No accounts.");
  });

  it("show every rule of their policy, also one that this program has never heard of", () => {
    const policy = { symbols: ["AAPL", "MSFT"], max_loss: { day: "5" }, constructor: "1" };
    const text = formatAccount(anAccount({ policy }), plain);
    expect(text).toMatch(/^policy +version 3$/m);
    expect(text).toMatch(/^symbols +AAPL, MSFT$/m);
    expect(text).toMatch(/^max_loss +\{"day":"5"\}$/m);
    expect(text).toMatch(/^constructor +1$/m);
  });

  it("say where they are", () => {
    const connection = { broker: "paper_process", url: "http://127.0.0.1:8788", requests_per_min: 200 };
    const text = formatAccount(anAccount({ connection }), plain);
    expect(text).toMatch(/^broker +paper_process$/m);
    expect(text).toMatch(/^url +http:\/\/127\.0\.0\.1:8788$/m);
    expect(text).toMatch(/^requests_per_min +200$/m);
  });
});
