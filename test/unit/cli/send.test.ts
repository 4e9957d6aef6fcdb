import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anOrder } from "../../support/builders.ts";
import { type Answer, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

let dir: string;
let secretFile: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-send-"));
  secretFile = join(dir, "hmac.secret");
  writeFileSync(secretFile, "a-signing-secret-that-nobody-may-see");
});
afterAll(() => rmSync(dir, { recursive: true }));

async function send(answer: Answer, ...options: readonly string[]) {
  const gateway = await aFakeGateway(() => answer);
  const args = ["send", "--url", gateway.url, "--secret-file", secretFile, ...options, "{}"];
  const ended = await callCommandLine(args);
  await gateway.close();
  return { ...ended, url: gateway.url };
}

describe("an order that was sent", () => {
  it("comes with the command that reads what becomes of it", async () => {
    const order = anOrder({ status: "pending_new" });
    const { exit, out, url } = await send({ status: 202, body: order });
    expect(exit).toBe(0);
    expect(out).toContain(`Read what becomes of it:\n\n  npx sallyport orders show --url ${url} ${order.id}\n`);
  });

  it("comes without one where the policy has denied it, since nothing becomes of it", async () => {
    const { exit, out } = await send({ status: 200, body: anOrder({ status: "denied", delivery: "none" }) });
    expect(exit).toBe(0);
    expect(out).toMatch(/^HTTP 200: recorded, and denied by the policy\./);
    expect(out).not.toContain("Read what becomes of it");
  });
});

describe("an order that did not prove itself", () => {
  const refused = { status: 401, body: { code: "unauthorized", detail: "It proves nothing." } };

  it("comes with the commands that say why", async () => {
    const { exit, error, url } = await send(refused);
    expect(exit).toBe(1);
    expect(error).toMatch(/^HTTP 401 unauthorized: It proves nothing\.\n/);
    expect(error).toContain(`npx sallyport doctor --url ${url} `);
    expect(error).toContain("npx sallyport verify ");
  });

  it("is the gateway's own problem for a program", async () => {
    expect(JSON.parse((await send(refused, "--json")).out)).toEqual(refused.body);
  });

  it("is another matter than an order that is wrong", async () => {
    const { error } = await send({ status: 422, body: { code: "invalid_request", detail: "Fields are wrong." } });
    expect(error).toBe("HTTP 422 invalid_request: Fields are wrong.\n");
  });
});
