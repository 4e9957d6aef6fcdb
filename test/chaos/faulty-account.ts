// One account at the venue behind its faults. The venue's own code keeps the books and is never told a lie; what lies is the
// way to it: requests that do not arrive, answers that get lost, views that are old.
import { createMemoryStore } from "../../src/brokers/paper/memory-store.ts";
import type { Execution } from "../../src/brokers/paper/execution.ts";
import type { VenueOrder } from "../../src/brokers/paper/order.ts";
import type { PaperVenueSettings, VenueCredentials } from "../../src/brokers/paper/settings.ts";
import { cancelOrder } from "../../src/brokers/paper/settle.ts";
import type { VenueStore } from "../../src/brokers/paper/store.ts";
import { type Venue, handleVenueRequest, setVenuePrice } from "../../src/brokers/paper/venue.ts";
import { decimalOf } from "../../src/domain/money.ts";
import { assertNever } from "../../src/domain/result.ts";
import { sleep } from "../../src/cli/gateway-process.ts";
import { errorOf, garble, tooManyRequests } from "./bad-answers.ts";
import { type Books, readBooks } from "./books.ts";
import type { Faults, Placement } from "./faults.ts";
import { asItIs, asItWas, rememberVersions, viewOf } from "./views.ts";

/** `cut`: the connection ends without an answer. */
type Reply = Response | "cut";

export type FaultyAccount = {
  readonly handle: (request: Request) => Promise<Reply>;
  readonly setPrice: (symbol: string, price: string) => void;
  /** Past every fault; returns how many there were. */
  readonly cancelOpenOrders: (except: ReadonlySet<string>) => number;
  readonly books: () => Books;
};

export type FaultyAccountOptions = {
  readonly settings: PaperVenueSettings;
  readonly credentials: VenueCredentials;
  readonly faults: Faults;
  readonly misbehaves: () => boolean;
  /** An attempt to place an order has arrived. */
  readonly onPlacement: (clientOrderId: string) => void;
  /** Something was done to a client, or, as `well`, nothing was. */
  readonly onFault: (fault: string) => void;
};

export function openFaultyAccount(options: FaultyAccountOptions): FaultyAccount {
  const { settings, credentials, faults, misbehaves, onPlacement, onFault } = options;
  const history = new Map<string, VenueOrder[]>();
  const store = rememberVersions(createMemoryStore(), history);
  const venueOver = (view: VenueStore): Venue => ({
    settings,
    credentials,
    store: view,
    nowMs: Date.now,
    uuid: () => crypto.randomUUID(),
  });
  const truth = venueOver(store);
  const hiddenUntilMs = new Map<string, number>();
  const isHidden = ({ clientOrderId }: VenueOrder): boolean =>
    misbehaves() && (hiddenUntilMs.get(clientOrderId) ?? 0) > Date.now();
  const count = countCalls();

  /** What the venue itself makes of the request. */
  async function accept(request: Request, { hiddenMs }: Placement, clientOrderId: string): Promise<Response> {
    const answer = await handleVenueRequest(request, truth);
    if (!answer.ok) {
      onFault(`POST refused by the venue with ${answer.status}`);
    } else if (hiddenMs > 0 && misbehaves()) {
      onFault("POST then hidden");
      hiddenUntilMs.set(clientOrderId, Date.now() + hiddenMs);
    }
    return answer;
  }

  async function place(request: Request): Promise<Reply> {
    const bytes = await request.arrayBuffer();
    const clientOrderId = readClientOrderId(bytes);
    onPlacement(clientOrderId);
    const attempt = count(`placement ${clientOrderId}`);
    const placement = faults.placement(clientOrderId, attempt);
    const carryOut = (): Promise<Response> => accept(copyOf(request, bytes), placement, clientOrderId);
    if (!misbehaves()) {
      onFault("POST to a venue without faults");
      return carryOut();
    }
    onFault(`POST ${placement.fault}`);
    await sleep(placement.latencyMs);
    return misplace(placement, carryOut);
  }

  async function cancel(request: Request, id: string): Promise<Reply> {
    const clientOrderId = store.findOrder(id)?.clientOrderId ?? id;
    const { fault, latencyMs } = faults.cancel(clientOrderId, count(`cancel ${clientOrderId}`));
    const carryOut = (): Promise<Response> => handleVenueRequest(request, truth);
    if (!misbehaves()) return carryOut();
    onFault(`DELETE ${fault}`);
    await sleep(latencyMs);
    switch (fault) {
      case "well":
        return carryOut();
      case "lose":
        return new Response(null, { status: 204 });
      case "drop":
        return "cut";
      case "accept_and_drop":
        await carryOut();
        return "cut";
      case "answer_500":
        return errorOf(500);
      case "rate_limit":
        return tooManyRequests();
      default:
        return assertNever(fault);
    }
  }

  async function read(request: Request): Promise<Reply> {
    const { pathname, searchParams } = new URL(request.url);
    const name = searchParams.get("client_order_id") ?? pathname;
    const { fault, latencyMs, random } = faults.read(name, count(`read ${name}`));
    const over = (view: VenueStore): Promise<Response> => handleVenueRequest(request, venueOver(view));
    if (!misbehaves()) return over(store);
    onFault(`GET ${fault}`);
    await sleep(latencyMs);
    switch (fault) {
      case "well":
      case "slow":
        return over(viewOf(store, { isHidden, timesShown, versionOf: asItIs }));
      case "stale":
        return over(viewOf(store, { isHidden, timesShown, versionOf: asItWas(history, random) }));
      case "drop":
        return "cut";
      case "answer_500":
        return errorOf(500);
      default:
        return assertNever(fault);
    }
  }

  /** Trades come to light one by one, each with a delay of its own, and some are in the list twice. */
  function timesShown({ id, atMs }: Execution): number {
    const { lagMs, comesTwice } = faults.execution(id);
    if (atMs + lagMs > Date.now()) {
      onFault("execution shown late");
      return 0;
    }
    if (comesTwice) onFault("execution shown twice");
    return comesTwice ? 2 : 1;
  }

  return {
    handle: (request) => {
      const { pathname } = new URL(request.url);
      const [, id] = /^\/v2\/orders\/([^/]+)$/.exec(pathname) ?? [];
      if (request.method === "POST" && pathname === "/v2/orders") return place(request);
      if (request.method === "DELETE" && id !== undefined) return cancel(request, id);
      return request.method === "GET" ? read(request) : handleVenueRequest(request, truth);
    },
    setPrice: (symbol, price) => {
      setVenuePrice(truth, symbol, decimalOf(price));
    },
    cancelOpenOrders: (except) => {
      const open = store.listOpenOrders().filter(({ clientOrderId }) => !except.has(clientOrderId));
      store.transact(() => {
        for (const order of open) cancelOrder(truth, order, Date.now());
      });
      return open.length;
    },
    books: () => readBooks(store),
  };
}

async function misplace(placement: Placement, accept: () => Promise<Response>): Promise<Reply> {
  switch (placement.fault) {
    case "well":
      return accept();
    case "accept_and_drop":
      await accept();
      return "cut";
    case "accept_and_500":
      await accept();
      return errorOf(500);
    case "accept_and_garbage":
      return garble(await accept(), placement.random);
    case "accept_and_answer_too_late": {
      const answer = await accept();
      await sleep(placement.lateMs);
      return answer;
    }
    case "accept_too_late":
      // The client has given up by now, and may have asked for the order already.
      await sleep(placement.lateMs);
      return accept();
    case "drop":
      return "cut";
    case "answer_500":
      return errorOf(500);
    case "answer_503":
      return errorOf(503);
    case "reject_422":
      return Response.json({ code: 42_210_000, message: "the order is not acceptable today" }, { status: 422 });
    case "reject_403":
      return Response.json({ code: 40_310_000, message: "insufficient buying power" }, { status: 403 });
    case "rate_limit":
      return tooManyRequests();
    default:
      return assertNever(placement.fault);
  }
}

function countCalls(): (name: string) => number {
  const counts = new Map<string, number>();
  return (name) => {
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return nth;
  };
}

const copyOf = ({ url, method, headers }: Request, body: ArrayBuffer): Request =>
  new Request(url, { method, headers, body });

function readClientOrderId(bytes: ArrayBuffer): string {
  const { client_order_id: id } = JSON.parse(Buffer.from(bytes).toString()) as { client_order_id?: unknown };
  if (typeof id !== "string") throw new Error("an order without a client order id");
  return id;
}
