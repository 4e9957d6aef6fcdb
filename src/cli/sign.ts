// Signs a webhook the way a sender does: from the documentation alone, with Node's own crypto and none of the gateway's code.
import { createHmac, randomUUID } from "node:crypto";

/** A body, and the headers that prove it. */
export type SignedRequest<Body = string> = { readonly body: Body; readonly headers: Readonly<Record<string, string>> };

/** The headers of a `v1` signature over the body as it is. The key is the text of the secret. */
export function sign<Body extends string | Uint8Array>(
  body: Body,
  secret: string,
  now = new Date(),
  nonce: string = randomUUID(),
): SignedRequest<Body> {
  const timestamp = now.toISOString();
  const signature = createHmac("sha256", secret).update(`v1\n${timestamp}\n${nonce}\n`).update(body).digest("hex");
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

/** The headers of Standard Webhooks 1.0.0. The key is what the base64 after `whsec_` stands for. */
export function signStandardWebhook<Body extends string | Uint8Array>(
  body: Body,
  secret: string,
  now = new Date(),
  id = `msg_${randomUUID()}`,
): SignedRequest<Body> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return {
    body,
    headers: {
      "Content-Type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
  };
}
