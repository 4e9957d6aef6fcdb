// A broker's key is tried before it is kept: whose account it opens, and whether orders can go there.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { idOf } from "./support/admin.ts";
import { call } from "./support/gateway.ts";

const CREDENTIALS = { key_id: "PKTESTKEYTESTKEYTEST", secret_key: "a-broker-secret-for-tests" };
const LIVE = "alpaca_live";
const PAPER = "alpaca_paper";

/** What the broker says of the account that the key opens. */
let said: object = {};
let number = "";

beforeEach(() => {
  number = `9${crypto.randomUUID().replaceAll(/\D/g, "").padEnd(9, "0").slice(0, 9)}`;
  said = {};
  vi.spyOn(globalThis, "fetch").mockImplementation(async () =>
    Response.json({
      id: "0",
      account_number: number,
      status: "ACTIVE",
      trading_blocked: false,
      account_blocked: false,
      trade_suspended_by_user: false,
      ...said,
    }),
  );
});

afterEach(() => {
  vi.restoreAllMocks();
});

function create(broker: string, id = idOf("keyed"), more: object = {}): Promise<Response> {
  const confirmed = broker === LIVE ? { confirm_live: `Orders of account ${id} trade real money.` } : {};
  const body = { id, connection: { broker }, credentials: CREDENTIALS, policy: {}, ...confirmed, ...more };
  return call("POST", "/v1/accounts", { body });
}

const refusalOf = async (response: Response): Promise<string> => {
  const { code, detail } = await response.json<{ code: string; detail: string }>();
  return `${response.status} ${code}: ${detail}`;
};

describe("a broker's key", () => {
  it("that opens a live account is kept for a live one, masked", async () => {
    const response = await create(LIVE);
    expect(response.status).toBe(201);
    const text = await response.text();
    expect(text).not.toContain(CREDENTIALS.key_id);
    expect(text).not.toContain(CREDENTIALS.secret_key);
    expect(text).not.toContain(number);
  });

  it("is not kept for a live account without the sentence that says what that means", async () => {
    const response = await create(LIVE, idOf("keyed"), { confirm_live: "yes" });
    expect(await refusalOf(response)).toMatch(/^422 invalid_request/);
  });

  it("that opens a paper account is not kept for a live one", async () => {
    number = `PA${number}`;
    expect(await refusalOf(await create(LIVE))).toBe("422 credentials_refused: They open a paper account.");
  });

  it.each([
    ["account_blocked", { account_blocked: true }],
    ["trading_blocked", { trading_blocked: true }],
    ["an account that is closed", { status: "ACCOUNT_CLOSED" }],
  ])("is not kept while the broker takes no orders there: %s", async (_, blocked) => {
    said = blocked;
    expect(await refusalOf(await create(PAPER))).toMatch(/^422 credentials_refused: The broker takes no orders there/);
  });

  it("that opens the account of another one here is not kept: each would hold its limits against its own orders only", async () => {
    const first = idOf("keyed");
    expect((await create(PAPER, first)).status).toBe(201);
    expect(await refusalOf(await create(PAPER))).toContain(
      `Account ${first} is at this account of the broker already.`,
    );
    number = `${number}1`;
    expect((await create(PAPER)).status).toBe(201);
  });

  it("is not replaced by one that opens another account", async () => {
    const id = idOf("keyed");
    expect((await create(PAPER, id)).status).toBe(201);
    const replace = () => call("PUT", `/v1/accounts/${id}/credentials`, { body: { credentials: CREDENTIALS } });
    expect((await replace()).status).toBe(200);
    number = `${number}1`;
    expect(await refusalOf(await replace())).toMatch(/^422 credentials_refused: They open another account/);
  });
});
