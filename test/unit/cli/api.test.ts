import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { ask, exchange, list } from "../../../src/cli/api.ts";
import { Failure } from "../../../src/cli/failure.ts";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

let handle: Handle;
let server: ReturnType<typeof createServer>;
let connection: { url: string; isLoopback: boolean; apiKey: string };
beforeEach(async () => {
  server = createServer((request, response) => handle(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  connection = { url: `http://127.0.0.1:${address.port}/base`, isLoopback: true, apiKey: "the-key" };
});
afterEach(async () => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  if (!server.listening) return;
  server.close();
  await once(server, "close");
});

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Handle {
  return (_request, response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

const Thing = z.looseObject({ id: z.string() });

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`no failure, but ${String(thrown)}`);
}

describe("a call", () => {
  it("carries the key, the query and the body, and gives back what came", async () => {
    const seen: unknown[] = [];
    handle = (request, response) => {
      request.on("data", (data: Buffer) => seen.push(String(data)));
      request.on("end", () => {
        seen.push(request.method, request.url, request.headers["x-api-key"], request.headers["content-type"]);
        answer(201, { id: "1", more: true })(request, response);
      });
    };
    const call = {
      method: "POST",
      path: "/v1/things",
      query: { a: "b c", n: 1, none: undefined },
      body: { x: 1 },
    } as const;
    const { status, body } = await ask(connection, call, Thing);
    expect({ status, body }).toEqual({ status: 201, body: { id: "1", more: true } });
    expect(seen).toEqual(['{"x":1}', "POST", "/base/v1/things?a=b+c&n=1", "the-key", "application/json"]);
  });

  it("without the key is for what proves itself in another way", async () => {
    let key: unknown = "none seen";
    handle = (request, response) => {
      key = request.headers["x-api-key"];
      answer(200, { id: "1" })(request, response);
    };
    await exchange(connection, { method: "POST", path: "/", headers: {}, bytes: "x" }, Thing);
    expect(key).toBeUndefined();
  });
});

describe("a refusal", () => {
  const problem = {
    type: "/reference#invalid_request",
    title: "Fields are missing or wrong",
    status: 422,
    detail: "Correct the fields listed in errors.",
    code: "invalid_request",
    request_id: "r-1",
    errors: [
      { pointer: "/side", message: "required" },
      { pointer: "", message: "give quantity or notional" },
    ],
  };

  it("is told with its code, what to do, each field, and the id to look for in the log", async () => {
    handle = answer(422, problem);
    const failure = await failureOf(ask(connection, { path: "/" }, Thing));
    expect(failure.exitCode).toBe(1);
    expect(failure.message.split("\n")).toEqual([
      "HTTP 422 invalid_request: Correct the fields listed in errors.",
      "  /side: required",
      "  (the whole body): give quantity or notional",
      "Its request id, for the gateway's log: r-1",
    ]);
    expect(failure.document).toEqual(problem);
  });

  it("says when to come back", async () => {
    handle = answer(429, { ...problem, errors: undefined }, { "Retry-After": "7" });
    expect((await failureOf(ask(connection, { path: "/" }, Thing))).message).toContain("\nRetry after 7 s.\n");
  });

  it("cannot steer the terminal", async () => {
    handle = answer(422, { ...problem, detail: "\u001b[2Jgone", errors: [{ pointer: "/\n", message: "x\u009b" }] });
    const { message } = await failureOf(ask(connection, { path: "/" }, Thing));
    expect(message.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});

describe("what is no gateway", () => {
  it.each([
    ["a web page", answer(200, "<html>", { "Content-Type": "text/html" }), "HTTP 200, text/html"],
    ["a proxy that is down", answer(502, "Bad Gateway", { "Content-Type": "text/plain" }), "HTTP 502, text/plain"],
    ["another API's error", answer(404, { message: "Not Found" }), "HTTP 404"],
    ["another API's answer", answer(200, { name: "x" }), "/id: required"],
  ])("is named for what it is: %s", async (_name, serve, words) => {
    handle = serve;
    const failure = await failureOf(ask(connection, { path: "/" }, Thing));
    expect(failure.exitCode).toBe(3);
    expect(failure.message).toContain(words);
    expect(failure.document.code).toBe("not_a_gateway");
  });

  it("gets no key by sending us elsewhere", async () => {
    let reached = false;
    handle = (request, response) => {
      if (request.url === "/base/elsewhere") reached = true;
      answer(307, "", { Location: "/base/elsewhere" })(request, response);
    };
    expect((await failureOf(ask(connection, { path: "/" }, Thing))).exitCode).toBe(3);
    expect(reached).toBe(false);
  });
});

describe("a gateway out of reach", () => {
  it("is said to be, and how to start one here", async () => {
    const { url } = connection;
    server.close();
    const failure = await failureOf(ask(connection, { path: "/", method: "DELETE" }, Thing));
    expect(failure.exitCode).toBe(3);
    expect(failure.message).toBe(`Nothing listens on ${url}; run npm start first.`);
  });

  it.each([
    ["says nothing", () => undefined],
    [
      "never ends what it says",
      (_request, response) => {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.write(" ");
      },
    ],
  ] as readonly [string, Handle][])("is given up after a minute when it %s", async (_name, serve) => {
    handle = serve;
    const real = AbortSignal.timeout.bind(AbortSignal);
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => real(50));
    const failure = await failureOf(ask(connection, { path: "/" }, Thing));
    expect(failure).toMatchObject({ exitCode: 3, document: { code: "unreachable" } });
    expect(timeout).toHaveBeenCalledWith(60_000);
  });

  it("is described without the key", async () => {
    handle = (request) => request.destroy();
    const { message, document, cause } = await failureOf(ask(connection, { path: "/" }, Thing));
    expect(`${message} ${JSON.stringify(document)} ${String(cause)}`).not.toContain(connection.apiKey);
  });
});

describe("a change of which no answer says what became of it", () => {
  const DOUBTS = "\nThe request may have arrived all the same: look before you repeat it.";
  const problem = (code: string) => ({ code, detail: "Try again." });
  const change = { path: "/", method: "POST", look: "npx sallyport orders" } as const;

  it.each([
    ["the connection is cut", (request) => request.destroy()],
    ["a proxy gets no answer from the gateway", answer(502, "<html>Bad gateway", { "Content-Type": "text/html" })],
    ["a proxy's page comes as a success", answer(200, "<html>Hello", { "Content-Type": "text/html" })],
    ["the answer is one of another version", answer(201, { number: 1 })],
    ["the gateway itself cannot tell", answer(503, problem("unavailable"))],
  ] as readonly [string, Handle][])("may have been made: %s", async (_name, serve) => {
    handle = serve;
    const told = await failureOf(ask(connection, change, Thing));
    expect(told.message.endsWith(`${DOUBTS}\n\n  npx sallyport orders`)).toBe(true);
    const { message } = await failureOf(ask(connection, { path: "/", method: "DELETE" }, Thing));
    expect(message.endsWith(DOUBTS)).toBe(true);
  });

  it.each([
    [401, "unauthorized"],
    [409, "too_many"],
    [422, "invalid_request"],
    [503, "maintenance"],
    [503, "misconfigured"],
  ])("was not made when the gateway says so: %i %s", async (status, code) => {
    handle = answer(status, problem(code));
    expect((await failureOf(ask(connection, change, Thing))).message).toBe(`HTTP ${status} ${code}: Try again.`);
  });

  it("is none where something was only read", async () => {
    for (const serve of [answer(502, "<html>"), answer(503, problem("unavailable"))]) {
      handle = serve;
      expect((await failureOf(ask(connection, { path: "/" }, Thing))).message).not.toContain(DOUBTS);
    }
  });
});

describe("a list", () => {
  /** Numbers from 1, in pages as the gateway makes them. */
  const serveNumbers =
    (total: number, asked: URLSearchParams[] = []): Handle =>
    (request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://x");
      asked.push(searchParams);
      const first = Number(searchParams.get("cursor") ?? 0);
      const last = Math.min(total, first + Number(searchParams.get("limit")));
      const things = Array.from({ length: last - first }, (_, at) => ({ id: String(first + at + 1) }));
      answer(200, { things, next_cursor: last < total ? last : null })(request, response);
    };
  const numbers = async (count: number) =>
    (await list(connection, { path: "/v1/things", query: { a: "b" }, field: "things", count }, Thing)).map(({ id }) =>
      Number(id),
    );

  it("is followed from page to page, as far as it is wanted, with its filters", async () => {
    const asked: URLSearchParams[] = [];
    handle = serveNumbers(1000, asked);
    expect(await numbers(450)).toEqual(Array.from({ length: 450 }, (_, at) => at + 1));
    expect(asked.map(String)).toEqual(["a=b&limit=200", "a=b&cursor=200&limit=200", "a=b&cursor=400&limit=50"]);
  });

  it("ends where the gateway's ends", async () => {
    handle = serveNumbers(201);
    expect(await numbers(Infinity)).toHaveLength(201);
    handle = serveNumbers(0);
    expect(await numbers(10)).toEqual([]);
  });

  it("that never ends is given up", async () => {
    handle = answer(200, { things: [{ id: "1" }], next_cursor: "same" });
    expect((await failureOf(numbers(Infinity))).message).toContain("again and again");
  });
});
