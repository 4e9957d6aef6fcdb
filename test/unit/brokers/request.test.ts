import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { type BrokerFetch, requestBroker } from "../../../src/brokers/request.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A real server on loopback; `seen` fills with what reached it. */
async function aServer(answer: RequestListener): Promise<{ url: string; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    return closed;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/orders`, seen };
}

const get = (url: string, timeoutMs = 5_000) =>
  requestBroker(fetch, { method: "GET", url, headers: { "X-Secret": "canary" }, timeoutMs });

const failedWith = (code: string) => ({ kind: "failed", code });

const json = (body: string) => (_: unknown, response: ServerResponse) => {
  response.writeHead(200, { "Content-Type": "application/json" }).end(body);
};

describe("a call that is answered", () => {
  it("returns status, headers and parsed body, whatever the status says", async () => {
    const { url } = await aServer((_, response) => {
      response.writeHead(422, { "X-RateLimit-Reset": "1700000000" }).end('{"code":40010001,"message":"no"}');
    });
    const answer = await get(url);
    expect(answer).toMatchObject({ kind: "response", status: 422, body: { code: 40010001, message: "no" } });
    expect(answer.kind === "response" && answer.headers.get("x-ratelimit-reset")).toBe("1700000000");
  });

  it("sends method, headers and the exact body bytes, and names itself", async () => {
    let body = "";
    const { url, seen } = await aServer((request, response) => {
      request.setEncoding("utf8").on("data", (text) => (body += text));
      request.on("end", () => response.end("{}"));
    });
    await requestBroker(fetch, { method: "POST", url, headers: { "X-Secret": "canary" }, body: '{"qty":"1.50"}' });
    expect(seen[0]).toMatchObject({
      method: "POST",
      url: "/v2/orders",
      headers: { "x-secret": "canary", accept: "application/json", "user-agent": "sallyport" },
    });
    expect(body).toBe('{"qty":"1.50"}');
  });

  it.each([
    ["no body", ""],
    ["HTML", "<html>Bad gateway</html>"],
    ["half an object", '{"id":"1'],
  ])("gives no body for %s", async (_, text) => {
    const { url } = await aServer(json(text));
    expect(await get(url)).toMatchObject({ kind: "response", status: 200, body: undefined });
  });

  it("gives no body for a response that cannot have one", async () => {
    const answer = await requestBroker(async () => new Response(null, { status: 204 }), {
      method: "GET",
      url: "http://127.0.0.1/",
      headers: {},
    });
    expect(answer).toMatchObject({ kind: "response", status: 204, body: undefined });
  });

  it("keeps characters whole that are split between two chunks", async () => {
    const bytes = new TextEncoder().encode('"é"');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const answer = await requestBroker(async () => new Response(body), {
      method: "GET",
      url: "http://x/",
      headers: {},
    });
    expect(answer).toMatchObject({ body: "é" });
  });

  it("reads a body of exactly 256 KiB", async () => {
    const { url } = await aServer(json(`"${"a".repeat(256 * 1024 - 2)}"`));
    expect(await get(url)).toMatchObject({ kind: "response" });
  });
});

describe("a call that fails", () => {
  it.each([301, 302, 303, 304, 307, 308])(
    "does not follow a %i, so the headers reach no other host",
    async (status) => {
      const other = await aServer(json("{}"));
      const { url, seen } = await aServer((_, response) => {
        response.writeHead(status, { Location: other.url }).end();
      });
      expect(await get(url)).toEqual(failedWith("redirected"));
      expect(seen).toHaveLength(1);
      expect(other.seen).toHaveLength(0);
    },
  );

  it("stops reading one byte over 256 KiB and cancels the rest", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024 + 1)),
      cancel: () => void (cancelled = true),
    });
    const answer = await requestBroker(async () => new Response(body), {
      method: "GET",
      url: "http://x/",
      headers: {},
    });
    expect(answer).toEqual(failedWith("too_large"));
    expect(cancelled).toBe(true);
  });

  it("gives up on a server that never stops sending", async () => {
    const { url } = await aServer((_, response) => {
      const block = Buffer.alloc(64 * 1024, "a");
      const more = () => {
        while (!response.destroyed && response.write(block));
        response.once("drain", more);
      };
      more();
    });
    expect(await get(url)).toEqual(failedWith("too_large"));
  });

  it("refuses invalid UTF-8 instead of replacing it", async () => {
    const { url } = await aServer((_, response) => {
      response.end(Buffer.from([0x22, 0xc3, 0x28, 0x22]));
    });
    expect(await get(url)).toEqual(failedWith("not_utf8"));
  });

  it("refuses a character that the end of the body cuts off", async () => {
    const { url } = await aServer((_, response) => {
      response.end(Buffer.from([0x22, 0x22, 0xe2, 0x82]));
    });
    expect(await get(url)).toEqual(failedWith("not_utf8"));
  });

  it("times out when no answer comes", async () => {
    const { url } = await aServer(() => undefined);
    expect(await get(url, 50)).toEqual(failedWith("timeout"));
  });

  it("times out when the body stalls after the headers", async () => {
    const { url } = await aServer((_, response) => {
      response.writeHead(200).write('{"id":');
    });
    expect(await get(url, 50)).toEqual(failedWith("timeout"));
  });

  it("times out a fetch that does not listen to its signal, and cancels the answer that comes too late", async () => {
    let answerLate: (response: Response) => void = () => undefined;
    const deaf: BrokerFetch = () => new Promise((resolve) => (answerLate = resolve));
    const answer = await requestBroker(deaf, { method: "GET", url: "http://x/", headers: {}, timeoutMs: 20 });
    expect(answer).toEqual(failedWith("timeout"));

    const cancelled = new Promise<void>((resolve) => {
      answerLate(new Response(new ReadableStream({ cancel: () => resolve() })));
    });
    await cancelled;
  });

  it("cancels a body that stalls and does not listen to the signal", async () => {
    let cancelled = false;
    const body = new ReadableStream({ cancel: () => void (cancelled = true) });
    const call = { method: "GET", url: "http://x/", headers: {}, timeoutMs: 20 } as const;
    expect(await requestBroker(async () => new Response(body), call)).toEqual(failedWith("timeout"));
    expect(cancelled).toBe(true);
  });

  it.each<[string, RequestListener]>([
    ["before the headers", (request) => request.socket.resetAndDestroy()],
    [
      "in the middle of the body",
      (request, response) => {
        response.writeHead(200, { "Content-Length": "100" });
        response.write('{"id":', () => request.socket.resetAndDestroy());
      },
    ],
  ])("reports a connection that is reset %s", async (_, answer) => {
    const { url } = await aServer(answer);
    expect(await get(url)).toEqual(failedWith("network"));
  });

  it("reports a refused connection the same way, because the platform cannot tell them apart", async () => {
    const { url } = await aServer(() => undefined);
    await closers.pop()?.();
    expect(await get(url)).toEqual(failedWith("network"));
  });

  it("survives a fetch that throws at once", async () => {
    const throwing: BrokerFetch = () => {
      throw new TypeError("canary");
    };
    const answer = await requestBroker(throwing, { method: "GET", url: "http://x/", headers: {} });
    expect(answer).toEqual(failedWith("network"));
  });

  it.each([
    ["a header that no request can carry", "http://x/", "canary\r\nX-Other: 1"],
    ["an address that is none", "not an address", "canary"],
  ])("sends nothing for %s and keeps the value to itself", async (_, url, secret) => {
    let calls = 0;
    const counting: BrokerFetch = async () => {
      calls += 1;
      return new Response();
    };
    const answer = await requestBroker(counting, { method: "GET", url, headers: { "X-Secret": secret } });
    expect(answer).toEqual(failedWith("not_sendable"));
    expect(inspect(answer, { depth: null, showHidden: true })).not.toContain("canary");
    expect(calls).toBe(0);
  });
});
