import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccountId, type SourceId, legIdOf } from "../../../src/domain/ids.ts";
import type { TradingStop } from "../../../src/domain/trading-stop.ts";
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
  const canceled = [profit, loss];
  const cancel = aStep({ action: "cancel", outcome: "done", canceled, canceled_exits: canceled });

  it("says how many orders, which, and what that does to a position", async () => {
    const { out } = await sendBody('{"intent":"cancel"}', { status: 200, body: aReceipt({ steps: [cancel] }) });
    expect(out).toMatch(/^HTTP 200: recorded, and cancels are on their way\.$/m);
    expect(out).toContain(
      "2 orders are asked to be canceled; a take profit, a stop loss or another exit among them protects its position no more:\n\n" +
        `  ${profit}\n  ${loss}\n`,
    );
  });

  it("says nothing of a position where all of them would have opened one", async () => {
    const steps = [{ ...cancel, canceled_exits: [] }];
    const { out } = await send({ status: 200, body: aReceipt({ steps }) });
    expect(out).toContain("2 orders are asked to be canceled:\n\n");
  });

  it("warns of a gateway's that does not tell what they were", async () => {
    const { canceled_exits: _, ...step } = cancel;
    const { out } = await send({ status: 200, body: { ...aReceipt(), steps: [step] } });
    expect(out).toContain("protects its position no more");
  });

  it("counts an order once, and says nothing of a position that something else is done about", async () => {
    const steps = ["AAPL", "MSFT"].map((symbol) =>
      aStep({ action: "exit", symbol, canceled: [loss], canceled_exits: [loss] }),
    );
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
  const [account, source] = ["paper" as AccountId, "alerts" as SourceId];
  type Whom = Pick<TradingStop, "account" | "source">;
  const stopOf = (state: TradingStop["state"], whom: Whom = { account, source }) =>
    aStep({ action: "stop", outcome: "done", stop: { id, state, ...whom } });
  const stopped = (state: TradingStop["state"]) => aReceipt({ steps: [stopOf(state)] });

  it.each([
    ["PAUSE", "reducing", "exits pass, and cancels"],
    ["KILL", "halted", "nothing passes but cancels"],
  ] as const)("as %s does, says what still passes, and how to release it", async (text, state, says) => {
    const { out, url } = await sendBody(text, { status: 200, body: stopped(state) });
    expect(out).toMatch(new RegExp(`stop +done +${state}, stop ${id} of source alerts at account paper$`, "m"));
    expect(out).toMatch(/^HTTP 200: recorded, and trading is stopped\.$/m);
    expect(out).toContain(`Stop ${id} is in force until a person releases it: ${says}. Release it:`);
    expect(out).toContain(`\n  npx sallyport release --url ${url} ${id}\n`);
  });

  it.each<[Whom, string]>([
    [{ account, source }, "source alerts at account paper"],
    [{ account, source: null }, "everything at account paper"],
    [{ account: null, source: null }, "everything"],
  ])("says whom it stops: %j", async (whom, words) => {
    const { out } = await send({ status: 200, body: aReceipt({ steps: [stopOf("reducing", whom)] }) });
    expect(out).toContain(`Stopped: ${words}. Stop ${id} is in force`);
    expect(out.includes("All other accounts are stopped as well;")).toBe(whom.account === null);
  });

  it("says that the other accounts are left, too, and how to look at them", async () => {
    const everything = stopOf("reducing", { account: null, source: null });
    const steps = [everything, aStep({ action: "flatten", outcome: "done" }), aStep({ symbol: "AAPL" })];
    const { out, url } = await send({ status: 202, body: aReceipt({ steps }) });
    expect(out).toContain(
      "All other accounts are stopped as well, and told to close what they hold; the receipt tells of paper alone.",
    );
    expect(out).toContain(`  npx sallyport stops --url ${url}\n  npx sallyport accounts --url ${url}\n`);
  });

  it("does not say of a gateway's stop what that does not tell", async () => {
    const step = { ...stopOf("reducing"), stop: { id, state: "reducing" } };
    const { out } = await send({ status: 200, body: { ...aReceipt(), steps: [step] } });
    expect(out).toMatch(new RegExp(`stop +done +reducing, stop ${id}$`, "m"));
    expect(out).toMatch(new RegExp(`^Stop ${id} is in force`, "m"));
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
    expect(out).toMatch(/accounts enable --url \S+ b$/m);
  });

  it("is shown with the verdicts that refused it, and with the command that has the others", async () => {
    const passed = { rule: "sides", passed: true, input: "buy", limit: "any" };
    const failed = { rule: "max_quantity", passed: false, input: "10", limit: "5", reason: "max_quantity_exceeded" };
    const reason = { code: "max_quantity_exceeded" };
    const outcomes = [
      { account: "a", status: 202, order: anOrder({ verdicts: [passed] }) },
      { account: "b", status: 200, order: anOrder({ status: "denied", reason, verdicts: [passed, failed] }) },
    ];
    const several = await send({ status: 200, body: { outcomes } });
    expect(several.out).not.toMatch(/^sides /m);
    expect(several.out.match(/^RULE /gm)).toHaveLength(1);
    expect(several.out).toMatch(/^max_quantity +FAIL +10 +5 +max_quantity_exceeded$/m);
    expect(several.out).toContain("Read what becomes of it, and what every rule says:\n\n  npx sallyport orders show");
    expect(several.out).toContain("Read what every rule says:\n\n  npx sallyport orders show");
    const alone = await send({ status: 202, body: anOrder({ verdicts: [passed] }) });
    expect(alone.out).toMatch(/^sides +pass/m);
  });

  it("is a shadow's where its receipt says so, and nothing more becomes of that", async () => {
    const steps = [aStep({ action: "buy", symbol: "AAPL", outcome: "shadowed" })];
    const outcomes = [{ account: "trial", status: 200, receipt: aReceipt({ steps }) }];
    const { out } = await send({ status: 200, body: { outcomes } });
    expect(out).toMatch(/^trial: HTTP 200: recorded, and approved; the account is a shadow and sends nothing\.$/m);
    expect(out).not.toContain("Read what becomes of it");
  });
});

describe("what a signal lacks that its source's settings can say", () => {
  const unknown = { pointer: "", code: "account_unknown", message: '"MyKeys" is no account' };
  const refused = { status: 422, body: { code: "invalid_request", detail: "Correct it.", errors: [unknown] } };
  const failed = aStep({ action: "buy", symbol: "AAPL", outcome: "failed", code: "no_size", detail: "nobody says" });
  const change = (url: string) => `  npx sallyport sources change --signals FILE --url ${url} alerts\n`;

  it("comes with the command that says it, refused or failed", async () => {
    const inVain = await send(refused, "--source", "alerts");
    expect(inVain).toMatchObject({ exit: 1, error: expect.stringContaining(change(inVain.url)) as string });
    const { out, url } = await send({ status: 200, body: aReceipt({ steps: [failed] }) }, "--source", "alerts");
    expect(out).toContain(change(url));
  });

  it("is not said of the gateway's own source, which has no settings", async () => {
    const { error } = await send(refused);
    expect(error).toContain("The source default has none: send through one of your own.");
    expect(error).not.toContain("sources change");
  });

  it("is the gateway's own problem for a program", async () => {
    expect(JSON.parse((await send(refused, "--source", "alerts", "--json")).out)).toEqual(refused.body);
  });
});

describe("an order that a stop keeps back", () => {
  it.each(["reducing_only", "trading_halted"])("comes with the command that shows the stop: %s", async (code) => {
    const order = anOrder({ status: "denied", delivery: "none", reason: { code } });
    const { out, url } = await send({ status: 200, body: order });
    expect(out).toContain(`\n  npx sallyport stops --url ${url}\n`);
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
