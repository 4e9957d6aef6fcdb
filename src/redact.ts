// The last line of defence of the log: callers pass facts and never secrets, and this takes out of a line what looks like one
// all the same, or like the address of a person. A secret is known by its form or by the name in front of it, so one without
// either is not known. What an operator finds things by (ids, hashes, times, decimals) comes out as it went in.
//
// Every pattern is linear in the text: what may repeat is bounded, or begins only where no match of it is under way.

/** More than any fact has, and little enough that a line is read as one. */
const TEXT_CHARACTERS_MAX = 1_000;
/** A secret that begins before the cut is still seen whole, or enough of it to be known. */
const LOOK_AHEAD_CHARACTERS = 500;
/** Of all facts together, their names included. */
const LINE_CHARACTERS_MAX = 16_000;
const DEPTH_MAX = 8;

const CUT = "…";
const REDACTED = "[redacted]";

/** Whose value is a secret, whatever its form. What only names a secret, such as `secret_id`, is none of them. */
const SECRET_NAMES = [
  "(?:proxy-)?authorization",
  "(?:set-)?cookie",
  "(?:x[-_]|\\w{1,20}_)?api[-_]?key(?:_hmac_secret)?",
  "apca-api-(?:key-id|secret-key)",
  "cf-access-jwt-assertion",
  "(?:client[-_])?secret(?:[-_]key)?",
  "credentials(?:_encryption_keys)?",
  "(?:access[-_]|refresh[-_]|id[-_])?token",
  "(?:(?:x|webhook|svix)-)?signature",
  "pass(?:word|phrase)",
  "private[-_]key",
].join("|");

const IS_SECRET_NAME = new RegExp(`^(?:${SECRET_NAMES})$`, "i");

/** A value in quotes, which may be escaped, or one that ends where a header, a query or a list goes on. */
const GIVEN_VALUE = `(?:\\\\?"[^"]{0,1500}"?|'[^']{0,1500}'?|[^\\s"'&,;}]{1,1500})`;
const LOCAL_PART = "[\\p{L}\\p{N}._+'-]";

type Rule = (text: string) => string;

const replace =
  (pattern: RegExp, by: string): Rule =>
  (text) =>
    text.replaceAll(pattern, by);

/** Replaces a run, the last group of the pattern, where it looks drawn at random. */
const replaceRandom =
  (pattern: RegExp): Rule =>
  (text) =>
    text.replaceAll(pattern, (match, before: string, run: string) => (isRandom(run) ? before + REDACTED : match));

/** Of 40 random letters and digits about 17 are such, and fewer than 6 once in 100,000; of a UUID or a hash in hex none is. */
const CAPITAL_BESIDE_OTHER = /[A-Z](?=[a-z0-9])|[a-z0-9](?=[A-Z])/g;
/** A name of several words has one or two for each that begins with a capital. */
const CAPITALS_BESIDE_OTHERS_MIN = 6;

const isRandom = (run: string): boolean => (run.match(CAPITAL_BESIDE_OTHER)?.length ?? 0) >= CAPITALS_BESIDE_OTHERS_MIN;

/** In this order: what has a name or a place keeps it, and the rest goes by its looks. */
const RULES: readonly Rule[] = [
  // scheme://user:password@host
  replace(/(:\/\/)[^\s/?#@"']{1,500}@/g, `$1${REDACTED}@`),
  // The secret end of an unsigned source's address, also percent-encoded; a route's pattern has `:token` there.
  replace(/((?:\/|%2f)webhooks(?:\/|%2f)[^\s/?#%"']{1,64}(?:\/|%2f))(?!:)[^\s/?#"',\]]{1,1500}/gi, `$1${REDACTED}`),
  // The secret end of an approval link.
  replace(/((?:\/|%2f)approvals(?:\/|%2f)[^\s/?#%"']{1,80}(?:\/|%2f))(?!:)[^\s/?#"',\]]{1,1500}/gi, `$1${REDACTED}`),
  // Our API keys. The public id stays: it says which one to replace.
  replace(/(sp_(?:dev|staging|prod)_[0-9A-Za-z]{10})[0-9A-Za-z]{1,1500}/g, `$1${REDACTED}`),
  // Secrets of Standard Webhooks: symmetric ones, and the private half of a pair.
  replace(/(whs(?:ec|k)_)[\w+/-]{1,1500}={0,2}/g, `$1${REDACTED}`),
  // Signatures, in the house spelling and in that of Standard Webhooks.
  replace(/\b(v1a?[=,]|sha256=)[\w+/-]{16,1500}={0,2}/g, `$1${REDACTED}`),
  replace(/\b(bearer|basic) {1,5}[\w.~+/-]{8,1500}={0,2}/gi, `$1 ${REDACTED}`),
  // Headers that are secret up to the end of their line.
  replace(/\b(authorization|cookie): {0,3}[^\r\n"']{1,1500}/gi, `$1: ${REDACTED}`),
  // JSON Web Tokens: `eyJ` is how the base64 of `{"` begins.
  replace(/\beyJ[\w-]{8,1500}(?:\.[\w-]{0,1500}){0,4}/g, REDACTED),
  // Fernet tokens: version 0x80, then a time whose upper half is zero until the year 2106.
  replace(/\bgAAAAA[\w-]{10,1500}={0,2}/g, REDACTED),
  // Key-encryption keys: a version and 32 bytes in base64.
  replaceRandom(/\b(\d{1,5}:)([\w+/-]{40,1500}={0,2})/g),
  // Alpaca's key ids. An option's symbol (OCC: root, date, C or P, strike) is made of the same letters and digits.
  replace(/\b(?![A-Z]{1,6}\d{6}[CP]\d{8}\b)(?:PK|AK|CK)[A-Z0-9]{16,40}\b/g, REDACTED),
  replace(
    new RegExp(`(?<![\\w-])((?:${SECRET_NAMES})\\\\?["']?\\s{0,3}[=:]\\s{0,3})(?!\\[redacted)${GIVEN_VALUE}`, "gi"),
    `$1${REDACTED}`,
  ),
  // Whatever else is long and random: a broker's secret, a token without its address.
  replaceRandom(/(?<![\w-])()([\w-]{40,}={0,2})/g),
  replace(
    new RegExp(`(?<!${LOCAL_PART})${LOCAL_PART}+(?:@|%40)[\\p{L}\\p{N}.-]{1,250}\\.\\p{L}{2,24}`, "gu"),
    "[email]",
  ),
  // Phone numbers: with a plus sign (E.164), or grouped as in North America. Bare digits are a quantity, an id or a time.
  replace(/(?<![\w+.])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)/g, "[phone]"),
  replace(/(?<![\w.-])(?:\(\d{3}\) ?\d{3}[-.]\d{4}|\d{3}([-.])\d{3}\1\d{4})(?![\w-]|\.\d)/g, "[phone]"),
];

/** A text without what looks like a secret or like somebody's address, and cut where it is long. */
export function redactText(text: string, charactersMax = TEXT_CHARACTERS_MAX): string {
  const seen = text.slice(0, charactersMax + LOOK_AHEAD_CHARACTERS);
  const redacted = RULES.reduce((rest, rule) => rule(rest), seen);
  const isWhole = seen.length === text.length && redacted.length <= charactersMax;
  return isWhole ? redacted : redacted.slice(0, charactersMax) + CUT;
}

/** Facts as they may be logged: plain data, every text and every name redacted, bounded in size and depth. */
export function redact(facts: object): Record<string, unknown> {
  let left = LINE_CHARACTERS_MAX;

  const spend = (text: string): string => {
    const bounded = redactText(text, Math.min(TEXT_CHARACTERS_MAX, Math.max(0, left)));
    left -= bounded.length + 1;
    return bounded;
  };

  const redactValue = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return spend(value);
    if (typeof value === "bigint") return spend(String(value));
    if (typeof value !== "object" || value === null) {
      left -= 1;
      return value;
    }
    if (depth === DEPTH_MAX) return CUT;
    return Array.isArray(value) ? redactList(value, depth + 1) : redactFields(value, depth + 1);
  };

  const redactList = (list: readonly unknown[], depth: number): unknown[] => {
    const kept: unknown[] = [];
    for (const value of list) {
      if (left <= 0) return [...kept, CUT];
      kept.push(redactValue(value, depth));
    }
    return kept;
  };

  const redactFields = (fields: object, depth: number): Record<string, unknown> => {
    const kept: [name: string, value: unknown][] = [];
    for (const [name, value] of Object.entries(fields)) {
      if (left <= 0) return Object.fromEntries([...kept, [CUT, CUT]]);
      kept.push([spend(name), isSecret(name, value) ? REDACTED : redactValue(value, depth)]);
    }
    return Object.fromEntries(kept);
  };

  return redactFields(facts, 0);
}

const isSecret = (name: string, value: unknown): boolean =>
  value !== null && value !== undefined && IS_SECRET_NAME.test(name);
