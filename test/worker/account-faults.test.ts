import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import type { Order } from "../../src/domain/order.ts";
import type { Portfolio } from "../../src/domain/portfolio.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import {
  NEW_SECRET,
  OLD_SECRET,
  call,
  get,
  hmacHex,
  listOrders,
  post,
  put,
  readOrder,
  send,
  sendOrder,
  settled,
  sign,
} from "./support/gateway.ts";
import { eventually } from "./support/gateway.ts";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "1", time_in_force: "gtc" };

afterEach(() => vi.restoreAllMocks());

describe("an account whose key for its broker does not open", () => {
  it("sends nothing, to whichever broker", async () => {
    await settled((await sendOrder(BUY)).id, "filled");
    const asked: string[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
      asked.push((input as Request).url);
      return Promise.resolve(new Response("{}", { status: 500 }));
    });
    const logged: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void logged.push(line));
    const order = await withAccount({ connection: { broker: "alpaca_live" } }, async () => {
      const sent = await sendOrder({ ...BUY, side: "sell" }, { headers: { Prefer: "wait=1" } });
      await eventually(async () => ((await readOrder(sent.id)).attempts > 0 ? true : undefined));
      return readOrder(sent.id);
    });
    expect(order).toMatchObject({ venue_order_id: null, outcome: "known" });
    expect(asked).toEqual([]);
    expect(logged.join("\n")).toContain("vault.credentials_closed");
  });
});

describe("an account that the operator has disabled", () => {
  const disabled = { configured: { status: "disabled" as const } };

  it("takes no orders from anybody, keeps nothing of them, and takes them again once it is active", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const signed = await sign(BUY);
    await withAccount(disabled, async () => {
      const before = (await listOrders()).length;
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      for (const response of [await post(signed), await call("POST", "/v1/orders", { body: BUY, headers })]) {
        expect(response.ok).toBe(false);
        expect(await response.json()).toMatchObject({ code: "account_disabled" });
      }
      expect((await listOrders()).length).toBe(before);
    });
    expect((await post(signed)).status).toBe(202);
  });

  it("still cancels, and follows what lives", async () => {
    const resting = await sendOrder(RESTING);
    await withAccount(disabled, async () => {
      expect((await call("DELETE", `/v1/orders/${resting.id}`)).status).toBe(202);
      await settled(resting.id, "canceled");
    });
  });
});

describe("the least that an account asks of a signal's origin", () => {
  it("is in every verdict, from the next signal on", async () => {
    const body = { ...RESTING, limit_price: "7" };
    const admitted = await withAccount({ configured: { minimum_origin: "ip" } }, () => sendOrder(body));
    expect(admitted.verdicts.find(({ rule }) => rule === "origin")).toMatchObject({ input: "hmac", limit: "ip" });
    expect((await sendOrder(body)).verdicts.find(({ rule }) => rule === "origin")).toMatchObject({ limit: "hmac" });
  });
});

describe("a broker that is slow to answer questions", () => {
  /** A venue whose look-ups stand still until released, and what it was asked. */
  function aSlowVenue() {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const asked: string[] = [];
    const venue =
      (real: Venue): Venue =>
      async (request) => {
        if (request.method === "GET" && request.url.includes("/v2/orders")) {
          asked.push(request.url);
          await held;
        }
        return real(request);
      };
    return { venue, asked, release };
  }

  it("is asked about an order once at a time", async () => {
    const { venue, asked, release } = aSlowVenue();
    await sendOrder(RESTING);
    await withAccount({ venue }, async () => {
      await put("/v1/paper/paper/prices/MSFT", { price: "412" });
      // Each of these makes the account look for work.
      for (let count = 0; count < 3; count++) await send({ ...RESTING, symbol: "NOPE" });
      expect(asked).toHaveLength(1);
      release();
    });
  });

  it("does not keep a new order from being sent", async () => {
    const { venue, asked, release } = aSlowVenue();
    for (let count = 0; count < 8; count++) await sendOrder(RESTING);
    await withAccount({ venue }, async () => {
      await put("/v1/paper/paper/prices/MSFT", { price: "412" });
      // A list of them all stands still, or as many questions as the account asks at the same time.
      await eventually(async () => (asked.length > 0 ? true : undefined));
      await scheduler.wait(200);
      const order = await sendOrder(BUY, { headers: { Prefer: "wait=2" } });
      expect(order.delivery).toBe("delivered");
      release();
    });
  });
});

describe("an approved order that could not be sent yet", () => {
  const busy = (): ((real: Venue) => Venue) => (real) => (request) =>
    request.method === "POST"
      ? Promise.resolve(
          Response.json(
            { code: 42910000, message: "rate limit exceeded" },
            { status: 429, headers: { "Retry-After": "1" } },
          ),
        )
      : real(request);

  it("is sent once the broker takes it", async () => {
    const order = await withAccount({ venue: busy() }, () =>
      sendOrder({ ...BUY, symbol: "MSFT" }, { headers: { Prefer: "wait=0" } }),
    );
    expect(await settled(order.id, "filled")).toMatchObject({ filled_quantity: "1" });
    expect((await readOrder(order.id)).attempts).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ["trading was halted", { stopped: "halted" as const }],
    ["the account was disabled", { configured: { status: "disabled" as const } }],
  ])("is not sent any more after %s", async (_, stopped) => {
    const order = await withAccount({ venue: busy() }, async () => {
      const accepted = await sendOrder(BUY, { headers: { Prefer: "wait=0" } });
      await eventually(async () => ((await readOrder(accepted.id)).attempts === 1 ? true : undefined));
      return accepted;
    });
    const lapsed = await withAccount(stopped, () => settled(order.id, "expired"));
    expect(lapsed).toMatchObject({ delivery: "none", reason: { code: "trading_state_changed" }, filled_quantity: "0" });
  });

  it("is still sent while only reductions are let through, if it is one", async () => {
    await settled((await sendOrder(BUY)).id, "filled");
    const exit = await withAccount({ venue: busy() }, async () => {
      const accepted = await sendOrder({ ...BUY, side: "sell" }, { headers: { Prefer: "wait=0" } });
      await eventually(async () => ((await readOrder(accepted.id)).attempts === 1 ? true : undefined));
      return accepted;
    });
    expect(await withAccount({ stopped: "reducing" }, () => settled(exit.id, "filled"))).toMatchObject({
      filled_quantity: "1",
    });
  });
});

describe("the rules, as the account applies them", () => {
  it("deny what the broker cannot carry out", async () => {
    const order = await sendOrder({ ...RESTING, quantity: "0.5" });
    expect(order.status).toBe("denied");
    expect(order.verdicts.find(({ rule }) => rule === "order_supported")).toMatchObject({ passed: false });
  });

  it("deny entries while too many audit entries wait for the public record", async () => {
    await runInDurableObject(account(), (_, state) => {
      state.storage.sql.exec("UPDATE outbox_mark SET seq = seq - 5000 WHERE id = 1");
    });
    const denied = await sendOrder({ ...RESTING, limit_price: "2" });
    expect(denied).toMatchObject({ status: "denied", reason: { code: "audit_backlog" } });
    await eventually(async () =>
      (await sendOrder({ ...RESTING, limit_price: "3" })).status === "denied" ? undefined : true,
    );
  });
});

describe("a call whose answer gets lost", () => {
  it("is asked again, and stores one order", async () => {
    let calls = 0;
    const forgetful = {
      getByName: () => ({
        submit: async (...args: Parameters<ReturnType<typeof account>["submit"]>) => {
          const answer = await account().submit(...args);
          calls += 1;
          if (calls === 1) throw new Error("the object was reset");
          return answer;
        },
      }),
    };
    const signed = await sign({ ...RESTING, limit_price: "4" });
    const response = await createApp().request(
      "/webhooks/default",
      { method: "POST", body: signed.body, headers: signed.headers },
      { ...env, ACCOUNTS_DO: forgetful },
    );
    expect(response.status).toBe(202);
    const { id } = await response.json<Order>();
    expect((await listOrders()).filter((order) => order.limit_price === "4").map((order) => order.id)).toEqual([id]);
  });
});

describe("a body signed under both live secrets", () => {
  it("does not run again at another account when one secret goes and the default moves", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const body = JSON.stringify({ ...RESTING, limit_price: "5" });
    const signed = await sign(body, { scheme: "sha256" });
    signed.headers["X-Signature"] =
      `sha256=${await hmacHex(OLD_SECRET, body)},sha256=${await hmacHex(NEW_SECRET, body)}`;
    expect((await post(signed)).status).toBe(202);
    const later = { ...env, API_KEY_HMAC_SECRET: NEW_SECRET, DEFAULT_ACCOUNT: "second" };
    const again = { method: "POST", body, headers: { ...signed.headers, "X-Nonce": crypto.randomUUID() } };
    expect((await createApp().request("/webhooks/default", again, later)).status).toBe(503);
  });
});

describe("an account id that every object inherits", () => {
  it("is nobody's account", async () => {
    expect((await send({ ...BUY, account: "constructor" })).status).toBe(422);
    expect((await get("/v1/orders?account=constructor")).status).toBe(404);
    expect((await get("/v1/audit?account=constructor")).status).toBe(404);
    expect((await put("/v1/paper/constructor/prices/AAPL", { price: "1" })).status).toBe(404);
  });
});

describe("reads while a part is out of reach", () => {
  it("answer 503, and the log does not quote what was asked", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const failing = () => Promise.reject(new Error("D1 is away"));
    const DB = { batch: failing, prepare: () => ({ bind: () => ({ all: failing, raw: failing, run: failing }) }) };
    const ACCOUNTS_DO = { getByName: () => ({ listOrders: failing, getOrder: failing }) };
    const headers = { "X-API-Key": env.BOOTSTRAP_API_KEY };
    for (const path of ["/v1/audit?order_id=canary-0123", "/v1/orders?symbol=CANARY"]) {
      const response = await createApp().request(path, { headers }, { ...env, DB, ACCOUNTS_DO });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: "unavailable" });
    }
    expect(lines.join("\n")).toContain("D1 is away");
    expect(lines.join("\n").toLowerCase()).not.toContain("canary");
  });
});

describe("bodies beside the webhook", () => {
  it.each([
    ["{", "application/json", 400, "malformed_body"],
    ['{"price":"1"}', "text/plain", 415, "unsupported_media_type"],
    [JSON.stringify({ price: "1".repeat(20_000) }), "application/json", 413, "body_too_large"],
  ])("are refused as problems", async (body, type, status, code) => {
    const headers = { "X-API-Key": env.BOOTSTRAP_API_KEY, "Content-Type": type };
    const response = await createApp().request("/v1/paper/paper/prices/AAPL", { method: "PUT", body, headers }, env);
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({ code });
  });
});

describe("nonces that cannot be fresh any more", () => {
  it("are forgotten", async () => {
    await send(RESTING);
    await runInDurableObject(account(), (_, state) => {
      state.storage.sql.exec("INSERT INTO nonces (key, expires_at_ms, request_id) VALUES ('default old', 1, 'x')");
    });
    // A new process has not looked for old ones yet.
    await evictDurableObject(account());
    await get("/v1/orders");
    const forgotten = eventually(async () => {
      await runDurableObjectAlarm(account());
      const left = await runInDurableObject(account(), (_, state) =>
        state.storage.sql.exec("SELECT 1 FROM nonces WHERE key = 'default old'").toArray(),
      );
      return left.length === 0 ? true : undefined;
    });
    expect(await forgotten).toBe(true);
  });
});

describe("an exit that comes while an entry before it waits for its price", () => {
  /** Says prices late. */
  const slow =
    (real: Venue): Venue =>
    async (request) => {
      if (new URL(request.url).pathname.endsWith("/trades/latest")) await scheduler.wait(600);
      return real(request);
    };
  const inSpy = async () => (await listOrders()).filter(({ symbol }) => symbol === "SPY");

  it("is decided after it, and closes what it opens", async () => {
    await withAccount({ configured: { policy: { price_collar_percent: "5" } }, venue: slow }, async () => {
      const entry = sendOrder({ ...BUY, symbol: "SPY" });
      await scheduler.wait(50);
      const exit = await send({ intent: "exit", symbol: "SPY" });
      expect([202, 200]).toContain(exit.status);
      expect((await entry).status).not.toBe("denied");
      const { id } = await exit.json<SignalReceipt>();
      await eventually(async () => {
        const { steps } = await (await get(`/v1/signals/${id}`)).json<SignalReceipt>();
        const isOver = (await inSpy()).every(({ status }) => ["filled", "canceled"].includes(status));
        return (isOver && steps[0]?.outcome !== "working") || undefined;
      });
      const { positions } = await (await get("/v1/portfolio")).json<Portfolio>();
      expect(positions.find(({ symbol }) => symbol === "SPY")?.quantity ?? "0").toBe("0");
    });
  });
});
