import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

const SOURCE = {
  id: "momentum",
  name: null,
  status: "active",
  kind: "signed",
  schemes: ["v1"],
  account: "paper",
  accounts: ["paper"],
  caps: { signals_per_min: 30, max_quantity: "10" },
  secrets: [],
  created_at: "2026-01-01T14:30:00.000Z",
  changed_at: "2026-01-01T14:30:00.000Z",
};

let gateway: FakeGateway;
afterEach(() => gateway.close());

async function answering(answers: Readonly<Record<string, Answer>>): Promise<string> {
  gateway = await aFakeGateway(({ method, path }) => answers[`${method} ${path}`]);
  return gateway.url;
}

describe("sources create", () => {
  it("shows the secret alone, and says where its sender sends to", async () => {
    const made = { source: SOURCE, secret: { id: "x3", secret: "whsec_the-secret" } };
    const url = await answering({ "POST /v1/sources": { status: 201, body: made } });
    const { exit, out, error } = await callCommandLine([
      "sources",
      "create",
      "--url",
      url,
      "--account",
      "paper",
      "momentum",
    ]);
    expect({ exit, out }).toEqual({ exit: 0, out: "whsec_the-secret\n" });
    expect(gateway.asked).toMatchObject([{ body: { id: "momentum", kind: "signed", account: "paper" } }]);
    expect(error).toContain(`${url}/webhooks/momentum\n`);
    expect(error).toMatch(/If it has got lost .*\n\n {2}npx sallyport rotate source --overlap 0 .* momentum\n$/);
    expect(error).not.toContain("whsec_");
  });

  it("shows TradingView's address alone, and what its account has to take", async () => {
    const source = { ...SOURCE, id: "tv", kind: "tradingview", origin: "ip" };
    const url = await answering({
      "POST /v1/sources": { status: 201, body: { source, path: "/webhooks/tv/the-token" } },
    });
    const args = ["sources", "create", "--url", url, "--kind", "tradingview", "--account", "paper", "tv"];
    const { exit, out, error } = await callCommandLine(args);
    expect({ exit, out }).toEqual({ exit: 0, out: `${url}/webhooks/tv/the-token\n` });
    expect(error).toContain(`npx sallyport accounts change --minimum-origin ip --url ${url} paper`);
    expect(error).not.toContain("the-token");
  });

  it("is from a gateway of another version where nothing is shown", async () => {
    const url = await answering({ "POST /v1/sources": { status: 201, body: { source: SOURCE } } });
    const { exit, error } = await callCommandLine([
      "sources",
      "create",
      "--url",
      url,
      "--account",
      "paper",
      "momentum",
    ]);
    expect(exit).toBe(3);
    expect(error).toContain("holds no secret");
    expect(error).toContain(`look before you repeat it.\n\n  npx sallyport sources --url ${url}\n`);
  });
});

describe("sources change", () => {
  it("keeps the caps that were not given, since the gateway takes them together", async () => {
    const url = await answering({
      "GET /v1/sources/momentum": { body: SOURCE },
      "PATCH /v1/sources/momentum": { body: SOURCE },
    });
    const { exit } = await callCommandLine(["sources", "change", "--url", url, "--max-quantity", "5", "momentum"]);
    expect(exit).toBe(0);
    expect(gateway.asked.at(-1)?.body).toEqual({ caps: { signals_per_min: 30, max_quantity: "5" } });
  });

  it("gives a source that has no caps none without a pace", async () => {
    const url = await answering({ "GET /v1/sources/momentum": { body: { ...SOURCE, caps: null } } });
    const { exit, error } = await callCommandLine([
      "sources",
      "change",
      "--url",
      url,
      "--max-quantity",
      "5",
      "momentum",
    ]);
    expect({ exit, error }).toMatchObject({
      exit: 2,
      error: expect.stringMatching(/^--signals-per-min is missing/) as string,
    });
    expect(gateway.asked.map(({ method }) => method)).toEqual(["GET"]);
  });

  it("asks once where no cap changes", async () => {
    const url = await answering({ "PATCH /v1/sources/momentum": { body: SOURCE } });
    await callCommandLine(["sources", "change", "--url", url, "--no-others", "momentum"]);
    expect(gateway.asked).toMatchObject([{ method: "PATCH", body: { accounts: [] } }]);
  });
});

describe("how a source's signals are read", () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), "sallyport-sources-"))));
  afterAll(() => rmSync(dir, { recursive: true }));

  const fileOf = (text: string): string => {
    const path = join(dir, "signals.json");
    writeFileSync(path, text);
    return path;
  };

  it("comes from a file, for a new source and for one that is there", async () => {
    const made = { source: SOURCE, secret: { id: "x3", secret: "whsec_the-secret" } };
    const url = await answering({
      "POST /v1/sources": { status: 201, body: made },
      "PATCH /v1/sources/momentum": { body: SOURCE },
    });
    const file = fileOf('{"format":"text","stop_reach":"account"}');
    const terms = ["--url", url, "--owner", "maria", "--signals", file];
    expect(await callCommandLine(["sources", "create", ...terms, "--account", "paper", "momentum"])).toMatchObject({
      exit: 0,
    });
    expect(await callCommandLine(["sources", "change", ...terms, "momentum"])).toMatchObject({ exit: 0 });
    const said = { owner: "maria", signals: { format: "text", stop_reach: "account" } };
    expect(gateway.asked).toMatchObject([{ body: { ...said, account: "paper" } }, { body: said }]);
  });

  it("is not guessed where the file holds no JSON, and nothing is made then", async () => {
    const url = await answering({});
    const args = ["--url", url, "--account", "paper", "--signals", fileOf("format: text"), "momentum"];
    const { exit, error } = await callCommandLine(["sources", "create", ...args]);
    expect({ exit, error }).toMatchObject({ exit: 1, error: expect.stringContaining("holds no JSON") as string });
    expect(gateway.asked).toEqual([]);
  });
});

describe("sources retire", () => {
  it("names a secret by its id, whatever that begins with", async () => {
    const url = await answering({ "DELETE /v1/sources/momentum/secrets/-x3_": { body: SOURCE } });
    const { exit, out } = await callCommandLine(["sources", "retire", "--url", url, "--", "momentum", "-x3_"]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^That secret is refused from now on\.\n\nsource +momentum$/m);
  });
});
