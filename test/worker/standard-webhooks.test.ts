import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import type { Order } from "../../src/domain/order.ts";
import { anAddress, eventually, listOrders, readAudit, sign as signHouse } from "./support/gateway.ts";

const OLD_SECRET = "whsec_b2xkLXRlc3Qtb25seS1zZWNyZXQtMDEyMzQ1";
const NEW_SECRET = "whsec_bmV3LXRlc3Qtb25seS1zZWNyZXQtMDEyMzQ1";
const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };

/** The gateway with secrets of the form that Standard Webhooks has. */
const gateway = { ...env, API_KEY_HMAC_SECRET: `${OLD_SECRET},${NEW_SECRET}` };

type Prefix = "webhook" | "svix";
type Message = { readonly body: string; readonly headers: Readonly<Record<string, string>> };

const anId = (): string => `msg_${crypto.randomUUID().replaceAll("-", "")}`;
const nowSec = (): number => Math.floor(Date.now() / 1000);

/** One attempt to deliver an order, signed by the library that goes with the headers' names. */
function attempt({
  order = BUY,
  id = anId(),
  atSec = nowSec(),
  secret = NEW_SECRET,
  prefix = "webhook",
  headers = {},
}: {
  readonly order?: object;
  readonly id?: string;
  readonly atSec?: number;
  readonly secret?: string;
  readonly prefix?: Prefix;
  readonly headers?: Readonly<Record<string, string>>;
} = {}): Message {
  const body = JSON.stringify(order);
  const webhook = prefix === "svix" ? new SvixWebhook(secret) : new StandardWebhook(secret);
  return {
    body,
    headers: {
      [`${prefix}-id`]: id,
      [`${prefix}-timestamp`]: String(atSec),
      [`${prefix}-signature`]: webhook.sign(id, new Date(atSec * 1000), body),
      ...headers,
    },
  };
}

async function post({ body, headers }: Message, source = "default"): Promise<Response> {
  const from = { "CF-Connecting-IP": anAddress() };
  return createApp().request(
    `/webhooks/${source}`,
    { method: "POST", body, headers: { ...from, ...headers } },
    gateway,
  );
}

const deliver = (...args: Parameters<typeof attempt>): Promise<Response> => post(attempt(...args));
const read = (response: Response): Promise<Order> => response.json();
const countOrders = async (): Promise<number> => (await listOrders()).length;

/** What housekeeping does once no timestamp that carries them can be fresh any more. */
const forgetNonces = (): Promise<unknown> =>
  runInDurableObject(env.ACCOUNTS_DO.getByName("paper"), (_, state) => state.storage.sql.exec("DELETE FROM nonces"));

/** What signals leave behind. The journal is not in it: earlier orders still go on in there. */
const countUsed = (): Promise<number> =>
  runInDurableObject(env.ACCOUNTS_DO.getByName("paper"), (_, state) => {
    const tables = ["nonces", "used_bodies", "senders", "orders"];
    return tables.reduce(
      (sum, table) => sum + state.storage.sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`).one().n,
      0,
    );
  });

afterEach(() => vi.restoreAllMocks());

describe.each<[string, Prefix]>([
  ["standardwebhooks", "webhook"],
  ["svix", "svix"],
])("a message signed by the library %s", (_, prefix) => {
  it("is recorded, answered with 202, and told apart in the audit log", async () => {
    const id = anId();
    const response = await deliver({ prefix, id });
    expect(response.status).toBe(202);
    const order = await read(response);
    expect(order.status).toBe("pending_new");
    const accepted = await eventually(async () => (await readAudit(`&order_id=${order.id}&type=signal.accepted`))[0]);
    expect(accepted.event.data).toMatchObject({ scheme: "standard_webhooks", idempotency_key: id });
  });

  it.each([
    ["the secret being phased out", OLD_SECRET],
    ["the secret being phased in", NEW_SECRET],
  ])("is accepted under %s", async (_secretName, secret) => {
    expect((await deliver({ prefix, secret })).status).toBe(202);
  });

  it("is accepted with a signature for each secret, and one of a kind that is not read here", async () => {
    const request = { prefix, id: anId(), atSec: nowSec() };
    const name = `${prefix}-signature`;
    const old = attempt({ ...request, secret: OLD_SECRET }).headers[name];
    const { body, headers } = attempt(request);
    const list = `v1a,${btoa("x".repeat(64))} ${old} ${headers[name]}`;
    expect((await post({ body, headers: { ...headers, [name]: list } })).status).toBe(202);
  });
});

describe("the same request again", () => {
  it("is refused, and one order stands", async () => {
    const before = await countOrders();
    const message = attempt();
    expect((await post(message)).status).toBe(202);
    const again = await post(message);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: "replayed" });
    expect((await countOrders()) - before).toBe(1);
  });

  it("is refused under the other names of its headers", async () => {
    const { body, headers } = attempt();
    expect((await post({ body, headers })).status).toBe(202);
    const renamed = Object.entries(headers).map(([name, text]) => [name.replace("webhook-", "svix-"), text]);
    expect((await post({ body, headers: Object.fromEntries(renamed) })).status).toBe(409);
  });

  it("yields one order from 20 copies in parallel", async () => {
    const before = await countOrders();
    const message = attempt();
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await post(message)).status));
    expect(statuses.filter((status) => status === 202)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
    expect((await countOrders()) - before).toBe(1);
  });

  it("is no second order even where nobody remembers the request", async () => {
    const message = attempt();
    const first = await read(await post(message));
    await forgetNonces();
    const again = await post(message);
    expect(again.status).toBe(200);
    expect((await read(again)).id).toBe(first.id);
  });
});

describe("another attempt, with the same id and a fresh timestamp", () => {
  it("returns the same order", async () => {
    const id = anId();
    const first = await read(await deliver({ id, atSec: nowSec() - 5 }));
    const again = await deliver({ id });
    expect(again.status).toBe(200);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await read(again)).id).toBe(first.id);
  });

  it("returns the same order under the other secret and the other names", async () => {
    const id = anId();
    const first = await read(await deliver({ id, secret: OLD_SECRET, atSec: nowSec() - 5 }));
    const again = await deliver({ id, prefix: "svix", secret: NEW_SECRET });
    expect(again.status).toBe(200);
    expect((await read(again)).id).toBe(first.id);
  });

  it("returns the same order after days, when no nonce is left of the first attempt", async () => {
    const id = anId();
    const first = await read(await deliver({ id, atSec: nowSec() - 5 }));
    await forgetNonces();
    const again = await deliver({ id });
    expect(again.status).toBe(200);
    expect((await read(again)).id).toBe(first.id);
  });

  it("returns the denial of a denied order", async () => {
    const id = anId();
    const first = await read(await deliver({ id, order: { ...BUY, symbol: "TSLA" }, atSec: nowSec() - 5 }));
    expect(first.status).toBe("denied");
    const again = await deliver({ id, order: { ...BUY, symbol: "TSLA" } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await read(again)).toMatchObject({ id: first.id, status: "denied" });
  });

  it("yields one order from 10 attempts in parallel", async () => {
    const before = await countOrders();
    const id = anId();
    const atSec = nowSec();
    const answers = await Promise.all(
      Array.from({ length: 10 }, async (_, age) => {
        const response = await deliver({ id, atSec: atSec - age });
        return { status: response.status, orderId: (await read(response)).id };
      }),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
    expect(new Set(answers.map(({ orderId }) => orderId)).size).toBe(1);
    expect((await countOrders()) - before).toBe(1);
  });

  it("is refused with 409 when it holds another order, and so is every attempt after it", async () => {
    const before = await countOrders();
    const id = anId();
    await deliver({ id, atSec: nowSec() - 5 });
    for (const age of [2, 1, 0]) {
      const other = await deliver({ id, order: { ...BUY, quantity: "2" }, atSec: nowSec() - age });
      expect(other.status).toBe(409);
      expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
    }
    expect((await countOrders()) - before).toBe(1);
  });

  it("is refused as stale when its timestamp is not fresh, whatever is known of its id", async () => {
    const id = anId();
    await deliver({ id });
    expect((await deliver({ id, atSec: nowSec() - 302 })).status).toBe(401);
  });
});

describe("the id of a message", () => {
  it("is its own where two ids differ in nothing but case", async () => {
    const id = anId();
    const atSec = nowSec();
    const lower = await deliver({ id: `${id}x`, atSec });
    const upper = await deliver({ id: `${id}X`, atSec });
    expect([lower.status, upper.status]).toEqual([202, 202]);
    expect((await read(lower)).id).not.toBe((await read(upper)).id);
  });

  it("counts in place of an Idempotency-Key, which nobody has signed", async () => {
    const id = anId();
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const first = await read(await deliver({ id, atSec: nowSec() - 1, headers }));
    const otherKey = await deliver({ id, headers: { "Idempotency-Key": crypto.randomUUID() } });
    expect((await read(otherKey)).id).toBe(first.id);
    const otherId = await deliver({ headers });
    expect(otherId.status).toBe(202);
    expect((await read(otherId)).id).not.toBe(first.id);
  });

  describe("beside a client_order_id of its body", () => {
    const named = () => ({ ...BUY, client_order_id: crypto.randomUUID() });

    it("leads to the same order", async () => {
      const id = anId();
      const order = named();
      const first = await read(await deliver({ id, order, atSec: nowSec() - 1 }));
      expect(first.client_order_id).toBe(order.client_order_id);
      expect((await read(await deliver({ id, order }))).id).toBe(first.id);
    });

    it("leads to the order that another message with that client_order_id has made", async () => {
      const order = named();
      const first = await read(await deliver({ order }));
      const again = await deliver({ order });
      expect(again.status).toBe(200);
      expect((await read(again)).id).toBe(first.id);
    });

    it("is refused with 409 when another message has made other content of that client_order_id", async () => {
      const order = named();
      await deliver({ order });
      expect((await deliver({ order: { ...order, quantity: "2" } })).status).toBe(409);
    });

    it("is refused with 409 when the client_order_id is another one than before", async () => {
      const id = anId();
      await deliver({ id, order: named(), atSec: nowSec() - 1 });
      expect((await deliver({ id, order: named() })).status).toBe(409);
    });

    it("is refused with 409 when the two belong to two orders", async () => {
      const id = anId();
      const order = named();
      await deliver({ id, atSec: nowSec() - 1 });
      await deliver({ order });
      expect((await deliver({ id, order })).status).toBe(409);
    });
  });
});

describe("what does not prove where it comes from", () => {
  const withHeaders = (message: Message, headers: Readonly<Record<string, string>>): Message => ({
    ...message,
    headers: { ...message.headers, ...headers },
  });
  /** Signed for one thing and sent as another. */
  const changed = (change: (message: Message) => Readonly<Record<string, string>>) => {
    const message = attempt();
    return post(withHeaders(message, change(message)));
  };

  /** Verified by the standard's own library, and refused here. */
  const lenient = (change: (message: Message) => Readonly<Record<string, string>>) => {
    const message = attempt();
    const sent = withHeaders(message, change(message));
    expect(new StandardWebhook(NEW_SECRET).verify(sent.body, { ...sent.headers })).toEqual(BUY);
    return post(sent);
  };

  const timestampOf = ({ headers }: Message): string => headers["webhook-timestamp"] ?? "";
  const signatureOf = ({ headers }: Message): string => headers["webhook-signature"] ?? "";

  const cases: Readonly<Record<string, () => Promise<Response>>> = {
    "another secret": async () => deliver({ secret: `whsec_${btoa("some-other-secret-012345")}` }),
    "an unknown source": async () => post(attempt(), "nobody"),
    "a stale timestamp": async () => deliver({ atSec: nowSec() - 302 }),
    "a timestamp in the future": async () => deliver({ atSec: nowSec() + 40 }),
    "another id": async () => changed(() => ({ "webhook-id": anId() })),
    "another timestamp": async () =>
      changed((message) => ({ "webhook-timestamp": `${Number(timestampOf(message)) - 1}` })),
    "another body": async () => post({ ...attempt(), body: JSON.stringify({ ...BUY, quantity: "2" }) }),
    "a body with a space more": async () => post({ ...attempt(), body: `${JSON.stringify(BUY)} ` }),
    "only a signature of a kind that is not read here": async () =>
      changed(() => ({ "webhook-signature": `v1a,${btoa("x".repeat(64))}` })),
    "five signatures, the right one among them": async () =>
      changed((message) => ({ "webhook-signature": Array(5).fill(signatureOf(message)).join(" ") })),
    "an id with a full stop, signed as such": async () => deliver({ id: `msg.${nowSec()}` }),
    "a leading zero": async () => lenient((message) => ({ "webhook-timestamp": `0${timestampOf(message)}` })),
    "a plus sign": async () => lenient((message) => ({ "webhook-timestamp": `+${timestampOf(message)}` })),
    "an exponent": async () => lenient((message) => ({ "webhook-timestamp": `${timestampOf(message)}e0` })),
    "a fraction": async () => lenient((message) => ({ "webhook-timestamp": `${timestampOf(message)}.9` })),
    "letters after the timestamp": async () =>
      lenient((message) => ({ "webhook-timestamp": `${timestampOf(message)}abc` })),
    "two timestamps": async () =>
      lenient((message) => ({ "webhook-timestamp": `${timestampOf(message)}, ${timestampOf(message)}` })),
    "two spaces between signatures": async () =>
      lenient((message) => ({ "webhook-signature": `v1a,x  ${signatureOf(message)}` })),
    "text after the signature": async () =>
      lenient((message) => ({ "webhook-signature": `${signatureOf(message)},x` })),
    "a word before the signature": async () =>
      lenient((message) => ({ "webhook-signature": `word ${signatureOf(message)}` })),
    "headers of both spellings, all right": async () => {
      const request = { id: anId(), atSec: nowSec() };
      return post(withHeaders(attempt(request), attempt({ ...request, prefix: "svix" }).headers));
    },
    "a mixture of both spellings": async () => {
      const { body, headers } = attempt();
      const { "webhook-id": id = "", ...rest } = headers;
      const mixed = { ...rest, "svix-id": id };
      expect(() => new SvixWebhook(NEW_SECRET).verify(body, mixed)).not.toThrow();
      return post({ body, headers: mixed });
    },
    "headers of this gateway beside it, all right": async () => {
      const { headers } = await signHouse(BUY, { secret: NEW_SECRET });
      return post(withHeaders(attempt(), headers));
    },
    "a stray header of this gateway": async () => post(attempt({ headers: { "X-Nonce": crypto.randomUUID() } })),
  };

  it("gets one and the same 401, and uses nothing up", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const before = await countUsed();
    const bodies = new Set<string>();
    for (const [name, send] of Object.entries(cases)) {
      const response = await send();
      expect(response.status, name).toBe(401);
      const { request_id: _, ...body } = await response.json<Record<string, unknown>>();
      bodies.add(JSON.stringify(body));
    }
    expect(bodies.size).toBe(1);
    expect(await countUsed()).toBe(before);
  });

  it("is refused where a full stop would give one signature two readings", async () => {
    const library = new StandardWebhook(NEW_SECRET);
    const atSec = nowSec();
    const body = JSON.stringify(BUY);
    const shifted = {
      "webhook-id": `msg.${atSec}`,
      "webhook-timestamp": String(atSec),
      "webhook-signature": library.sign("msg", new Date(atSec * 1000), `${atSec}.${body}`),
    };
    expect(library.verify(body, shifted)).toEqual(BUY);
    expect((await post({ body, headers: shifted })).status).toBe(401);
  });
});

describe("the house schemes under a secret of the form whsec_", () => {
  it("go by its literal text, as before", async () => {
    for (const scheme of ["v1", "sha256"] as const) {
      const order = { ...BUY, client_order_id: crypto.randomUUID() };
      const { body, headers } = await signHouse(order, { secret: NEW_SECRET, scheme });
      expect((await post({ body: String(body), headers })).status).toBe(202);
    }
  });
});
