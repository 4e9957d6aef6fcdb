import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import type { Order } from "../../src/domain/order.ts";
import { account } from "./support/faulty-venue.ts";
import { call, eventually, listOrders, placeOrder, readAudit, readOrder, settled } from "./support/gateway.ts";

type Answer = {
  orders: {
    index: number;
    status: number;
    order?: Order;
    problem?: { code: string; errors?: { pointer: string }[] };
  }[];
};

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "1", time_in_force: "gtc" };
const aKey = () => ({ "Idempotency-Key": crypto.randomUUID() });
const post = (body: object | string, headers: Record<string, string> = aKey()) =>
  call("POST", "/v1/orders/batch", { body, headers });

async function place(body: object, headers?: Record<string, string>): Promise<Answer["orders"]> {
  const response = await post(body, headers);
  expect(response.status).toBe(200);
  return (await response.json<Answer>()).orders;
}

describe("a batch of orders", () => {
  it("is answered in the order given, and each order is sent", async () => {
    const items = await place({ orders: [BUY, RESTING, { ...BUY, side: "buy", quantity: "2" }] });
    expect(items.map(({ index, status }) => [index, status])).toEqual([
      [0, 202],
      [1, 202],
      [2, 202],
    ]);
    expect(items.map(({ order }) => order?.quantity)).toEqual(["1", "1", "2"]);
    await settled(items[0]!.order!.id, "filled");
    await settled(items[1]!.order!.id, "new");
    await settled(items[2]!.order!.id, "filled");
  });

  it("places the others when one cannot be read, is for another account, or is denied", async () => {
    const items = await place({
      account: "paper",
      orders: [
        BUY,
        { ...BUY, quantity: "-1", color: "red" },
        { ...BUY, account: "second" },
        { ...BUY, symbol: "TSLA" },
        "buy",
        RESTING,
      ],
    });
    expect(items.map(({ status }) => status)).toEqual([202, 422, 422, 200, 422, 202]);
    expect(items[1]?.problem).toMatchObject({ code: "invalid_request" });
    expect(items[1]?.problem?.errors?.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(["/orders/1/quantity", "/orders/1/color"]),
    );
    expect(items[2]?.problem?.errors).toMatchObject([{ pointer: "/orders/2/account" }]);
    expect(items[3]?.order).toMatchObject({ status: "denied", reason: { code: "symbol_not_allowed" } });
    await settled(items[0]!.order!.id, "filled");
    await settled(items[5]!.order!.id, "new");
  });

  it("is decided in the order given, each order knowing those before it", async () => {
    for (const quantity of ["100", "60"]) {
      await settled((await placeOrder({ ...BUY, account: "second", quantity })).id, "filled");
    }
    const exit = { ...BUY, side: "sell", quantity: "160" };
    // Over every limit: the first passes because it closes the position, and with it on its way the second cannot.
    const items = await place({ account: "second", orders: [exit, exit] });
    expect(items.map(({ status }) => status)).toEqual([202, 200]);
    expect(items[1]?.order).toMatchObject({ status: "denied", reason: { code: "max_quantity_exceeded" } });
  });

  it("goes to the account that it names", async () => {
    const items = await place({ account: "second", orders: [RESTING, { ...RESTING, account: "second" }] });
    expect(items.map(({ order }) => order?.account)).toEqual(["second", "second"]);
  });

  it("is on record as one request, and its orders with it", async () => {
    const [item] = await place({ orders: [RESTING] });
    const event = await eventually(async () =>
      (await readAudit("&type=batch.accepted")).find(
        ({ event: { request_id } }) => request_id === item?.order?.request_id,
      ),
    );
    expect(event.event).toMatchObject({ actor: { kind: "api_key", id: "bootstrap" } });
  });
});

describe("a batch of which no order can be read", () => {
  it("is refused as a whole, names every field of every order, and leaves its key free", async () => {
    const headers = aKey();
    const before = (await readAudit()).length;
    const orders = [{ ...BUY, quantity: "-1", color: "red" }, "buy", { ...BUY, account: "second" }];
    const response = await post({ account: "paper", orders }, headers);
    expect(response.status).toBe(422);
    const { code, errors } = await response.json<{ code: string; errors: object[] }>();
    expect(code).toBe("invalid_request");
    expect(errors).toEqual([
      { pointer: "/orders/0/quantity", code: "invalid_field", message: "must be greater than zero" },
      { pointer: "/orders/0/color", code: "unknown_field", message: "unknown field" },
      { pointer: "/orders/1", code: "invalid_field", message: "must be an object" },
      { pointer: "/orders/2/account", code: "contradicting_fields", message: "the batch is for account paper" },
    ]);
    const [item] = await place({ orders: [RESTING] }, headers);
    await eventually(async () => {
      const since = (await readAudit()).slice(before).map(({ event }) => event.type);
      return since.includes("batch.accepted") ? true : undefined;
    });
    expect((await readAudit()).slice(before).map(({ event }) => event.type)).not.toContain("batch.conflict");
    await settled(item!.order!.id, "new");
  });
});

describe("a batch that was sent before", () => {
  it("returns the same orders as they now stand, and places none", async () => {
    const headers = aKey();
    const body = JSON.stringify({ orders: [RESTING, { ...BUY, quantity: "nothing" }, { ...BUY, symbol: "TSLA" }] });
    const first = await (await post(body, headers)).json<Answer>();
    const before = (await listOrders()).length;
    const again = await post(body, headers);
    expect(again.status).toBe(200);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    const { orders } = await again.json<Answer>();
    expect(orders.map(({ status }) => status)).toEqual([200, 422, 200]);
    expect(orders.map(({ order }) => order?.id)).toEqual(first.orders.map(({ order }) => order?.id));
    expect((await listOrders()).length).toBe(before);
  });

  it("is refused with 409 when its content differs", async () => {
    const headers = aKey();
    await place({ orders: [RESTING] }, headers);
    const before = (await listOrders()).length;
    const other = await post({ orders: [RESTING, RESTING] }, headers);
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
    expect((await listOrders()).length).toBe(before);
  });

  it("is placed once from 10 copies in parallel", async () => {
    const headers = aKey();
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () => place({ orders: [RESTING, RESTING] }, headers)),
    );
    expect(new Set(answers.map((items) => items.map(({ order }) => order?.id).join())).size).toBe(1);
  });

  /** Sends a batch to an account whose first answer gets lost. */
  function placeTwice(body: object): Promise<Response> | Response {
    let calls = 0;
    const forgetful = {
      getByName: () => ({
        submitBatch: async (...args: Parameters<ReturnType<typeof account>["submitBatch"]>) => {
          const answer = await account().submitBatch(...args);
          calls += 1;
          if (calls === 1) throw new Error("the object was reset");
          return answer;
        },
      }),
    };
    const headers = { "X-API-Key": env.BOOTSTRAP_API_KEY, ...aKey() };
    const request = { method: "POST", body: JSON.stringify(body), headers };
    return createApp().request("/v1/orders/batch", request, { ...env, ACCOUNTS_DO: forgetful });
  }

  it("is placed once when the account's first answer gets lost", async () => {
    const response = await placeTwice({ orders: [{ ...RESTING, limit_price: "4" }] });
    expect(response.headers.get("Idempotency-Replayed")).toBeNull();
    const { orders } = await response.json<Answer>();
    expect(orders.map(({ status }) => status)).toEqual([202]);
    const stored = (await listOrders()).filter((order) => order.limit_price === "4");
    expect(stored.map(({ id }) => id)).toEqual([orders[0]?.order?.id]);
  });

  it("says the same of an earlier order when the account's first answer gets lost", async () => {
    const named = { ...RESTING, client_order_id: crypto.randomUUID() };
    await placeOrder(named);
    const { orders } = await (await placeTwice({ orders: [named, RESTING] })).json<Answer>();
    expect(orders.map(({ status }) => status)).toEqual([200, 202]);
  });
});

describe("the key of a batch", () => {
  it("is no key of a single order", async () => {
    const headers = aKey();
    await place({ orders: [RESTING] }, headers);
    const single = (key: string) =>
      call("POST", "/v1/orders", { body: { ...RESTING, quantity: "2" }, headers: { "Idempotency-Key": key } });
    expect((await single(headers["Idempotency-Key"])).status).toBe(202);
    expect((await single(`${headers["Idempotency-Key"]}#0`)).status).toBe(202);
  });
});

describe("an order of a batch whose client_order_id belongs to an earlier order", () => {
  it("is that order if the content is the same, and a conflict of its own if not", async () => {
    const named = { ...RESTING, client_order_id: crypto.randomUUID() };
    const earlier = await placeOrder(named);
    const items = await place({ orders: [named, { ...named, quantity: "2" }, RESTING] });
    expect(items.map(({ status }) => status)).toEqual([200, 409, 202]);
    expect(items[0]?.order?.id).toBe(earlier.id);
    expect(items[1]?.problem).toMatchObject({ code: "idempotency_conflict" });
    expect(await readOrder(earlier.id)).toMatchObject({ quantity: "1" });
  });

  it("is one order when the batch names it twice", async () => {
    const named = { ...RESTING, client_order_id: crypto.randomUUID() };
    const items = await place({ orders: [named, named] });
    expect(items.map(({ status }) => status)).toEqual([202, 200]);
    expect(items[0]?.order?.id).toBe(items[1]?.order?.id);
  });
});

describe("a batch that is wrong as a whole", () => {
  it("is refused without a key, before its body is read", async () => {
    const response = await post("not JSON", {});
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "idempotency_key_required" });
  });

  it.each<[string, number, string, object | string]>([
    ["over 64 KiB", 413, "body_too_large", `{"orders":["${"x".repeat(65_536)}"]}`],
    ["not JSON", 400, "malformed_body", "{"],
    ["with a key twice in one order", 400, "malformed_body", '{"orders":[{"side":"buy","side":"sell"}]}'],
    ["without an order", 422, "invalid_request", { orders: [] }],
    ["with 51 orders", 422, "invalid_request", { orders: Array.from({ length: 51 }, () => RESTING) }],
    ["with an unknown field", 422, "invalid_request", { orders: [RESTING], atomic: true }],
    ["for an account that does not exist", 422, "invalid_request", { account: "nowhere", orders: [RESTING] }],
  ])("is refused when %s, and places nothing", async (_, status, code, body) => {
    const before = (await listOrders()).length;
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect((await listOrders()).length).toBe(before);
  });

  it("of 50 orders is taken", async () => {
    const orders = Array.from({ length: 50 }, () => ({ ...BUY, symbol: "TSLA" }));
    const items = await place({ account: "second", orders });
    expect(items.map(({ status }) => status)).toEqual(orders.map(() => 200));
  });
});
