import { once } from "node:events";
import { type Server, createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { AccountId, OrderId } from "../../../src/domain/ids.ts";
import { aReceipt, aStep } from "./receipts.ts";
import { anOrder } from "../../support/builders.ts";
import { type Answer, type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

const ID = "1f0c2a4e-7d35-4f0e-9a51-3d7f5d0c9b11";
const STOP = {
  id: ID,
  account: null,
  source: null,
  symbol: null,
  state: "reducing",
  level: "gateway",
  set_by: "bootstrap",
  set_at: "2026-01-15T14:30:00.000Z",
  reason: "stopped by hand",
};
const STOPPED = { stop: STOP, accounts: [{ account: "paper", canceled: 2, on_the_wire: [] }] };
const NOT_TOLD = { code: "not_told", detail: "It is not in force everywhere: second could not be told of it." };
const UNAVAILABLE = { code: "unavailable", detail: "Try again." };

let close: () => Promise<void> = async () => undefined;
afterEach(() => close());

async function answering(answer: Answer): Promise<FakeGateway> {
  const gateway = await aFakeGateway(() => answer);
  close = gateway.close;
  return gateway;
}

/** Refuses the first requests with 503, without asking for patience, and does what the others ask. */
async function hesitating(refusals: number, problem: object, done: object) {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const isRefused = asked.length <= refusals;
    response.writeHead(isRefused ? 503 : 200, { "Content-Type": "application/json", "Retry-After": "0" });
    response.end(JSON.stringify(isRefused ? problem : done));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, asked };
}

describe("kill", () => {
  it("stops everything with one word, and leaves to the gateway what is canceled", async () => {
    const gateway = await answering({ body: STOPPED });
    const { exit, out, error } = await callCommandLine(["kill", "--url", gateway.url]);
    expect({ exit, error }).toEqual({ exit: 0, error: "" });
    expect(gateway.asked).toEqual([
      { method: "POST", path: "/v1/stops", body: { state: "reducing", reason: "stopped by hand" } },
    ]);
    expect(out).toMatch(/^Stopped: everything\.$/m);
    expect(out).toContain(`npx sallyport release --url ${gateway.url} ${ID}\n`);
  });

  it("stops what its options name, together", async () => {
    const gateway = await answering({ body: STOPPED });
    const reach = ["--account", "live", "--source", "momentum", "--symbol", "TSLA"];
    const how = ["--halt", "--cancel", "all", "--reason", "looks wrong"];
    const { exit, out } = await callCommandLine(["kill", "--url", gateway.url, "--json", ...reach, ...how]);
    expect(exit).toBe(0);
    expect(gateway.asked[0]?.body).toEqual({
      account: "live",
      source: "momentum",
      symbol: "TSLA",
      state: "halted",
      cancel: "all",
      reason: "looks wrong",
    });
    expect(JSON.parse(out)).toEqual(STOPPED);
  });

  it("leaves every position with one more word, and says of each what becomes of it", async () => {
    const steps = [
      aStep({ action: "flatten", outcome: "done" }),
      aStep({ symbol: "AAPL" }),
      aStep({ symbol: "MSFT", outcome: "failed", code: "trading_halted", detail: "trading is halted" }),
    ];
    const accounts = [{ account: "paper", canceled: 1, on_the_wire: [], flattened: aReceipt({ steps }) }];
    const gateway = await answering({ body: { stop: STOP, accounts } });
    const { exit, out } = await callCommandLine(["kill", "--url", gateway.url, "--flatten"]);
    expect(exit).toBe(0);
    expect(gateway.asked[0]?.body).toMatchObject({ state: "reducing", flatten: true });
    expect(out).toMatch(
      /^paper +exit +AAPL +working +other orders have to end first, or the broker .+\npaper +exit +MSFT +failed +trading_halted: trading is halted$/m,
    );
    expect(out).toContain(`Read how it fares:\n\n  npx sallyport signals show --url ${gateway.url} paper_signal\n`);
  });

  it("says of each account that leaves something how to read what becomes of that", async () => {
    const flattened = (account: string, ...symbols: readonly string[]) => ({
      account,
      canceled: 0,
      on_the_wire: [],
      flattened: aReceipt({
        id: `${account}_signal` as OrderId,
        account: account as AccountId,
        steps: [aStep({ action: "flatten", outcome: "done" }), ...symbols.map((symbol) => aStep({ symbol }))],
      }),
    });
    const accounts = [flattened("paper", "AAPL"), flattened("empty"), flattened("second", "MSFT", "SPY")];
    const gateway = await answering({ body: { stop: STOP, accounts } });
    const { out } = await callCommandLine(["kill", "--url", gateway.url, "--flatten"]);
    const shown = [...out.matchAll(/npx sallyport signals show --url \S+ (\S+)$/gm)].map(([, id]) => id);
    expect(shown).toEqual(["paper_signal", "second_signal"]);
  });

  it("says so where nothing is held", async () => {
    const flattened = aReceipt({ steps: [aStep({ action: "flatten", outcome: "done" })] });
    const accounts = [{ account: "paper", canceled: 0, on_the_wire: [], flattened }];
    const gateway = await answering({ body: { stop: STOP, accounts } });
    const { out } = await callCommandLine(["kill", "--url", gateway.url, "--flatten"]);
    expect(out).toContain("Nothing is held there");
    expect(out).not.toContain("signals show");
  });

  it.each([
    ["--halt", "Give --flatten or --halt"],
    ["--source=momentum", "--flatten does not go with --source"],
  ])("leaves no position with %s, and stops nothing then", async (option, fault) => {
    const gateway = await answering({ body: STOPPED });
    const { exit, error } = await callCommandLine(["kill", "--url", gateway.url, "--flatten", option]);
    expect(exit).toBe(2);
    expect(error).toContain(fault);
    expect(gateway.asked).toEqual([]);
  });

  it.each([NOT_TOLD, UNAVAILABLE])("asks again while the answer is %j", async (problem) => {
    const { url, asked } = await hesitating(3, problem, STOPPED);
    const { exit, out, error } = await callCommandLine(["kill", "--url", url]);
    expect(exit).toBe(0);
    expect(asked).toHaveLength(4);
    expect(out).toMatch(/^Stopped: everything\.\n/);
    expect(out).toContain("asked for more than once");
    expect(error).toBe(`NOT in force everywhere yet, asking again: ${problem.detail}\n`.repeat(3));
  });

  it("fails where somebody still could not be told, and says who", async () => {
    const { url, asked } = await hesitating(4, NOT_TOLD, STOPPED);
    const { exit, out, error } = await callCommandLine(["kill", "--url", url]);
    expect({ exit, out }).toEqual({ exit: 1, out: "" });
    expect(asked).toHaveLength(4);
    expect(error).toContain("It is NOT in force everywhere. Asked for 4 times, and the last answer was:\n\nHTTP 503");
    expect(error).toContain("second could not be told of it.");
    expect(error).toContain("Run this again");
  });

  it("fails for a program, too, with the gateway's own problem", async () => {
    const { url } = await hesitating(4, NOT_TOLD, STOPPED);
    const { exit, out } = await callCommandLine(["kill", "--url", url, "--json"]);
    expect(exit).toBe(1);
    expect(JSON.parse(out)).toEqual(NOT_TOLD);
  });

  it("asks once where asking again changes nothing", async () => {
    const gateway = await answering({ status: 422, body: { code: "invalid_request", detail: "No such source." } });
    const { exit, error } = await callCommandLine(["kill", "--url", gateway.url, "--source", "momentun"]);
    expect({ exit, error }).toEqual({ exit: 1, error: "HTTP 422 invalid_request: No such source.\n" });
    expect(gateway.asked).toHaveLength(1);
  });

  it("does not take a part to be stopped that is not said as an option, and stops nothing then", async () => {
    const gateway = await answering({ body: STOPPED });
    expect(await callCommandLine(["kill", "--url", gateway.url, "AAPL"])).toMatchObject({ exit: 2, out: "" });
    expect(await callCommandLine(["kill", "--url", gateway.url, "--cancel", "exits"])).toMatchObject({
      exit: 2,
      error: expect.stringMatching(/^--cancel takes none or entries or all/) as string,
    });
    expect(gateway.asked).toEqual([]);
  });
});

describe("release", () => {
  it("names the stop by its id, and says why", async () => {
    const gateway = await answering({ body: STOP });
    const { exit, out } = await callCommandLine(["release", "--url", gateway.url, "--reason", "fixed", "../stops"]);
    expect(exit).toBe(0);
    expect(gateway.asked).toEqual([
      { method: "POST", path: "/v1/stops/..%2Fstops/release", body: { reason: "fixed" } },
    ]);
    expect(out).toMatch(/^Released: everything\./);
  });

  it("asks again while somebody could not be told", async () => {
    const { url, asked } = await hesitating(1, NOT_TOLD, STOP);
    expect(await callCommandLine(["release", "--url", url, ID])).toMatchObject({ exit: 0 });
    expect(asked).toEqual([`POST /v1/stops/${ID}/release`, `POST /v1/stops/${ID}/release`]);
  });

  it("says where the ids are where there is none like it", async () => {
    const gateway = await answering({ status: 404, body: { code: "not_found", detail: "No stop has this id." } });
    const { exit, error } = await callCommandLine(["release", "--url", gateway.url, "nonsense"]);
    expect({ exit, error }).toEqual({
      exit: 1,
      error: `HTTP 404 not_found: No stop has this id.\n\nWhat is in force:\n\n  npx sallyport stops --url ${gateway.url}\n`,
    });
  });

  it("says where to look when nobody knows whether it is released", async () => {
    const { url, asked } = await hesitating(1, UNAVAILABLE, STOP);
    const { exit, error } = await callCommandLine(["release", "--url", url, ID]);
    expect(exit).toBe(1);
    expect(asked).toHaveLength(1);
    expect(error).toContain(`look before you repeat it.\n\n  npx sallyport stops --url ${url}\n`);
  });

  it("wants to know which", async () => {
    expect(await callCommandLine(["release"])).toMatchObject({
      exit: 2,
      error: expect.stringMatching(/^STOP is missing/) as string,
    });
  });
});

describe("signals show", () => {
  it("shows what became of a stop that left every position, and is the receipt for a program", async () => {
    const receipt = aReceipt({
      format: "stop",
      steps: [aStep({ symbol: "AAPL", outcome: "ordered", code: "ordered" })],
    });
    const gateway = await answering({ body: receipt });
    const { exit, out } = await callCommandLine(["signals", "show", "--url", gateway.url, "paper_signal"]);
    expect(exit).toBe(0);
    expect(gateway.asked).toMatchObject([{ method: "GET", path: "/v1/signals/paper_signal" }]);
    expect(out).toMatch(/^format +stop$/m);
    expect(out).toMatch(/^paper +exit +AAPL +ordered$/m);
    const program = await callCommandLine(["signals", "show", "--url", gateway.url, "--json", "paper_signal"]);
    expect(JSON.parse(program.out)).toEqual(receipt);
  });

  it("says what is left to a person, as send does", async () => {
    const hold = { expires_at: "2026-01-15T14:45:00.000Z", price: "187.5", owner: "ana", decided: null };
    const held = anOrder({ delivery: "held", hold });
    const steps = [
      aStep({ action: "enter", symbol: "AAPL", orders: [held.id] }),
      aStep({
        action: "enter",
        symbol: "MSFT",
        outcome: "failed",
        code: "trading_halted",
        detail: "trading is halted",
      }),
    ];
    const gateway = await answering({ body: aReceipt({ steps, orders: [held] }) });
    const { out } = await callCommandLine(["signals", "show", "--url", gateway.url, "paper_signal"]);
    expect(out).toMatch(/^paper +enter +AAPL +working +its order waits for a person$/m);
    expect(out).toContain(`npx sallyport approvals approve --url ${gateway.url} ${held.id}\n`);
    expect(out).toContain(`What is stopped, by whom and why:\n\n  npx sallyport stops --url ${gateway.url}\n`);
  });

  it("is all that signals knows", async () => {
    expect(await callCommandLine(["signals"])).toMatchObject({ exit: 2 });
  });
});

describe("stops", () => {
  it("are listed, and are a list for a program", async () => {
    const gateway = await answering({ body: { stops: [STOP], unread: [] } });
    const { out, error } = await callCommandLine(["stops", "--url", gateway.url]);
    expect(error).toBe("");
    expect(out).toMatch(new RegExp(`^\\S+ +${ID} +everything `, "m"));
    expect(JSON.parse((await callCommandLine(["stops", "--url", gateway.url, "--json"])).out)).toEqual([STOP]);
  });

  it("say beside the list where some may be missing from it", async () => {
    const gateway = await answering({ body: { stops: [], unread: ["slow", "far"] } });
    const { out, error } = await callCommandLine(["stops", "--url", gateway.url]);
    expect(out).toBe("Nothing is stopped.\n");
    expect(error).toBe("What is stopped only at slow, far is missing: no answer came in time. Ask again.\n");
  });
});
