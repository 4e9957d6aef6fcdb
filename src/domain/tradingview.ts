// What can be known of who sends an alert: TradingView cannot sign, but it calls from few addresses and shows a certificate.
import type { Origin } from "./origin.ts";

/** Published by TradingView (support article 43000529348). Every user of TradingView calls from these. */
const ADDRESSES: ReadonlySet<string> = new Set(["52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7"]);

/** What Cloudflare says of a client certificate, where mutual TLS is on for the host. */
export type ClientCertificate = {
  /** Whether it was shown, chains up to an authority that the host trusts, and is not revoked. */
  readonly isVerified: boolean;
  /** SHA-256 of it, in lower-case hex. */
  readonly fingerprint: string;
};

/** How well a request proves where it comes from, once its token is right. */
export function originOf(evidence: {
  readonly clientIp: string | null;
  readonly certificate: ClientCertificate | null;
  /** Certificates that are known to be TradingView's. */
  readonly fingerprints: readonly string[];
}): Exclude<Origin, "hmac"> {
  const { clientIp, certificate, fingerprints } = evidence;
  if (clientIp === null || !ADDRESSES.has(clientIp)) return "url_token";
  const isPinned = certificate?.isVerified === true && fingerprints.includes(certificate.fingerprint);
  return isPinned ? "certificate" : "ip";
}
