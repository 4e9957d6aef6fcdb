// The gateway's API as the run uses it, and which parts of it this gateway has.
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import type { Order } from "../../src/domain/order.ts";
import { sleep } from "../../src/cli/gateway-process.ts";
import type { MortalGateway } from "./gateway.ts";

const TIMEOUT_MS = 10_000;
/** A read meets a killed gateway at times; a start takes a few seconds. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;
const PAGE = 200;

/** Routes that a gateway may be without. What cannot be asked is not checked, and the report says so. */
export type Features = { readonly cancels: boolean; readonly portfolio: boolean; readonly executions: boolean };

export type Execution = {
  readonly id: string;
  readonly order_id: string;
  readonly quantity: string;
  readonly price: string;
};
export type Portfolio = { readonly positions: readonly { readonly symbol: string; readonly quantity: string }[] };

export type Api = {
  readonly features: () => Promise<Features>;
  readonly orders: (account: string) => Promise<Order[]>;
  readonly order: (id: string) => Promise<Order>;
  readonly executions: (account: string) => Promise<Execution[]>;
  readonly portfolio: (account: string) => Promise<Portfolio>;
  readonly isBreakerOpen: (account: string) => Promise<boolean>;
  /** The account's chain behind this entry, as far as D1 has it. */
  readonly auditAfter: (account: string, seq: number) => Promise<AuditEntry[]>;
  /** Asks for a cancel until there is an answer that is no 5xx, and returns its status. */
  readonly cancel: (orderId: string) => Promise<number>;
};

export function openApi({ url, secrets }: Pick<MortalGateway, "url" | "secrets">): Api {
  const call = (method: string, path: string): Promise<Answer> =>
    insist(async () => {
      const headers = { "X-API-Key": secrets.apiKey };
      const response = await fetch(`${url}${path}`, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      // A gateway can be killed between its first byte and its last: an answer counts when it is whole.
      return { status: response.status, text: await response.text() };
    });
  const read = async <T>(path: string): Promise<T> => {
    const { status, text } = await call("GET", path);
    if (status !== 200) throw new Error(`GET ${path}: HTTP ${status} ${text}`);
    return JSON.parse(text) as T;
  };
  const readPages = async <T>(path: string, name: string, from?: number): Promise<T[]> => {
    const items: T[] = [];
    type Page = { readonly [name: string]: T[] } & { readonly next_cursor: string | number | null };
    for (let cursor: string | number | null = from ?? ""; cursor !== null;) {
      const page: Page = await read(
        `${path}&limit=${PAGE}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      items.push(...(page[name] ?? []));
      cursor = page.next_cursor;
    }
    return items;
  };

  return {
    features: async () => {
      const { paths } = await read<{ paths: Record<string, object> }>("/openapi.json");
      return {
        cancels: "delete" in (paths["/v1/orders/{id}"] ?? {}),
        portfolio: "get" in (paths["/v1/portfolio"] ?? {}),
        executions: "get" in (paths["/v1/executions"] ?? {}),
      };
    },
    orders: (account) => readPages(`/v1/orders?account=${account}`, "orders"),
    order: (id) => read(`/v1/orders/${encodeURIComponent(id)}`),
    executions: (account) => readPages(`/v1/executions?account=${account}`, "executions"),
    portfolio: (account) => read(`/v1/portfolio?account=${account}`),
    isBreakerOpen: async (account) =>
      (await read<{ state: string }>(`/v1/accounts/${account}/circuit-breaker`)).state !== "closed",
    auditAfter: (account, seq) => readPages(`/v1/audit?account=${account}`, "entries", seq),
    cancel: async (orderId) => (await call("DELETE", `/v1/orders/${encodeURIComponent(orderId)}`)).status,
  };
}

type Answer = { readonly status: number; readonly text: string };

/** Until there is an answer that is no 5xx, or patience is over. */
async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  for (const deadlineMs = Date.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    const last = Date.now() > deadlineMs;
    try {
      const answer = await ask();
      if (answer.status < 500 || last) return answer;
    } catch (thrown) {
      if (last) throw thrown;
    }
  }
}
