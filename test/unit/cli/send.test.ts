import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { legIdOf } from "../../../src/domain/ids.ts";
import { anOrder } from "../../support/builders.ts";
import { type Answer, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";
import { aReceipt, aStep } from "./receipts.ts";

let dir: string;
let secretFile: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-send-"));
  secretFile = join(dir, "hmac.secret");
  writeFileSync(secretFile, "a-signing-secret-that-nobody-may-see");
});
afterAll(() => rmSync(dir, { recursive: true }));

async function sendBody(body: string, answer: Answer, ...options: readonly string[]) {
  const gateway = await aFakeGateway(() => answer);
  const args = ["send", "--url", gateway.url, "--secret-file", secretFile, ...options, body];
  const ended = await callCommandLine(args);
  await gateway.close();
  return { ...ended, url: gateway.url, asked: gateway.asked };
}

const send = (answer: Answer, ...options: readonly string[]) => sendBody("{}", answer, ...options);

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

describe("an order that is held", () => {
  const hold = { expires_at: "2026-01-15T14:45:00.000Z", price: "187.5", owner: "ana", decided: null };
  const order = anOrder({ status: "pending_new", delivery: "held", hold });

  it("says that a person has to let it pass, until when, and by which command", async () => {
    const { exit, out, url } = await send({ status: 202, body: order });
    expect(exit).toBe(0);
    expect(out).toMatch(/^HTTP 202: recorded, and held: the rules let it pass, and a person has to\.$/m);
    expect(out).toContain(`${order.id} waits for a person, until 2026-01-15T14:45:00Z, and is not sent after that.`);
    expect(out).toContain(`\n  npx sallyport approvals approve --url ${url} ${order.id}\n`);
    expect(out).toContain(`\n  npx sallyport approvals decline --url ${url} ${order.id}\n`);
  });

  it("says so too where an alert asked for it, or where it was sent before", async () => {
    const steps = [aStep({ action: "buy", symbol: "AAPL", outcome: "ordered", orders: [order.id] })];
    const alert = await sendBody("BUY 10 AAPL", { status: 202, body: aReceipt({ steps, orders: [order] }) });
    const again = await send({ status: 200, body: order, headers: { "Idempotency-Replayed": "true" } });
    expect(again.out).toMatch(/^HTTP 200: sent before, and stands so now\.$/m);
    for (const { out, url } of [alert, again]) {
      expect(out).toContain(`npx sallyport approvals approve --url ${url} ${order.id}\n`);
    }
  });
});

describe("a signal that cancels", () => {
  const [profit, loss] = [legIdOf(anOrder().id, 1), legIdOf(anOrder().id, 2)];
  const cancel = aStep({ action: "cancel", outcome: "done", canceled: [profit, loss] });

  it("says how many orders, which, and what that does to a position", async () => {
    const { out } = await sendBody('{"intent":"cancel"}', { status: 200, body: aReceipt({ steps: [cancel] }) });
    expect(out).toMatch(/^HTTP 200: recorded, and cancels are on their way\.$/m);
    expect(out).toContain(
      "2 orders are asked to be canceled; a take profit or a stop loss among them protects its position no more:\n\n" +
        `  ${profit}\n  ${loss}\n`,
    );
  });

  it("counts an order once, and says nothing of a position that something else is done about", async () => {
    const steps = ["AAPL", "MSFT"].map((symbol) => aStep({ action: "exit", symbol, canceled: [loss] }));
    const { out } = await send({ status: 202, body: aReceipt({ steps }) });
    expect(out).toContain(`1 order is asked to be canceled:\n\n  ${loss}\n`);
  });

  it("has canceled nothing where nothing was live", async () => {
    const steps = [
      aStep({ action: "cancel", outcome: "done", code: "nothing_to_do", detail: "no such order is live" }),
    ];
    const { out } = await send({ status: 200, body: aReceipt({ steps }) });
    expect(out).toMatch(/^HTTP 200: recorded, and nothing is on its way\.$/m);
    expect(out).not.toContain("asked to be canceled");
  });
});

describe("a signal that stops trading", () => {
  const id = "1f0c2a4e-7d35-4f0e-9a51-3d7f5d0c9b11";
  const stopped = (state: "reducing" | "halted") =>
    aReceipt({ steps: [aStep({ action: "stop", outcome: "done", stop: { id, state } })] });

  it.each([
    ["PAUSE", "reducing", "exits pass, and cancels"],
    ["KILL", "halted", "nothing passes but cancels"],
  ] as const)("as %s does, says what still passes, and how to release it", async (text, state, says) => {
    const { out, url } = await sendBody(text, { status: 200, body: stopped(state) });
    expect(out).toMatch(new RegExp(`stop +done +${state}, stop ${id}$`, "m"));
    expect(out).toMatch(/^HTTP 200: recorded, and trading is stopped\.$/m);
    expect(out).toContain(`Stop ${id} is in force until a person releases it: ${says}. Release it:`);
    expect(out).toContain(`\n  npx sallyport release --url ${url} ${id}\n`);
  });

  it("says nothing of a stop when it was sent before: that may be released by now", async () => {
    const headers = { "Idempotency-Replayed": "true" };
    const { out } = await send({ status: 200, body: stopped("reducing"), headers });
    expect(out).toMatch(/^HTTP 200: sent before, and stands so now\.$/m);
    expect(out).not.toContain("npx sallyport release");
  });
});

describe("an alert that was sent", () => {
  const order = anOrder({ status: "filled", delivery: "delivered", filled_quantity: "10", average_price: "187.25" });
  const bought = aReceipt({
    format: "text",
    steps: [aStep({ action: "buy", symbol: "AAPL", outcome: "ordered", code: "ordered", orders: [order.id] })],
    orders: [order],
  });

  it("goes as it was typed, to its source, and is shown as its receipt", async () => {
    const answer = { status: 202, body: bought };
    const { exit, out, url, asked } = await sendBody("BUY 10 AAPL", answer, "--source", "alerts");
    expect(exit).toBe(0);
    expect(asked).toMatchObject([{ method: "POST", path: "/webhooks/alerts", body: "BUY 10 AAPL" }]);
    expect(out).toMatch(/^HTTP 202: recorded, and set going\.\n\nsignal +paper_signal\n/);
    expect(out).toMatch(/^paper +buy +AAPL +ordered$/m);
    expect(out).toMatch(new RegExp(`${order.id} .* filled +10 +187\\.25$`, "m"));
    expect(out).toContain(`npx sallyport signals show --url ${url} paper_signal\n`);
  });

  it("is the receipt itself for a program", async () => {
    const { out } = await sendBody("BUY 10 AAPL", { status: 202, body: bought }, "--json");
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(bought)));
  });

  it("says why nothing came of it, and which fields were not regarded", async () => {
    const steps = [
      aStep({ action: "enter", symbol: "AAPL", outcome: "failed", code: "no_size", detail: "nobody says" }),
    ];
    const notices = [{ pointer: "/apikey", code: "foreign_key", message: "take it out" }];
    const { out } = await sendBody("{}", { status: 200, body: aReceipt({ steps, notices }) });
    expect(out).toMatch(/^HTTP 200: recorded, and nothing is on its way\./);
    expect(out).toMatch(/^paper +enter +AAPL +failed +no_size: nobody says$/m);
    expect(out).toMatch(/^notice +\/apikey take it out$/m);
    expect(out).not.toContain("Read what becomes of it");
  });
});

describe("an order for several accounts", () => {
  it("is shown account by account, and where it was refused, why", async () => {
    const [live, shadow] = [anOrder(), anOrder({ status: "shadowed", delivery: "none" })];
    const problem = { code: "account_disabled", detail: "An operator has disabled the account." };
    const outcomes = [
      { account: "a", status: 202, order: live },
      { account: "b", status: 409, problem },
      { account: "c", status: 200, order: shadow },
    ];
    const { exit, out } = await send({ status: 200, body: { outcomes } });
    expect(exit).toBe(0);
    expect(out).toMatch(/^a: HTTP 202: recorded, and approved\.$/m);
    expect(out).toMatch(/^b: HTTP 409 account_disabled: An operator has disabled the account\.$/m);
    expect(out).toMatch(/^c: HTTP 200: recorded, and approved; the account is a shadow and sends nothing\.$/m);
    expect(out.match(/Read what becomes of it/g)).toHaveLength(1);
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
