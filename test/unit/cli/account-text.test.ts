import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatAccount, formatAccounts, formatLeftOut } from "../../../src/cli/account-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { AccountView } from "../../../src/cli/views.ts";
import { type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

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

  it("say which settings a new policy leaves out, and what they are then", () => {
    const before = anAccount({ policy: { max_quantity: "10", max_notional: "off", approval: { above: "0" } } });
    const after = anAccount({ policy: { max_notional: "off", approval: "auto" } });
    const text = formatLeftOut(before, after, { max_notional: "off" });
    expect(text).toContain("  max_quantity: not set\n  approval: auto\n");
    expect(text).not.toContain("max_notional");
  });

  it("say nothing of settings that somebody has given, or that stay as they were", () => {
    const before = anAccount({ policy: { max_quantity: "10", approval: "auto", restricted_symbols: [] } });
    const after = anAccount({ policy: { max_quantity: "5", approval: "auto", restricted_symbols: [] } });
    expect(formatLeftOut(before, after, { max_quantity: "5" })).toBeUndefined();
  });

  it("say where they are", () => {
    const connection = { broker: "paper_process", url: "http://127.0.0.1:8788", requests_per_min: 200 };
    const text = formatAccount(anAccount({ connection }), plain);
    expect(text).toMatch(/^broker +paper_process$/m);
    expect(text).toMatch(/^url +http:\/\/127\.0\.0\.1:8788$/m);
    expect(text).toMatch(/^requests_per_min +200$/m);
  });
});

describe("accounts policy", () => {
  const policy = { max_notional: "off" };
  let dir: string;
  let gateway: FakeGateway;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "sallyport-policy-"));
    writeFileSync(join(dir, "policy.json"), JSON.stringify(policy));
    const before = anAccount({ policy: { ...policy, max_quantity: "10" } });
    gateway = await aFakeGateway(({ method }) => ({ body: method === "PUT" ? anAccount({ policy }) : before }));
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    await gateway.close();
  });

  it("replaces the whole of it, and says what that leaves out", async () => {
    const args = [
      "accounts",
      "policy",
      "--url",
      gateway.url,
      "--file",
      join(dir, "policy.json"),
      "--reason",
      "smaller",
    ];
    const { exit, out, error } = await callCommandLine([...args, "paper"]);
    expect(exit).toBe(0);
    expect(gateway.asked).toMatchObject([
      { method: "GET", path: "/v1/accounts/paper" },
      { method: "PUT", path: "/v1/accounts/paper/policy", body: { policy, reason: "smaller" } },
    ]);
    expect(out).toMatch(/^This policy binds from the next order on\.\n\naccount +paper$/m);
    expect(error).toContain("\n  max_quantity: not set\n");
  });
});
