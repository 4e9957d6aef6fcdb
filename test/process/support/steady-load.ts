// Senders that never stop. What they send is valid at every moment, so whatever refuses it is at fault. Only a request that
// nobody has decided about is sent again, proven anew and under the id it had: there was no answer, or 503.
import { sleep } from "../../../src/cli/gateway-process.ts";
import { sign } from "../../../src/cli/sign.ts";

/** What the senders prove themselves with. */
type Proofs = { readonly defaultSecret: string; readonly sourceSecret: string; readonly apiKey: string };

export type LoadOptions = {
  readonly url: string;
  /** Where all orders go. */
  readonly account: string;
  /** The source whose secret `sourceSecret` is. */
  readonly source: string;
  readonly proofs: Proofs;
};

type Request = {
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** `id`: the client order id of an order, which a read has no use for. */
type Sender = (id: string, options: LoadOptions) => Request;

const orderOf = (id: string, account: string): string =>
  JSON.stringify({ account, client_order_id: id, symbol: "AAPL", side: "buy", type: "market", quantity: "1" });

const SENDERS = {
  default_source: (id, { account, proofs }) => ({
    path: "/webhooks/default",
    method: "POST",
    ...sign(orderOf(id, account), proofs.defaultSecret),
  }),
  other_source: (id, { account, source, proofs }) => ({
    path: `/webhooks/${source}`,
    method: "POST",
    ...sign(orderOf(id, account), proofs.sourceSecret),
  }),
  api_orders: (id, { account, proofs }) => ({
    path: "/v1/orders",
    method: "POST",
    headers: { "X-API-Key": proofs.apiKey, "Content-Type": "application/json" },
    body: orderOf(id, account),
  }),
  api_reads: (_, { account, proofs }) => ({
    path: `/v1/orders?account=${account}&limit=5`,
    method: "GET",
    headers: { "X-API-Key": proofs.apiKey },
  }),
} as const satisfies Record<string, Sender>;

type Kind = keyof typeof SENDERS;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the names it lists
const KINDS = Object.keys(SENDERS) as readonly Kind[];

/** Of each kind, all at once. */
const SENDERS_PER_KIND = 2;
/** Leaves a small machine room for the gateway. */
const PAUSE_MS = 60;
/** Longer than any answer takes: a socket that hangs while the gateway is away must not hold its sender up for good. */
const ANSWER_MS = 15_000;
const RETRY_MS = 150;
/** How many more requests of each kind have to be answered for the load to have gone on. */
const FURTHER = 6;
/** More than a start of the gateway takes. */
const PATIENCE_MS = 90_000;
/** How long a sender that is to stop tries for its last answer. */
const LAST_ANSWER_MS = 10_000;

/** An order that the rules deny proves nothing of what comes after them. */
const isDenied = (kind: Kind, body: string): boolean =>
  kind !== "api_reads" && (JSON.parse(body) as { status: string }).status === "denied";

type Refused = { readonly kind: Kind; readonly status: number; readonly body: string };

export type Load = {
  /** The client order ids of all orders that were sent. */
  readonly ordered: ReadonlySet<string>;
  readonly refused: readonly Refused[];
  /** From now on the senders prove themselves with these. Resolves when nothing is under way any more that was proven before. */
  readonly use: (proofs: Partial<Proofs>) => Promise<void>;
  /** Resolves when requests of every kind that began after this call have been answered. */
  readonly goOn: () => Promise<void>;
  /** Resolves when every sender has had its last answer. */
  readonly stop: () => Promise<void>;
  /** How many requests of each kind were answered, how many got no answer, and how many the answer that none can be given. */
  readonly counts: () => Readonly<Record<Kind | "unanswered" | "undecided", number>>;
};

export function startLoad(options: LoadOptions): Load {
  let { proofs } = options;
  let overAtMs = Infinity;
  let unanswered = 0;
  let undecided = 0;
  const ordered = new Set<string>();
  const refused: Refused[] = [];
  const answered: { readonly kind: Kind; readonly begunMs: number }[] = [];
  const underWay = new Set<Promise<boolean>>();

  /** Whether something was decided. */
  async function ask(kind: Kind, id: string): Promise<boolean> {
    const begunMs = performance.now();
    const answer = await exchange(SENDERS[kind](id, { ...options, proofs }));
    if (answer === undefined) unanswered += 1;
    else if (answer.status === 503) undecided += 1;
    else {
      if (answer.status >= 300 || isDenied(kind, answer.body)) refused.push({ kind, ...answer });
      answered.push({ kind, begunMs });
      return true;
    }
    return false;
  }

  /** The gateway's answer. While it goes away, what runs it answers in its place: such an answer has no request id. */
  async function exchange({ path, ...init }: Request): Promise<Omit<Refused, "kind"> | undefined> {
    try {
      const response = await fetch(`${options.url}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
      const body = await response.text();
      return response.headers.has("X-Request-Id") ? { status: response.status, body } : undefined;
    } catch {
      return undefined;
    }
  }

  async function askUntilAnswered(kind: Kind, id: string): Promise<void> {
    while (performance.now() < overAtMs + LAST_ANSWER_MS) {
      const attempt = ask(kind, id);
      underWay.add(attempt);
      const isAnswered = await attempt;
      underWay.delete(attempt);
      if (isAnswered) return;
      await sleep(RETRY_MS);
    }
  }

  async function send(kind: Kind, name: string): Promise<void> {
    for (let sent = 1; performance.now() < overAtMs; sent += 1) {
      const id = `${name}-${sent}`;
      if (kind !== "api_reads") ordered.add(id);
      await askUntilAnswered(kind, id);
      await sleep(PAUSE_MS);
    }
  }

  const senders = KINDS.flatMap((kind) =>
    Array.from({ length: SENDERS_PER_KIND }, (_, index) => send(kind, `${kind}-${index + 1}`)),
  );
  const counts = () => {
    const of = (kind: Kind) => answered.filter((answer) => answer.kind === kind).length;
    return {
      default_source: of("default_source"),
      other_source: of("other_source"),
      api_orders: of("api_orders"),
      api_reads: of("api_reads"),
      unanswered,
      undecided,
    };
  };

  return {
    ordered,
    refused,
    counts,
    use: async (changed) => {
      proofs = { ...proofs, ...changed };
      await Promise.all(underWay);
    },
    goOn: async () => {
      const fromMs = performance.now();
      const since = (kind: Kind) => answered.filter((one) => one.kind === kind && one.begunMs >= fromMs).length;
      while (KINDS.some((kind) => since(kind) < FURTHER)) {
        if (performance.now() - fromMs > PATIENCE_MS) throw new Error(`the load stopped: ${JSON.stringify(counts())}`);
        await sleep(50);
      }
    },
    stop: async () => {
      overAtMs = Math.min(overAtMs, performance.now());
      await Promise.all(senders);
    },
  };
}
