// The venue of a chaos run as a process of its own: paper accounts behind faults, over HTTP on 127.0.0.1. Nobody kills it, so
// its books are the truth; the run reads them, and has it heal, over the pipe between parent and child.
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { PaperVenueSettings } from "../../src/brokers/paper/settings.ts";
import { assertNever } from "../../src/domain/result.ts";
import type { Answers, FromVenue, Question, ToVenue, VenueOptions } from "./books.ts";
import { type FaultyAccount, openFaultyAccount } from "./faulty-account.ts";
import { planFaults } from "./faults.ts";

const HOST = "127.0.0.1";
/** More than any intent of the run can cost: what is refused for want of money is refused by a fault, and counted. */
const CASH = "1000000000";

const options = JSON.parse(process.argv[2] ?? "{}") as VenueOptions;
const faults = new Map<string, number>();
const placements = new Map<string, number>();
const underFire = new Set<string>();
const raise = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
// It starts well, so that the gateway can find its feet.
let misbehaves = false;
let awayUntilMs = 0;

const accounts = new Map<string, FaultyAccount>(
  Object.entries(options.credentials).map(([name, credentials]) => [
    name,
    openFaultyAccount({
      settings: PaperVenueSettings.parse({
        cash: CASH,
        prices: options.prices,
        deduplication: options.deduplication,
        max_fill_quantity: options.maxFillQuantity,
      }),
      credentials,
      faults: planFaults(`${options.seed} ${name}`),
      misbehaves: () => misbehaves,
      onPlacement: (clientOrderId) => {
        if (misbehaves && !placements.has(clientOrderId)) underFire.add(clientOrderId);
        raise(placements, clientOrderId);
        say({ say: "placing" });
      },
      onFault: (fault) => raise(faults, fault),
    }),
  ]),
);
const accountOfKey = new Map(
  Object.entries(options.credentials).map(([name, { keyId }]) => [keyId, accounts.get(name)]),
);

function answer(question: Question): Answers[Question["ask"]] {
  switch (question.ask) {
    case "heal":
      misbehaves = false;
      awayUntilMs = 0;
      return null;
    case "misbehave":
      misbehaves = true;
      return null;
    case "be_away":
      awayUntilMs = Date.now() + question.forMs;
      return null;
    case "set_price":
      for (const account of accounts.values()) account.setPrice(question.symbol, question.price);
      return null;
    case "cancel_open_orders": {
      const except = new Set(question.except);
      return [...accounts.values()].reduce((sum, account) => sum + account.cancelOpenOrders(except), 0);
    }
    case "books":
      return {
        accounts: Object.fromEntries([...accounts].map(([name, account]) => [name, account.books()])),
        mischief: {
          faults: Object.fromEntries(faults),
          placements: Object.fromEntries(placements),
          underFire: [...underFire],
        },
      };
    default:
      return assertNever(question);
  }
}

function say(message: FromVenue): void {
  process.send?.(message);
}

/** An account that is not known, and a fault of our own, cut the connection: neither may look like an answer. */
async function exchange(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    if (Date.now() < awayUntilMs && !isPrice(incoming)) {
      raise(faults, "any call cut in an outage");
      outgoing.destroy();
      return;
    }
    const account = accountOfKey.get(String(incoming.headers["apca-api-key-id"]));
    const reply = (await account?.handle(await toRequest(incoming))) ?? "cut";
    if (reply === "cut") {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(reply.status, Object.fromEntries(reply.headers));
    outgoing.end(Buffer.from(await reply.arrayBuffer()));
  } catch (thrown) {
    process.stderr.write(`${String(thrown)}\n`);
    outgoing.destroy();
  }
}

/** Prices come from another host at a real broker, and without one an order is denied, which proves little. */
const isPrice = ({ url }: IncomingMessage): boolean => url?.startsWith("/v2/stocks/") === true;

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const { method = "GET", url = "/", headersDistinct } = incoming;
  const headers = Object.entries(headersDistinct).map(([name, values]): [string, string] => [name, String(values)]);
  const body = method === "GET" ? null : Buffer.concat(chunks);
  return new Request(new URL(url, `http://${HOST}`), { method, headers, body });
}

const server = createServer((incoming, outgoing) => void exchange(incoming, outgoing));
server.listen(0, HOST);
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the server has no port");

process.on("message", ({ id, question }: ToVenue) => {
  say({ say: "answer", id, answer: answer(question) });
});
// Nobody reads the books of a run that is gone.
process.on("disconnect", () => process.exit(0));
// Ends by the pipe alone: a Ctrl+C for the whole group must not take the truth away from the run that sums it up.
process.on("SIGINT", () => undefined);
say({ say: "listening", url: `http://${HOST}:${address.port}` });
