import { once } from "node:events";
import { type Server, createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/cli/gateway-error.ts";
import { describeStarter, ensureAccount } from "../../../src/cli/starter-account.ts";
import { NewAccount } from "../../../src/domain/account.ts";

let server: Server;
let url: string;
type Answer = { readonly status: number; readonly body: object };
let answer: Answer;
/** In place of `answer`, by method and path. */
let answers: Record<string, Answer>;
let seen: { readonly asked: string; readonly key: unknown; readonly body: unknown }[];
beforeEach(async () => {
  seen = [];
  answers = {};
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (data: Buffer) => (text += String(data)));
    request.on("end", () => {
      const { method, url: path, headers } = request;
      seen.push({
        asked: `${method} ${path}`,
        key: headers["x-api-key"],
        body: text === "" ? undefined : JSON.parse(text),
      });
      const { status, body } = answers[`${method} ${path}`] ?? answer;
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  url = `http://127.0.0.1:${address.port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe("the account of a gateway on this machine", () => {
  it("is asked for once, as the gateway takes it, with the key", async () => {
    answer = { status: 201, body: { id: "paper" } };
    expect(await ensureAccount(url, "the-key")).toBe("active");
    expect(seen).toMatchObject([{ asked: "POST /v1/accounts", key: "the-key" }]);
    expect(NewAccount.safeParse(seen[0]?.body).error).toBeUndefined();
  });

  it.each(["active", "disabled", "deleted"])("may be there already, and %s", async (status) => {
    answer = { status: 409, body: { code: "id_taken", detail: "Take another one." } };
    answers["GET /v1/accounts/paper"] = { status: 200, body: { id: "paper", status } };
    expect(await ensureAccount(url, "the-key")).toBe(status);
    expect(seen.map(({ asked }) => asked)).toEqual(["POST /v1/accounts", "GET /v1/accounts/paper"]);
  });

  it("is said to take no orders where it takes none, with what to do", () => {
    const options = { url: "http://127.0.0.1:8788" };
    expect(describeStarter("active", options)).toBeUndefined();
    expect(describeStarter("disabled", options)).toContain(
      "npx sallyport accounts enable --url http://127.0.0.1:8788 paper",
    );
    const deleted = describeStarter("deleted", options);
    expect(deleted).toContain("its id is never used again");
    expect(deleted).toContain("npx sallyport doctor --url http://127.0.0.1:8788");
  });

  it.each([
    [401, "unauthorized"],
    [409, "too_many"],
    [503, "unavailable"],
  ])("is missed when the gateway answers %d %s", async (status, code) => {
    answer = { status, body: { code, detail: "No." } };
    const refusal = ensureAccount(url, "the-key");
    await expect(refusal).rejects.toThrow(GatewayError);
    await expect(refusal).rejects.toThrow(`The account paper could not be made.\nHTTP ${status} ${code}: No.`);
  });
});
