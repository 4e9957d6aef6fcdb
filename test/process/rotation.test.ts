// Every secret that can be rotated, rotated as docs/operating.md says, while senders go on as if nothing happened.
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { settingIn } from "../../src/cli/dev-vars.ts";
import { type Gateway, sleep } from "../../src/cli/gateway-process.ts";
import { KEY_BYTES, toEncryptionKey, toHmacSecret } from "../../src/cli/keys.ts";
import { type PaperVenue, startPaperVenue } from "../../src/cli/paper-venue.ts";
import { sign } from "../../src/cli/sign.ts";
import { ensureAccount } from "../../src/cli/starter-account.ts";
import type { ApiKey } from "../../src/domain/access.ts";
import type { Order } from "../../src/domain/order.ts";
import type { Source } from "../../src/domain/source.ts";
import { NO_LIMITS } from "../support/no-limits.ts";
import { type World, aWorld } from "./support/running-gateway.ts";
import { type Load, startLoad } from "./support/steady-load.ts";

/** At a venue that wants a key, so that every order needs the vault. */
const ACCOUNT = "sealed";
const SOURCE = "momentum";
const VENUE_KEY = { keyId: "rotation-key", secretKey: "rotation-secret" };
/** As many as come: how many that may be is another test's business. */
const VARS = { RATE_LIMIT_RPS: "1000" };
const PATIENCE_MS = 90_000;

type MadeKey = { readonly key: string; readonly api_key: ApiKey };
type MadeSource = { readonly source: Source; readonly secret: { readonly id: string; readonly secret: string } };

describe("under load, not one valid request is refused while an operator rotates", { timeout: 180_000 }, () => {
  let world: World;
  let venue: PaperVenue;
  let gateway: Gateway;
  let load: Load;
  let firstSource: MadeSource;
  let firstKey: MadeKey;

  beforeAll(async () => {
    world = await aWorld();
    venue = await startPaperVenue({ credentials: VENUE_KEY, cash: "10000000" });
    gateway = await world.start({ vars: VARS });
    await makeAccount();
    firstSource = await operate("POST", "/v1/sources", { id: SOURCE, kind: "signed", account: ACCOUNT });
    firstKey = await makeKey();
    load = startLoad({
      url: gateway.url,
      account: ACCOUNT,
      source: SOURCE,
      proofs: {
        defaultSecret: world.secrets.hmacSecret,
        sourceSecret: firstSource.secret.secret,
        apiKey: firstKey.key,
      },
    });
    await load.goOn();
  }, 120_000);

  afterAll(async () => {
    await load.stop();
    await gateway.stop();
    await venue.close();
    world.dispose();
  });

  it("API_KEY_HMAC_SECRET", async () => {
    const first = secret("API_KEY_HMAC_SECRET");
    const second = toHmacSecret(randomBytes(KEY_BYTES));
    await restartWith("API_KEY_HMAC_SECRET", `${first},${second}`);
    await load.goOn();
    await load.use({ defaultSecret: second });
    await load.goOn();
    await restartWith("API_KEY_HMAC_SECRET", second);
    await load.goOn();
    expect(load.refused).toEqual([]);
    expect(await statusOfSignal("default", first)).toBe(401);
  });

  it("CREDENTIALS_ENCRYPTION_KEYS", async () => {
    type Rewrapped = { readonly left: number; readonly closed: readonly string[] };
    type Vault = { readonly versions: readonly { readonly version: number; readonly rows: number }[] };
    const first = secret("CREDENTIALS_ENCRYPTION_KEYS");
    const second = toEncryptionKey(2, randomBytes(KEY_BYTES));
    await restartWith("CREDENTIALS_ENCRYPTION_KEYS", `${second},${first}`);
    await load.goOn();
    for (let left = Infinity; left > 0;) {
      const rewrapped = await operate<Rewrapped>("POST", "/v1/vault/rewrap");
      expect(rewrapped.closed).toEqual([]);
      ({ left } = rewrapped);
    }
    const { versions } = await operate<Vault>("GET", "/v1/vault");
    expect(versions.find(({ version }) => version === 1)).toMatchObject({ rows: 0 });
    expect(versions.find(({ version }) => version === 2)?.rows).toBeGreaterThanOrEqual(2);
    await load.goOn();
    await restartWith("CREDENTIALS_ENCRYPTION_KEYS", second);
    await load.goOn();
    expect(load.refused).toEqual([]);
  });

  it("a source's secret", async () => {
    const { undecided } = load.counts();
    const second = await operate<MadeSource>("POST", `/v1/sources/${SOURCE}/secrets`, { overlap_hours: 1 });
    await load.goOn();
    await load.use({ sourceSecret: second.secret.secret });
    await load.goOn();
    await operate("DELETE", `/v1/sources/${SOURCE}/secrets/${firstSource.secret.id}`);
    await load.goOn();
    expect(load.refused).toEqual([]);
    // The process went on, and decided about every request.
    expect(load.counts().undecided).toBe(undecided);
    expect(await statusOfSignal(SOURCE, firstSource.secret.secret)).toBe(401);
  });

  it("an API key", async () => {
    const { undecided } = load.counts();
    const second = await makeKey();
    await load.goOn();
    await load.use({ apiKey: second.key });
    await load.goOn();
    await operate("DELETE", `/v1/api-keys/${firstKey.api_key.id}`);
    await load.goOn();
    expect(load.refused).toEqual([]);
    expect(load.counts().undecided).toBe(undecided);
    const withFirst = await fetch(`${gateway.url}/v1/orders`, { headers: { "X-API-Key": firstKey.key } });
    expect(withFirst.status).toBe(401);
  });

  it("and every order of all that time is filled, once", async () => {
    await load.stop();
    process.stderr.write(`rotation: answered ${JSON.stringify(load.counts())}, refused ${load.refused.length}\n`);
    expect(load.refused).toEqual([]);
    const orders = await allAtRest();
    expect(orders.map((order) => order.client_order_id).toSorted()).toEqual([...load.ordered].toSorted());
    expect(orders.filter(({ status, filled_quantity: filled }) => status !== "filled" || filled !== "1")).toEqual([]);
    // The venue counts for itself.
    const headers = { "APCA-API-KEY-ID": VENUE_KEY.keyId, "APCA-API-SECRET-KEY": VENUE_KEY.secretKey };
    const position = await fetch(`${venue.url}/v2/positions/AAPL`, { headers });
    expect(await position.json()).toMatchObject({ qty: String(load.ordered.size) });
  });

  async function operate<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T> {
    const response = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { "X-API-Key": world.secrets.apiKey, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The account, once the broker has told what it holds: before that it approves nothing. */
  async function makeAccount(): Promise<void> {
    await ensureAccount(gateway.url, world.secrets.apiKey, {
      id: ACCOUNT,
      connection: { broker: "paper_process", url: venue.url, requests_per_min: 600_000 },
      credentials: { key_id: VENUE_KEY.keyId, secret_key: VENUE_KEY.secretKey },
      policy: {
        ...NO_LIMITS,
        symbols: ["AAPL"],
        max_quantity: "100",
        max_notional: "25000",
        max_position: "1000000",
        reference_price_max_age_sec: 900,
      },
    });
    const portfolio = () => operate<{ as_of: string | null }>("GET", `/v1/portfolio?account=${ACCOUNT}`);
    while ((await portfolio()).as_of === null) await sleep(100);
  }

  const makeKey = () =>
    operate<MadeKey>("POST", "/v1/api-keys", { owner: "desk", scopes: ["orders:read", "orders:write"] });

  const secretsFile = () => join(world.dir, "secrets.env");

  function secret(name: string): string {
    const value = settingIn(readFileSync(secretsFile(), "utf8"), name);
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  }

  /** As an operator does it: the file, then the process. Nothing listens meanwhile. */
  async function restartWith(name: string, value: string): Promise<void> {
    const text = readFileSync(secretsFile(), "utf8");
    writeFileSync(
      secretsFile(),
      text.replace(new RegExp(`^${name}=.*$`, "m"), () => `${name}="${value}"`),
    );
    await gateway.stop();
    gateway = await world.start({ vars: VARS, port: Number(new URL(gateway.url).port) });
  }

  /** What becomes of a signal that is signed with this. It orders nothing that would be allowed. */
  async function statusOfSignal(source: string, secretOfOld: string): Promise<number> {
    const body = { account: ACCOUNT, symbol: "NOPE", side: "buy", type: "market", quantity: "1" };
    const signed = sign(JSON.stringify(body), secretOfOld);
    return (await fetch(`${gateway.url}/webhooks/${source}`, { method: "POST", ...signed })).status;
  }

  /** All orders of the account, when none of them moves any more. */
  async function allAtRest(): Promise<Order[]> {
    for (const deadlineMs = Date.now() + PATIENCE_MS; ; await sleep(250)) {
      const orders: Order[] = [];
      for (let cursor: string | null = ""; cursor !== null;) {
        type Page = { readonly orders: readonly Order[]; readonly next_cursor: string | null };
        const from = cursor === "" ? "" : `&cursor=${cursor}`;
        const page: Page = await operate("GET", `/v1/orders?account=${ACCOUNT}&limit=200${from}`);
        orders.push(...page.orders);
        cursor = page.next_cursor;
      }
      const isAtRest = orders.every(({ status }) => ["filled", "denied", "rejected", "canceled"].includes(status));
      if (isAtRest || Date.now() > deadlineMs) return orders;
    }
  }
});
