import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { sign, signStandardWebhook } from "../../../src/cli/sign.ts";
import { signAs } from "../../../src/cli/signing.ts";
import standard from "../../vectors/standard-webhooks.json" with { type: "json" };
import house from "../../vectors/signature-v1.json" with { type: "json" };

const NOW = new Date("2026-01-15T14:30:00Z");
const SECRET = standard.secret;

describe("a v1 signature", () => {
  it("is over timestamp, nonce and body", () => {
    const { headers } = sign(house.body, house.secret, new Date(house.timestamp), house.nonce);
    expect(headers).toMatchObject({ "X-Timestamp": "2026-01-15T14:30:00.000Z", "X-Nonce": house.nonce });
  });

  it("is the same over a text and over its bytes", () => {
    const [text, bytes] = ["{}", new TextEncoder().encode("{}")].map((body) => sign(body, SECRET, NOW, "n").headers);
    expect(text).toEqual(bytes);
  });
});

describe("a signature of Standard Webhooks", () => {
  it("is the published one", () => {
    const now = new Date(Number(standard.timestamp) * 1000);
    expect(signStandardWebhook(standard.body, SECRET, now, standard.id).headers).toMatchObject({
      "webhook-id": standard.id,
      "webhook-timestamp": standard.timestamp,
      "webhook-signature": standard.signature,
    });
  });

  it("is believed by the standard's own library", () => {
    const { headers } = signAs("standard-webhooks", '{"a":1}', SECRET);
    expect(new Webhook(SECRET).verify('{"a":1}', { ...headers })).toEqual({ a: 1 });
  });

  it("needs a secret of its form", () => {
    expect(() => signAs("standard-webhooks", "{}", "x".repeat(40))).toThrow("whsec_<base64>");
  });
});
