// Signs a webhook the way a sender does: from the documentation alone, with Node's own crypto and none of the gateway's code.
import { createHmac, randomUUID } from "node:crypto";

export type SignedRequest = { readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** The headers of a `v1` signature over the body as it is. */
export function sign(body: string, secret: string, now = new Date(), nonce: string = randomUUID()): SignedRequest {
  const timestamp = now.toISOString();
  const signature = createHmac("sha256", secret).update(`v1\n${timestamp}\n${nonce}\n${body}`).digest("hex");
  return {
    body,
    headers: {
      "Content-Type": "application/json",
      "X-Timestamp": timestamp,
      "X-Nonce": nonce,
      "X-Signature": `v1=${signature}`,
    },
  };
}
