import { once } from "node:events";
import { type Server, createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/cli/gateway-error.ts";
import { ensureAccount } from "../../../src/cli/starter-account.ts";
import { NewAccount } from "../../../src/domain/account.ts";

let server: Server;
let url: string;
let answer: { readonly status: number; readonly body: object };
let seen: { readonly asked: string; readonly key: unknown; readonly body: unknown }[];
beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (data: Buffer) => (text += String(data)));
    request.on("end", () => {
      const { method, url: path, headers } = request;
      seen.push({ asked: `${method} ${path}`, key: headers["x-api-key"], body: JSON.parse(text) });
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(JSON.stringify(answer.body));
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
    await ensureAccount(url, "the-key");
    expect(seen).toMatchObject([{ asked: "POST /v1/accounts", key: "the-key" }]);
    expect(NewAccount.safeParse(seen[0]?.body).error).toBeUndefined();
  });

  it("may be there already", async () => {
    answer = { status: 409, body: { code: "id_taken", detail: "Take another one." } };
    await expect(ensureAccount(url, "the-key")).resolves.toBeUndefined();
    expect(seen).toHaveLength(1);
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
