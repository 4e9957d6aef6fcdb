// Orders that wait for a person, through the HTTP door: what is held, what an approval does, and what a link can do.
import { env, exports } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { SETTLED_MS } from "../../src/directory/directory.ts";
import type { Order } from "../../src/domain/order.ts";
import { makeAccount } from "../support/make-account.ts";
import {
  anAddress,
  atVenue,
  call,
  eventually,
  get,
  listOrders,
  placeOrder,
  post,
  put,
  readAudit,
  readOrder,
  settled,
  sign,
} from "./support/gateway.ts";

const ORIGIN = "https://gateway.test";
const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };
const HOLD_ALL = { above: "0", expires_sec: 900, max_drift_percent: "1", two_persons: false };

/** An account for each test, whose policy holds orders in this way. */
const ACCOUNTS: Readonly<Record<string, object>> = {
  "approve-story": HOLD_ALL,
  "approve-above": { ...HOLD_ALL, above: "1000" },
  "approve-decline": HOLD_ALL,
  "approve-less": HOLD_ALL,
  "approve-restart": { ...HOLD_ALL, expires_sec: 10 },
  "approve-cancel": HOLD_ALL,
  "approve-twice": HOLD_ALL,
  "approve-drift": HOLD_ALL,
  "approve-two": { ...HOLD_ALL, two_persons: true },
  "approve-scope": HOLD_ALL,
  "approve-replace": { ...HOLD_ALL, above: "1000" },
  "link-once": HOLD_ALL,
  "link-decline": HOLD_ALL,
  "link-other": HOLD_ALL,
  "link-key": HOLD_ALL,
  "link-bound": HOLD_ALL,
  "link-word": HOLD_ALL,
  "link-form": HOLD_ALL,
  "approve-signals": HOLD_ALL,
};

beforeAll(async () => {
  for (const [name, approval] of Object.entries(ACCOUNTS)) {
    const { policy } = await makeAccount(name);
    await setPolicy(name, { ...policy, approval });
  }
  // Until every isolate finds them, see the directory.
  await scheduler.wait(SETTLED_MS);
});

async function setPolicy(account: string, policy: object): Promise<void> {
  const response = await call("PUT", `/v1/accounts/${account}/policy`, { body: { policy, reason: "a test" } });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}

const say = (what: "approve" | "decline", id: string, body: object = {}, headers: Record<string, string> = {}) =>
  call("POST", `/v1/orders/${id}/${what}`, { body, headers });

async function keyOf(owner: string, terms: object = {}): Promise<{ id: string; headers: Record<string, string> }> {
  const body = { owner, scopes: ["orders:approve", "orders:write", "orders:read"], ...terms };
  const made = await call("POST", "/v1/api-keys", { body });
  const { key, api_key: apiKey } = await made.json<{ key: string; api_key: { id: string } }>();
  return { id: apiKey.id, headers: { "X-API-Key": key, "CF-Connecting-IP": anAddress() } };
}

const codeOf = async (response: Response): Promise<string> =>
  `${response.status} ${(await response.json<{ code?: string }>()).code ?? ""}`.trim();

const listed = async (account: string): Promise<string[]> =>
  (await (await get(`/v1/approvals?account=${account}`)).json<{ orders: Order[] }>()).orders.map(({ id }) => id);

describe("an order above the amount", () => {
  it("is held, listed, approved and filled, and the record tells the story", async () => {
    const account = "approve-story";
    const order = await placeOrder({ ...BUY, account });
    expect(order).toMatchObject({ status: "pending_new", delivery: "held" });
    expect(await listed(account)).toEqual([order.id]);
    const approved = await say("approve", order.id, { reason: "as agreed" });
    expect(approved.status).toBe(200);
    expect(await settled(order.id, "filled")).toMatchObject({
      filled_quantity: "10",
      hold: { decided: { by: "bootstrap", reason: "as agreed" } },
    });
    expect(await listed(account)).toEqual([]);
    const types = await eventually(async () => {
      const story = (await readAudit(`&account=${account}&order_id=${order.id}`)).map(({ event }) => event.type);
      return story.includes("order.filled") ? story : undefined;
    });
    expect(types).toEqual(expect.arrayContaining(["order.held", "order.approved", "order.submitting", "order.filled"]));
  });

  it("is held only above it, and an exit never is", async () => {
    const account = "approve-above";
    await settled((await placeOrder({ ...BUY, account, quantity: "5" })).id, "filled");
    expect(await placeOrder({ ...BUY, account, quantity: "6" })).toMatchObject({ delivery: "held" });
    await settled((await placeOrder({ ...BUY, account, side: "sell", quantity: "5" })).id, "filled");
  });

  it("is never sent when it is declined", async () => {
    const account = "approve-decline";
    const { id } = await placeOrder({ ...BUY, account });
    const declined = await (await say("decline", id, { reason: "not today" })).json<Order>();
    expect(declined).toMatchObject({
      status: "denied",
      reason: { code: "declined", detail: "not today" },
      attempts: 0,
    });
    expect(await codeOf(await say("approve", id))).toBe("409 order_not_held");
  });

  it("is sent for fewer units where the approval says so", async () => {
    const account = "approve-less";
    const { id } = await placeOrder({ ...BUY, account });
    await say("approve", id, { quantity: "3" });
    const filled = await settled(id, "filled");
    expect(filled).toMatchObject({ quantity: "3", filled_quantity: "3" });
    expect(await atVenue(filled)).toMatchObject({ qty: "3" });
  });

  it("survives a restart, and its time runs on", async () => {
    const account = "approve-restart";
    const { id } = await placeOrder({ ...BUY, account });
    await evictDurableObject(env.ACCOUNTS_DO.getByName(account));
    expect(await listed(account)).toEqual([id]);
    expect(
      await eventually(async () => {
        const order = await readOrder(id);
        return order.status === "expired" ? order : undefined;
      }, 15_000),
    ).toMatchObject({ delivery: "none", reason: { code: "approval_expired" } });
    expect(await codeOf(await say("approve", id))).toBe("409 order_not_held");
  });

  it("is canceled by whoever may cancel, and by a stop", async () => {
    const account = "approve-cancel";
    const [first, second] = [await placeOrder({ ...BUY, account }), await placeOrder({ ...BUY, account })];
    expect((await call("DELETE", `/v1/orders/${first.id}`)).status).toBe(200);
    const stop = await call("POST", "/v1/stops", { body: { reason: "a test", account } });
    expect(stop.status).toBe(200);
    expect(await readOrder(second.id)).toMatchObject({ status: "canceled", delivery: "none" });
    expect(await listed(account)).toEqual([]);
  });
});

describe("an approval", () => {
  it("given twice at once is carried out once", async () => {
    const account = "approve-twice";
    const { id } = await placeOrder({ ...BUY, account });
    const answers = await Promise.all([say("approve", id), say("approve", id), say("decline", id)]);
    expect((await Promise.all(answers.map(codeOf))).toSorted()).toEqual([
      "200",
      "409 order_not_held",
      "409 order_not_held",
    ]);
    const order = await eventually(async () => {
      const now = await readOrder(id);
      return now.status === "filled" || now.status === "denied" ? now : undefined;
    });
    expect(order.filled_quantity).toBe(order.status === "filled" ? "10" : "0");
  });

  it("is refused after the price has moved, sends nothing, and passes once it is back", async () => {
    const account = "approve-drift";
    const { id } = await placeOrder({ ...BUY, account, type: "limit", limit_price: "190" });
    async function move(price: string): Promise<void> {
      expect((await put(`/v1/paper/${account}/prices/AAPL`, { price })).ok).toBe(true);
    }
    await move("195");
    // The account remembers a price for a second.
    await scheduler.wait(1_100);
    expect(await codeOf(await say("approve", id))).toBe("409 price_moved");
    expect(await readOrder(id)).toMatchObject({ delivery: "held", attempts: 0 });
    await move("187.5");
    await eventually(async () => ((await say("approve", id)).ok ? true : undefined));
    await settled(id, "filled");
  });

  it("asks for a second person where the policy does", async () => {
    const account = "approve-two";
    const [ana, ben] = [await keyOf("approve-ana"), await keyOf("approve-ben")];
    await scheduler.wait(SETTLED_MS);
    const headers = { ...ana.headers, "Idempotency-Key": crypto.randomUUID() };
    const order = await (await call("POST", "/v1/orders", { body: { ...BUY, account }, headers })).json<Order>();
    expect(order.hold).toMatchObject({ owner: "approve-ana" });
    expect(await codeOf(await say("approve", order.id, {}, ana.headers))).toBe("403 second_person_required");
    expect(await codeOf(await say("approve", order.id, {}, ben.headers))).toBe("200");
    await settled(order.id, "filled");
  });

  it("asks for its own scope, which no administrator has without being given it", async () => {
    const account = "approve-scope";
    const { id } = await placeOrder({ ...BUY, account });
    const admin = await keyOf("approve-admin", { scopes: ["admin:*", "orders:write"] });
    await scheduler.wait(SETTLED_MS);
    expect(await codeOf(await say("approve", id, {}, admin.headers))).toBe("403 scope_missing");
  });

  it("is not possible for an order in the place of another: that is refused, and the old one works on", async () => {
    const account = "approve-replace";
    const resting = { symbol: "AAPL", side: "buy", type: "limit", quantity: "2", limit_price: "100" };
    const { id } = await placeOrder({ ...resting, account, time_in_force: "gtc" });
    const replaced = await call("POST", `/v1/orders/${id}/replace`, {
      body: { quantity: "20" },
      headers: { "Idempotency-Key": crypto.randomUUID() },
    });
    expect(await codeOf(replaced)).toBe("409 approval_required");
    expect(await readOrder(id)).toMatchObject({ replaced_by: null, cancel_requested_at: null });
  });
});

describe("a signal to an account that holds", () => {
  const SOURCE = "approve-signals";
  let secret = "";

  beforeAll(async () => {
    const body = { id: SOURCE, kind: "signed", account: SOURCE };
    secret = (await (await call("POST", "/v1/sources", { body })).json<{ secret: { secret: string } }>()).secret.secret;
  });

  async function send(body: object): Promise<void> {
    const response = await post(await sign(body, { secret }), SOURCE);
    expect(response.ok).toBe(true);
  }

  it("has its entry held and its exit sent, and a newer instruction takes a held entry away", async () => {
    await send({ intent: "enter", side: "buy", symbol: "AAPL", quantity: "4" });
    const [first] = await eventually(async () => {
      const orders = await listOrders(SOURCE);
      return orders.length > 0 ? orders : undefined;
    });
    expect(first).toMatchObject({ delivery: "held", hold: { owner: "bootstrap" } });
    await send({ intent: "exit", symbol: "AAPL" });
    expect(await settled(first?.id ?? "", "canceled")).toMatchObject({ delivery: "none", attempts: 0 });
  });
});

describe("an approval link", () => {
  const linkFor = async (id: string, headers: Record<string, string> = {}): Promise<string> => {
    const response = await call("POST", `/v1/orders/${id}/approval-link`, { headers });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json<{ url: string }>()).url;
  };
  const visit = (url: string, form?: Record<string, string>): Promise<Response> =>
    exports.default.fetch(url, {
      headers: { "CF-Connecting-IP": anAddress() },
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });

  it("shows the order however often it is opened, and approves it once", async () => {
    const account = "link-once";
    const { id } = await placeOrder({ ...BUY, account });
    const url = await linkFor(id);
    for (let times = 0; times < 3; times += 1) {
      const page = await visit(url);
      expect(page.status).toBe(200);
      expect(page.headers.get("Content-Security-Policy")).toContain("form-action 'self'");
      expect(page.headers.get("Referrer-Policy")).toBe("no-referrer");
      expect(await page.text()).toContain("Buy 10 AAPL");
    }
    expect(await readOrder(id)).toMatchObject({ delivery: "held" });
    const [first, second] = await Promise.all([visit(url, { say: "approve" }), visit(url, { say: "approve" })]);
    expect(new Set([first.status, second.status])).toEqual(new Set([200, 409]));
    await settled(id, "filled");
    expect((await visit(url, { say: "decline" })).status).toBe(409);
    expect(await (await visit(url)).text()).toContain("bootstrap has approved it");
  });

  it("declines, with the reason that was written, whatever is in it", async () => {
    const account = "link-decline";
    const { id } = await placeOrder({ ...BUY, account });
    const page = await visit(await linkFor(id), { say: "decline", reason: "<script>no</script>" });
    expect(await page.text()).not.toContain("<script>");
    expect(await readOrder(id)).toMatchObject({ status: "denied", reason: { detail: "<script>no</script>" } });
  });

  it("is good for its own order only, and not with a letter of it changed", async () => {
    const account = "link-other";
    const [one, other] = [await placeOrder({ ...BUY, account }), await placeOrder({ ...BUY, account, quantity: "9" })];
    const url = await linkFor(one.id);
    const last = url.at(-1) === "A" ? "B" : "A";
    for (const wrong of [
      url.replace(one.id, other.id),
      url.slice(0, -3) + last + url.slice(-2),
      `${ORIGIN}/approvals/${one.id}/x`,
    ]) {
      expect(await codeOf(await visit(wrong))).toBe("401 unauthorized");
      expect(await codeOf(await visit(wrong, { say: "approve" }))).toBe("401 unauthorized");
    }
    expect(await readOrder(other.id)).toMatchObject({ delivery: "held" });
  });

  it("acts as the key that made it, and ends with that key", async () => {
    const account = "link-key";
    const { id } = await placeOrder({ ...BUY, account });
    const cleo = await keyOf("link-cleo");
    await scheduler.wait(SETTLED_MS);
    const url = await linkFor(id, cleo.headers);
    expect((await visit(url)).status).toBe(200);
    await call("PATCH", `/v1/api-keys/${cleo.id}`, { body: { addresses: ["198.51.100.7"] } });
    expect(await codeOf(await visit(url, { say: "approve" }))).toBe("404 not_found");
    await call("PATCH", `/v1/api-keys/${cleo.id}`, { body: { addresses: [], scopes: ["orders:read"] } });
    expect(await codeOf(await visit(url, { say: "approve" }))).toBe("404 not_found");
    await call("DELETE", `/v1/api-keys/${cleo.id}`);
    expect(await codeOf(await visit(url, { say: "approve" }))).toBe("404 not_found");
    expect(await readOrder(id)).toMatchObject({ delivery: "held" });
  });

  it("is not made by a key that is bound to addresses, nor for an order that is not held", async () => {
    const account = "link-bound";
    const { id } = await placeOrder({ ...BUY, account });
    const bound = await keyOf("link-dora", { addresses: ["198.51.100.7"] });
    await scheduler.wait(SETTLED_MS);
    const headers = { ...bound.headers, "CF-Connecting-IP": "198.51.100.7" };
    expect(await codeOf(await call("POST", `/v1/orders/${id}/approval-link`, { headers }))).toBe(
      "403 beyond_own_rights",
    );
    await say("decline", id);
    expect(await codeOf(await call("POST", `/v1/orders/${id}/approval-link`))).toBe("409 order_not_held");
  });

  it("reads nothing but a form, and cuts a reason between letters", async () => {
    const account = "link-form";
    const { id } = await placeOrder({ ...BUY, account });
    const url = await linkFor(id);
    const broken = await exports.default.fetch(url, {
      method: "POST",
      headers: { "CF-Connecting-IP": anAddress(), "Content-Type": "multipart/form-data; boundary=x" },
      body: "no form at all",
    });
    expect(broken.status).toBe(422);
    await visit(url, { say: "decline", reason: `${"x".repeat(499)}😀` });
    expect((await readOrder(id)).reason?.detail).toBe(`${"x".repeat(499)}\uFFFD`);
  });

  it("takes no other word", async () => {
    const account = "link-word";
    const { id } = await placeOrder({ ...BUY, account });
    expect((await visit(await linkFor(id), { say: "maybe" })).status).toBe(422);
    expect(await readOrder(id)).toMatchObject({ delivery: "held" });
  });
});
