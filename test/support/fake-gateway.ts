// A gateway that answers what a test tells it to, and npx sallyport as a function that talks to it.
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { runCommandLine } from "../../src/cli/command-line.ts";

export type Asked = { readonly method: string; readonly path: string; readonly body: unknown };
export type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
};

export type FakeGateway = {
  readonly url: string;
  /** What was asked, in order. */
  readonly asked: readonly Asked[];
  readonly close: () => Promise<void>;
};

/** Listens on 127.0.0.1 until it is closed. A question that `answer` has nothing for gets 404. */
export async function aFakeGateway(answer: (asked: Asked) => Answer | undefined): Promise<FakeGateway> {
  const asked: Asked[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const question = { method: request.method ?? "", path: request.url ?? "", body: await readBody(request) };
    asked.push(question);
    const given: Answer = answer(question) ?? { status: 404, body: { code: "not_found", detail: "Not here." } };
    response.writeHead(given.status ?? 200, { "Content-Type": "application/json", ...given.headers });
    response.end(JSON.stringify(given.body));
  };
  const server = createServer((request, response) => void respond(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** JSON as what it says, and any other text as it came. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const piece of request) text += String(piece);
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What one call of the command line ends in, with a key that any fake gateway takes. */
export async function callCommandLine(args: readonly string[]) {
  let out = "";
  let error = "";
  const exit = await runCommandLine(args, {
    env: { SALLYPORT_API_KEY: "the-key" },
    isTerminal: false,
    isWatched: false,
    writeOut: (text) => (out += text),
    writeError: (text) => (error += text),
  });
  return { exit, out, error };
}
