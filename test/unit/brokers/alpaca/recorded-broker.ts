// The adapter in front of a venue that gives prepared answers, and a record of what it was asked.
import { alpacaBroker } from "../../../../src/brokers/alpaca/adapter.ts";
import { ALPACA_PAPER } from "../../../../src/brokers/alpaca/venues.ts";
import type { Quota } from "../../../../src/domain/broker.ts";

export const KEY_ID = "PKCANARYKEYID0000000";
export const SECRET_KEY = "canarysecretkey0123456789canarysecretkey";

/** The adapter's clock, which stands still unless a test moves it. */
export const NOW_MS = Date.parse("2026-11-20T14:30:00Z");

type Call = {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
};

export type Answer = (request: Request) => Response | Promise<Response>;

/** The venue gives each answer once, and the last one from then on. `calls` and `quotas` fill with what was sent and told. */
export function aBroker(
  answers: Answer | readonly Answer[],
  venue: Partial<typeof ALPACA_PAPER & { nowMs: () => number }> = {},
) {
  const calls: Call[] = [];
  const quotas: Quota[] = [];
  const prepared = [answers].flat();
  const broker = alpacaBroker({
    ...ALPACA_PAPER,
    nowMs: () => NOW_MS,
    ...venue,
    credentials: () => Promise.resolve({ keyId: KEY_ID, secretKey: SECRET_KEY }),
    fetch: async (request) => {
      const { method, url } = request;
      calls.push({ method, url, headers: Object.fromEntries(request.headers), body: await request.text() });
      const answer = prepared[Math.min(calls.length, prepared.length) - 1];
      if (answer === undefined) throw new Error("no answer was prepared");
      return answer(request);
    },
    onQuota: (quota) => void quotas.push(quota),
  });
  return { broker, calls, quotas };
}

export const json = (body: unknown, init?: ResponseInit) => () => new Response(JSON.stringify(body), init);
