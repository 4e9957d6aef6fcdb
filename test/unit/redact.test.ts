import { sha256 } from "@noble/hashes/sha2.js";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeBase64, encodeBase64Url } from "../../src/crypto/base64.ts";
import { encodeHex, encodeUtf8 } from "../../src/crypto/encoding.ts";
import { makeApiKey } from "../../src/domain/api-key.ts";
import { AccountId, orderIdOf, uuidv7 } from "../../src/domain/ids.ts";
import { describeError, log } from "../../src/log.ts";
import { redact, redactText } from "../../src/redact.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** As secrets are drawn: evenly, from one of 500 fixed seeds. fast-check by itself prefers texts that look less random. */
const bytes = (length: number) =>
  fc.integer({ min: 1, max: 500 }).map((seed) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) => sha256(encodeUtf8(`${seed} ${block}`)));
    return Uint8Array.from(blocks.flatMap((block) => [...block])).slice(0, length);
  });
const base62 = (length: number) =>
  bytes(length).map((random) => Array.from(random, (byte) => BASE62.charAt(byte % BASE62.length)).join(""));
const base32 = (length: number) => fc.stringMatching(new RegExp(`^[A-Z2-7]{${length}}$`));

/** A text in which a secret stands, and the part of it that must be gone. */
type Told = { readonly text: string; readonly secret: string };

const told = (secrets: fc.Arbitrary<string>, tell: (secret: string) => string = (secret) => secret) =>
  secrets.map((secret): Told => ({ text: tell(secret), secret }));

const SECRETS: Readonly<Record<string, fc.Arbitrary<Told>>> = {
  "an API key": bytes(1_000).map((random) => {
    let drawn = 0;
    const { key, id } = makeApiKey("production", (length) => random.slice(drawn, (drawn += length)));
    return { text: key, secret: key.slice(`sp_prod_${id}`.length) };
  }),
  "a signing secret": told(bytes(32).map(encodeBase64), (secret) => `whsec_${secret}`),
  "a house signature": told(bytes(32).map(encodeHex), (secret) => `v1=${secret}`),
  "a signature of the body": told(bytes(32).map(encodeHex), (secret) => `sha256=${secret}`),
  "a signature of Standard Webhooks": told(bytes(32).map(encodeBase64), (secret) => `v1,${secret}`),
  "a bearer token": told(base62(24), (secret) => `Bearer ${secret}`),
  "basic credentials": told(bytes(18).map(encodeBase64), (secret) => `Authorization: Basic ${secret}`),
  "a JSON Web Token": told(
    fc.tuple(bytes(30), bytes(64)).map(([claims, tag]) => `${encodeBase64Url(claims)}.${encodeBase64Url(tag)}`),
    (secret) => `eyJhbGciOiJSUzI1NiJ9.${secret}`,
  ),
  "a Fernet token": told(bytes(64).map(encodeBase64Url), (secret) => `gAAAAABp${secret}==`),
  "the token of an address": told(bytes(32).map(encodeBase64Url), (secret) => `/webhooks/tradingview/${secret}`),
  "a short token of an address": told(base62(6), (secret) => `https://gate.example/webhooks/tv/${secret}?a=1`),
  "the token of an address in a query": told(
    bytes(32).map(encodeBase64Url),
    (secret) => `%2Fwebhooks%2Ftv%2F${secret}`,
  ),
  "an encryption key": told(bytes(32).map(encodeBase64), (secret) => `2:${secret}`),
  "a key id of Alpaca's": told(base32(18), (secret) => `PK${secret}`),
  "a secret of Alpaca's": told(base62(40)),
  "a token without its address": told(bytes(32).map(encodeBase64Url)),
  "a password in a URL": told(base62(10), (secret) => `postgres://sallyport:${secret}@db.example/orders`),
  "a field in JSON": told(base62(10), (secret) => `{"secret_key":"${secret} and more"}`),
  "a field in JSON in JSON": told(base62(10), (secret) => String.raw`{\"apiKey\":\"${secret}\"}`),
  "a parameter": told(base62(10), (secret) => `?account=paper&token=${secret}&limit=1`),
  "a cookie": told(base62(10), (secret) => `Cookie: theme=dark; session=${secret}`),
  "a setting": told(base62(32), (secret) => `BOOTSTRAP_API_KEY="${secret}"`),
  "an e-mail address": told(base62(8), (secret) => `${secret}@mail.example.com`),
  "an e-mail address in a query": told(base62(8), (secret) => `owner=${secret}%40example.com`),
  "an e-mail address in another script": told(fc.constant("用户"), (secret) => `${secret}@例え.テスト`),
  "a phone number": told(fc.constant("4155552671"), (secret) => `+1${secret}`),
  "a phone number in groups": told(fc.constant("415) 555-2671"), (secret) => `+1 (${secret}`),
  "a phone number of North America": told(fc.constant("415-555-2671")),
};

const account = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/).map((text) => AccountId.parse(text));
const uuids = fc.tuple(fc.integer({ min: 0, max: 2 ** 47 }), bytes(10)).map(([nowMs, random]) => uuidv7(nowMs, random));

/** What an operator reads a log for. */
const FINDINGS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  decimals: fc.stringMatching(/^-?\d{1,15}(\.\d{1,9})?$/),
  times: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
  "times with an offset": fc.constantFrom("2026-01-15T14:30:00+01:00", "2026-01-15T14:30:00.123456789Z"),
  milliseconds: fc.integer({ min: 0, max: 4e12 }).map(String),
  UUIDs: fc.uuid(),
  "ids of orders": fc.tuple(account, uuids).map(([id, uuid]) => orderIdOf(id, uuid)),
  accounts: account,
  "ids of API keys": base62(10),
  "ids of secrets": bytes(8).map(encodeBase64Url),
  hashes: bytes(32).map(encodeHex),
  "symbols of options": fc.stringMatching(/^[A-Z]{1,6}\d{6}[CP]\d{8}$/),
  "pairs and stocks": fc.constantFrom("BTC/USD", "BRK.B", "AAPL", "ES_F"),
  "ids that people make": fc.constantFrom(
    "TradingView-0192f3a4-1c2b-7abc-8def-0123456789ab",
    "my-strategy_AAPL_2026-01-15_long-entry-0001",
    "Breakout.BTCUSD.2026-01-15T14:30.1",
    "order-20260115-143000-123456789",
  ),
  "patterns of routes": fc.constantFrom(
    "/webhooks/:source/:token",
    "/v1/orders/:id",
    "/v1/sources/:id/secrets/:secret",
  ),
  versions: fc.constantFrom("hono@4.13.19", "2.0.0", "127.0.0.1", "2001:db8::1"),
  errors: fc.constantFrom(
    "D1_ERROR: UNIQUE constraint failed: order_audit_log.chain, order_audit_log.seq: SQLITE_CONSTRAINT",
    "TypeError: Cannot read properties of undefined (reading 'signature')",
    "SyntaxError: Unexpected token '<', is not valid JSON",
    "account.configured: the API key in D1 is older than its limiter has been told",
  ),
};

const around = fc.stringMatching(/^[ -~]{0,60}$/);

afterEach(() => vi.restoreAllMocks());

describe("what must not be in a log", () => {
  it.each(Object.entries(SECRETS))("%s is taken out of any text it stands in", (_, secrets) => {
    fc.assert(
      fc.property(around, secrets, around, (before, { text, secret }, after) => {
        fc.pre(!`${before} ${after}`.includes(secret));
        expect(redactText(`${before} ${text} ${after}`)).not.toContain(secret);
      }),
    );
  });

  it.each(Object.entries(SECRETS))("%s is not left over in part where a long text is cut", (_, secrets) => {
    fc.assert(
      fc.property(secrets, fc.integer({ min: 900, max: 1_000 }), ({ text, secret }, length) => {
        const redacted = redactText(`${"- ".repeat(500).slice(0, length)} ${text}`);
        expect(redacted).not.toContain(secret.slice(0, 6));
        expect(redacted.length).toBeLessThanOrEqual(1_001);
      }),
    );
  });

  it("leaves its mark, with what tells whose it is", () => {
    const key = "sp_dev_AbCdEfGhIj0123456789012345678901234567890123456";
    expect(redactText(`refused ${key}`)).toBe("refused sp_dev_AbCdEfGhIj[redacted]");
    expect(redactText("POST /webhooks/tv/s3cr3t from jane@example.com")).toBe(
      "POST /webhooks/tv/[redacted] from [email]",
    );
    expect(redactText("call +44 20 7946 0958.")).toBe("call [phone].");
  });
});

describe("what a log is read for", () => {
  it.each(Object.entries(FINDINGS))("%s come out as they went in", (_, findings) => {
    fc.assert(
      fc.property(findings, (text) => {
        expect(redactText(text)).toBe(text);
        expect(redactText(`(${text}), then "${text}"`)).toBe(`(${text}), then "${text}"`);
      }),
    );
  });

  it("comes out of a whole line, numbers and nothing included", () => {
    const facts = {
      request_id: "0192f3a4-1c2b-4abc-8def-0123456789ab",
      account: "paper",
      order_id: "paper_0192f3a4-1c2b-7abc-8def-0123456789ab",
      retry_after_ms: 1_500.5,
      key_id: "AbCdEfGhIj",
      secret_id: "mfcyCaOQ_Ww",
      limits: { capacity: 10, ratePerSec: 0.5 },
      ok: false,
      code: null,
    };
    expect(redact(facts)).toEqual(facts);
  });
});

describe("facts", () => {
  it("lose what is secret by its name, whatever it is, and keep that there was none", () => {
    const facts = {
      secret: "hunter2",
      credentials: { key_id: "k" },
      "X-API-Key": ["a"],
      Authorization: "x",
      token: null,
    };
    expect(redact(facts)).toEqual({
      secret: "[redacted]",
      credentials: "[redacted]",
      "X-API-Key": "[redacted]",
      Authorization: "[redacted]",
      token: null,
    });
  });

  it("are redacted at every depth, in their names too", () => {
    expect(redact({ a: [{ b: { "jane@example.com": "whsec_abc" } }] })).toEqual({
      a: [{ b: { "[email]": "whsec_[redacted]" } }],
    });
  });

  it("become plain data, whatever they are", () => {
    const loop: Record<string, unknown> = { big: 12n, nothing: undefined };
    loop["again"] = loop;
    const line = JSON.stringify(redact(loop));
    expect(line.startsWith('{"big":"12","again":{"big"')).toBe(true);
    expect(line.endsWith(`"again":"…"${"}".repeat(9)}`)).toBe(true);
  });

  it("never make a line longer than a log takes", () => {
    const long = "x ".repeat(1_000_000);
    for (const facts of [
      { long },
      { list: Array.from({ length: 100_000 }, () => long) },
      Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`${index} ${long.slice(0, 50)}`, index])),
      { numbers: Array.from({ length: 100_000 }, (_, index) => index) },
    ]) {
      expect(JSON.stringify(redact(facts)).length).toBeLessThan(200_000);
    }
  });

  it("can be called like anything", () => {
    expect(JSON.stringify(redact(JSON.parse('{"__proto__":{"a":1},"constructor":2}') as object))).toBe(
      '{"__proto__":{"a":1},"constructor":2}',
    );
  });
});

describe("a text that is made to take long", () => {
  it.each([
    "a",
    "a@",
    "a.",
    "@a.",
    "a@a.",
    "eyJ",
    "eyJ-",
    "eyJaaaaaaaa.",
    "://",
    "://a",
    "/webhooks/",
    "/webhooks/a",
    "%2fwebhooks%2f",
    "sp_dev_",
    "sp_dev_aaaaaaaaaa",
    "whsec_",
    "v1=",
    "v1=a",
    "sha256=aaaaaaaaaaaaaaa",
    "Bearer ",
    "bearer aaaaaaa",
    "gAAAAA",
    "1:",
    "1:a",
    "PK",
    "AAPL260116C",
    "token",
    'token" ',
    "token=",
    'token="',
    "x_api_key",
    "Aa0",
    "+1",
    "+1 (",
    "+1(-",
    "415-",
    "(415) ",
    "authorization: ",
    "用@",
  ])("takes no longer for its size than others: %j again and again", (part) => {
    const charactersMax = 200_000;
    const text = part.repeat(Math.ceil(charactersMax / part.length)).slice(0, charactersMax);
    const startedMs = performance.now();
    redactText(text, charactersMax);
    // Some tens of milliseconds; a pattern that is quadratic takes minutes.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe("a line of the log", () => {
  it("is one line of JSON, and redacted", () => {
    const write = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    log("warn", "broker.call_failed", { detail: "Bearer abcdefghijkl\nsecond line", order_id: "paper_1" });
    expect(write.mock.calls).toEqual([
      ['{"level":"warn","event":"broker.call_failed","detail":"Bearer [redacted]\\nsecond line","order_id":"paper_1"}'],
    ]);
  });

  it("says of an error what it is, and of a failed query not with which parameters", () => {
    const cause = new Error("D1_ERROR: no such table: orders");
    const failed = new Error('Failed query: insert into "accounts" values (?)\nparams: hidden', { cause });
    expect(describeError(failed)).toBe("Error: D1_ERROR: no such table: orders");
    expect(describeError(new Error(failed.message))).not.toContain("hidden");
    expect(describeError("hidden")).toBe("string");
  });
});
