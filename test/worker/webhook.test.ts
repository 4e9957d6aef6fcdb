import { describe, expect, it } from "vitest";
import {
  NEW_SECRET,
  OLD_SECRET,
  type Signed,
  anAddress,
  hmacHex,
  listOrders,
  post,
  readAudit,
  send,
  sendOrder,
  settled,
  sign,
} from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const anId = () => ({ client_order_id: crypto.randomUUID() });

describe("a signed order", () => {
  it("is recorded, answered with 202, and filled at the paper venue", async () => {
    const response = await send({ ...BUY, ...anId() });
    expect(response.status).toBe(202);
    const order = await response.json<{ id: string; status: string; verdicts: { passed: boolean }[] }>();
    expect(order.status).toBe("pending_new");
    expect(order.verdicts.every((verdict) => verdict.passed)).toBe(true);
    expect(response.headers.get("Location")).toBe(`/v1/orders/${order.id}`);
    expect(await settled(order.id, "filled")).toMatchObject({
      filled_quantity: "1",
      average_price: "187.5",
      delivery: "delivered",
    });
  });

  it("carries one request id through answer, order and audit", async () => {
    const response = await send({ ...BUY, ...anId() });
    const order = await response.json<{ id: string; request_id: string }>();
    await settled(order.id, "filled");
    expect(response.headers.get("X-Request-Id")).toBe(order.request_id);
    const events = await readAudit(`&order_id=${order.id}`);
    expect(events.length).toBeGreaterThanOrEqual(2);
    expect(new Set(events.map(({ event }) => event.request_id))).toEqual(new Set([order.request_id]));
  });

  it.each([
    ["the secret being phased out", OLD_SECRET],
    ["the secret being phased in", NEW_SECRET],
  ])("is accepted under %s", async (_, secret) => {
    expect((await send({ ...BUY, ...anId() }, { secret })).status).toBe(202);
  });

  it("is accepted when any of several signatures matches", async () => {
    const signed = await sign({ ...BUY, ...anId() });
    signed.headers["X-Signature"] = `v1=${"0".repeat(64)},${signed.headers["X-Signature"]}`;
    expect((await post(signed)).status).toBe(202);
  });

  it("waits for the broker's word when asked to", async () => {
    const response = await send({ ...BUY, ...anId() }, { headers: { Prefer: "wait=5" } });
    expect(response.headers.get("Preference-Applied")).toBe("wait=5");
    expect((await response.json<{ delivery: string }>()).delivery).toBe("delivered");
  });
});

describe("a replayed request", () => {
  it("is refused, and one order stands", async () => {
    const id = anId();
    const signed = await sign({ ...BUY, ...id });
    expect((await post(signed)).status).toBe(202);
    const again = await post(signed);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: "replayed" });
    expect((await listOrders()).filter((order) => order.client_order_id === id.client_order_id)).toHaveLength(1);
  });

  it("yields one order from 50 copies in parallel", async () => {
    const id = anId();
    const signed = await sign({ ...BUY, ...id });
    const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await post(signed)).status));
    expect(statuses.filter((status) => status === 202)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(49);
    expect((await listOrders()).filter((order) => order.client_order_id === id.client_order_id)).toHaveLength(1);
  });

  /** An address that fails again and again would be refused for that. */
  const fromElsewhere = ({ body, headers }: Signed): Signed => ({
    body,
    headers: { ...headers, "CF-Connecting-IP": anAddress() },
  });

  it("is refused when any one signed header or body byte is changed", async () => {
    const signed = await sign({ ...BUY, ...anId() });
    const body = String(signed.body);
    const later = new Date(Date.now() - 1_000).toISOString();
    const variants = [
      { ...signed, headers: { ...signed.headers, "X-Timestamp": later } },
      { ...signed, headers: { ...signed.headers, "X-Nonce": crypto.randomUUID() } },
      {
        ...signed,
        headers: {
          ...signed.headers,
          "X-Signature": signed.headers["X-Signature"]!.replace(/.$/, (c) => (c === "0" ? "1" : "0")),
        },
      },
      ...Array.from(body, (_, at) => ({
        ...signed,
        body: `${body.slice(0, at)}${body[at] === " " ? "x" : " "}${body.slice(at + 1)}`,
      })),
    ];
    const statuses = await Promise.all(variants.map(async (variant) => (await post(fromElsewhere(variant))).status));
    expect(new Set(statuses)).toEqual(new Set([401]));
  });
});

describe("a body-only signature", () => {
  it("is accepted once, whatever time and nonce come with it afterwards", async () => {
    const body = JSON.stringify({ ...BUY, ...anId() });
    expect((await post(await sign(body, { scheme: "sha256" }))).status).toBe(202);
    expect((await post(await sign(body, { scheme: "sha256" }))).status).toBe(409);
  });

  it("cannot come back under the other live secret", async () => {
    const body = JSON.stringify({ ...BUY, ...anId() });
    expect((await post(await sign(body, { scheme: "sha256", secret: OLD_SECRET }))).status).toBe(202);
    expect((await post(await sign(body, { scheme: "sha256", secret: NEW_SECRET }))).status).toBe(409);
  });

  it("cannot be split off from a header that also held a v1 signature", async () => {
    const body = JSON.stringify({ ...BUY, ...anId() });
    const both = await sign(body);
    const bodyOnly = `sha256=${await hmacHex(NEW_SECRET, body)}`;
    both.headers["X-Signature"] += `, ${bodyOnly}`;
    expect((await post(both)).status).toBe(202);
    const split = await sign(body, { scheme: "sha256" });
    expect((await post(split)).status).toBe(409);
  });

  it("is not what a v1 tag is taken for", async () => {
    const signed = await sign({ ...BUY, ...anId() });
    signed.headers["X-Signature"] = signed.headers["X-Signature"]!.replace("v1=", "sha256=");
    expect((await post(signed)).status).toBe(401);
  });
});

describe("the same order under a fresh nonce", () => {
  it("returns the first outcome for the same client_order_id and content", async () => {
    const body = { ...BUY, ...anId() };
    const first = await sendOrder(body);
    const again = await send(body);
    expect(again.status).toBe(200);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await again.json<{ id: string }>()).id).toBe(first.id);
  });

  it("is the same order when its numbers are only spelled differently", async () => {
    const id = anId();
    const first = await sendOrder({ ...BUY, ...id, quantity: "1.0" });
    const again = await send({ ...BUY, ...id, quantity: 1 });
    expect(again.status).toBe(200);
    expect((await again.json<{ id: string }>()).id).toBe(first.id);
  });

  it("is refused with 409 when the content differs", async () => {
    const id = anId();
    await sendOrder({ ...BUY, ...id });
    const other = await send({ ...BUY, ...id, quantity: "2" });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
  });

  it.each(["plain-key-1", '"a quoted key"'])(
    "returns the first outcome for the same Idempotency-Key %s",
    async (key) => {
      const headers = { "Idempotency-Key": key };
      const first = await sendOrder(BUY, { headers });
      const again = await sendOrder(BUY, { headers });
      expect(again.id).toBe(first.id);
      expect((await send({ ...BUY, quantity: "2" }, { headers })).status).toBe(409);
    },
  );

  it("is refused when its two ids belong to two orders", async () => {
    const one = anId();
    await sendOrder({ ...BUY, ...one });
    await sendOrder(BUY, { headers: { "Idempotency-Key": "key-of-another" } });
    expect((await send({ ...BUY, ...one }, { headers: { "Idempotency-Key": "key-of-another" } })).status).toBe(409);
  });
});
