// What a client gets to read when something between it and the venue is broken.
import type { Random } from "./random.ts";

export const errorOf = (status: number): Response => Response.json({ message: "something broke" }, { status });

export const tooManyRequests = (): Response =>
  Response.json({ message: "too many requests" }, { status: 429, headers: { "Retry-After": "1" } });

/** A success nobody can read: a proxy's page, an answer cut short, an object that is no order, another order. */
export async function garble(answer: Response, random: Random): Promise<Response> {
  if (!answer.ok) return answer;
  const text = await answer.text();
  const garbled = random.pick([
    "<html>OK</html>",
    text.slice(0, Math.floor(text.length / 2)),
    "{}",
    text.replace(/"client_order_id":"[^"]*"/, '"client_order_id":"somebody-elses"'),
  ]);
  return new Response(garbled, { status: 200, headers: { "Content-Type": "application/json" } });
}
