// What is wrong with a header that the gateway cannot read: the mistakes that senders make, each told by its look.
import { SIGNATURES_MAX } from "../domain/signature.ts";

/** What a value looks like, and what to say of it. The first that fits is said. */
type Mistake = { readonly looks: RegExp; readonly says: string | ((value: string) => string) };

const TIMESTAMP_FORM = "is like 2026-01-15T14:30:00Z";
const SIGNATURE_FORM = "is v1= and 64 lower-case hex digits";
const STANDARD_FORM = "is v1, and the base64 of 32 bytes";

const MISTAKES: Readonly<Record<string, readonly Mistake[]>> = {
  "x-signature": [
    { looks: new RegExp(`^([^,]*,){${SIGNATURES_MAX}}`), says: `holds more than ${SIGNATURES_MAX} signatures` },
    { looks: /^[0-9a-f]{64}$/i, says: "has no scheme in front of the digits: v1=" },
    {
      looks: /^v1,/,
      says: "has the form of Standard Webhooks, whose headers are webhook-id, -timestamp and -signature",
    },
    { looks: /^(?:v1|sha256)=[0-9a-f]*[A-F][0-9a-fA-F]*$/, says: "has upper-case hex digits; it takes lower case" },
    { looks: /^(?:v1|sha256)=[0-9a-f]*$/, says: "has too few hex digits, or too many: it takes 64" },
    { looks: /^(?:v1|sha256)=[A-Za-z0-9+/_-]{43}=?$/, says: "is in base64; it takes 64 lower-case hex digits" },
    { looks: /^["']/, says: "has quotes around it" },
    { looks: /^\w+=/, says: `has a scheme that is not read here; it ${SIGNATURE_FORM}` },
    { looks: /(?:)/, says: SIGNATURE_FORM },
  ],
  "x-timestamp": [
    { looks: /^\d{10}$/, says: (text) => `is in Unix seconds; it takes ${isoOf(Number(text) * 1000)}` },
    { looks: /^\d{13}$/, says: (text) => `is in Unix milliseconds; it takes ${isoOf(Number(text))}` },
    { looks: /T.*[+-]\d\d:?\d\d$/, says: (text) => `has a time zone; in UTC it is ${isoOf(Date.parse(text))}` },
    { looks: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/, says: "names a moment that does not exist" },
    { looks: /^\d{4}-\d\d-\d\d[T ][\d:.]+$/, says: "does not say that it is in UTC: it ends in Z" },
    { looks: /(?:)/, says: TIMESTAMP_FORM },
  ],
  "x-nonce": [
    { looks: /^[0-9a-f]{32}$/i, says: "is without its hyphens" },
    {
      looks: /^[0-9a-f]{8}-[0-9a-f]{4}-[^4][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
      says: (text) => `is a UUID of version ${text.charAt(14)}; it takes version 4`,
    },
    { looks: /(?:)/, says: "is a UUID of version 4, fresh for every request" },
  ],
  signature: [
    { looks: /^([^ ]* ){4}/, says: `holds more than ${SIGNATURES_MAX} signatures` },
    { looks: /,.*,/, says: "has more than one comma; several signatures are separated by a space" },
    { looks: /^v1=/, says: "has an equals sign after v1; it takes a comma" },
    { looks: /^v1,[0-9a-fA-F]{64}$/, says: "is in hex; it takes base64" },
    { looks: /(?:)/, says: STANDARD_FORM },
  ],
  timestamp: [
    { looks: /^\d{13}$/, says: "is in milliseconds; it takes Unix seconds" },
    { looks: /^\d{4}-/, says: (text) => `is a date; it takes Unix seconds: ${secondsOf(Date.parse(text))}` },
    { looks: /(?:)/, says: "is in Unix seconds, ten digits" },
  ],
  id: [{ looks: /(?:)/, says: "is 1 to 128 of A-Z, a-z, 0-9, _ and -" }],
};

/** What to say after the name of a header that cannot be read. */
export function explainHeader(name: string, value: string): string {
  const lower = name.toLowerCase();
  const mistakes = MISTAKES[lower] ?? MISTAKES[lower.replace(/^.*-/, "")] ?? [];
  const mistake = mistakes.find(({ looks }) => looks.test(value));
  if (mistake === undefined) return "cannot be read";
  return typeof mistake.says === "string" ? mistake.says : mistake.says(value);
}

const isoOf = (ms: number): string => (Number.isNaN(ms) ? "a moment that exists" : new Date(ms).toISOString());
const secondsOf = (ms: number): string => (Number.isNaN(ms) ? "ten digits" : String(Math.floor(ms / 1000)));
