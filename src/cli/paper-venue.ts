// The paper venue as a process of its own: the same code that the Worker embeds, over HTTP on 127.0.0.1, kept in memory.
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { parseArgs } from "node:util";
import { createMemoryStore } from "../brokers/paper/memory-store.ts";
import { PaperVenueSettings, type VenueCredentials } from "../brokers/paper/settings.ts";
import { type Venue, handleVenueRequest } from "../brokers/paper/venue.ts";

const HOST = "127.0.0.1";

const USAGE = `usage: node src/cli/paper-venue.ts --key-id ID --secret-key SECRET [options]

  --key-id, --secret-key  what clients have to send as APCA-API-KEY-ID and APCA-API-SECRET-KEY
  --port PORT             where to listen on ${HOST} (default 0: any free port)
  --cash AMOUNT           US dollars to start with (default 100000)
  --price SYMBOL=PRICE    lists a symbol at a last price; repeatable (default AAPL, MSFT and SPY)
  --deduplication RULE    when a client order id is refused that was used before: permanent (the default),
                          open_orders (only while that order is open) or none (never)
  --max-fill QUANTITY     fills larger orders step by step, so many units at every look at the market

Prints {"url":"…"} once it listens. Nothing is kept when it ends.`;

const CASH = "100000";
const PRICES: Readonly<Record<string, string>> = { AAPL: "187.50", MSFT: "412.25", SPY: "598.10" };

export type PaperVenueOptions = {
  readonly credentials: VenueCredentials;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** US dollars, as a decimal string. */
  readonly cash?: string;
  /** Symbol → last price in US dollars, as decimal strings. */
  readonly prices?: Readonly<Record<string, string>>;
  /** `permanent`, `open_orders` or `none`. */
  readonly deduplication?: string;
  /** Units one order fills at most at every look at the market, as a decimal string. */
  readonly maxFillQuantity?: string;
};

export type PaperVenue = {
  /** Like `http://127.0.0.1:49152`, without a trailing slash. */
  readonly url: string;
  /** Stops listening and cuts open connections. */
  readonly close: () => Promise<void>;
};

/** Starts a venue with an empty account. Throws when the options are not usable or the port is taken. */
export async function startPaperVenue(options: PaperVenueOptions): Promise<PaperVenue> {
  const venue: Venue = {
    settings: PaperVenueSettings.parse({
      cash: options.cash ?? CASH,
      prices: options.prices ?? PRICES,
      deduplication: options.deduplication,
      max_fill_quantity: options.maxFillQuantity,
    }),
    credentials: options.credentials,
    store: createMemoryStore(),
    nowMs: () => Date.now(),
    uuid: () => crypto.randomUUID(),
  };
  const server = createServer((incoming, outgoing) => void exchange(venue, incoming, outgoing));
  server.listen(options.port ?? 0, HOST);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://${HOST}:${address.port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** More than the venue accepts: it is the venue that refuses a body for its size, this only keeps memory bounded. */
const BODY_BYTES_MAX = 64 * 1024;

/** A fault ends the connection without an answer, as a crash would, and not with an answer that claims to know. */
async function exchange(venue: Venue, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const response = await handleVenueRequest(await toRequest(incoming), venue);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(await response.text());
  } catch (thrown) {
    console.error(thrown);
    outgoing.destroy();
  }
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const body = await readBody(incoming);
  const method = incoming.method ?? "GET";
  // Request has no place for a body in these two, and no endpoint of the venue reads one there.
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(incoming.url ?? "/", `http://${HOST}`), { method, headers, body: hasBody ? body : null });
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    bytes += chunk.length;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Throws where an argument is missing or has another form. */
function readArguments(): PaperVenueOptions {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      "key-id": { type: "string" },
      "secret-key": { type: "string" },
      cash: { type: "string" },
      price: { type: "string", multiple: true },
      deduplication: { type: "string" },
      "max-fill": { type: "string" },
    },
  });
  const { "key-id": keyId, "secret-key": secretKey, cash, price, deduplication, "max-fill": maxFillQuantity } = values;
  if (!keyId || !secretKey) throw new Error("--key-id and --secret-key are required");
  if (!/^\d{1,5}$/.test(values.port)) throw new Error("--port must be a number");
  return {
    credentials: { keyId, secretKey },
    port: Number(values.port),
    ...(cash === undefined ? {} : { cash }),
    ...(price === undefined ? {} : { prices: Object.fromEntries(price.map(readPrice)) }),
    ...(deduplication === undefined ? {} : { deduplication }),
    ...(maxFillQuantity === undefined ? {} : { maxFillQuantity }),
  };
}

function readPrice(argument: string): [string, string] {
  const [symbol, price, ...more] = argument.split("=");
  if (symbol === undefined || price === undefined || more.length > 0) throw new Error("--price must be SYMBOL=PRICE");
  return [symbol, price];
}

if (import.meta.main) {
  try {
    const venue = await startPaperVenue(readArguments());
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void venue.close());
    // Last: whoever reads this line may already use the venue, or end it.
    console.log(JSON.stringify({ url: venue.url }));
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    process.exit(2);
  }
}
