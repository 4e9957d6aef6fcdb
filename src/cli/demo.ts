// npm run demo: the whole job in one go, against a real gateway process with throwaway state and secrets. Prints what
// happens and exits with 0 only if all of it held.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import { type AuditEntry, AuditEvent, checkLink, hashEvent } from "../domain/audit-entry.ts";
import { Order } from "../domain/order.ts";
import { type DevSecrets, ensureDevVars, readDevVars } from "./dev-vars.ts";
import { applyMigrations, isStopping, sleep, startGateway, stopWhenAsked } from "./gateway-process.ts";
import { type SignedRequest, sign } from "./sign.ts";
import { ensureAccount } from "./starter-account.ts";

const PATIENCE_MS = 15_000;

const stateDir = mkdtempSync(join(tmpdir(), "sallyport-demo-"));
process.on("exit", () => rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 }));
// Not 0: an interrupted demo has shown nothing.
stopWhenAsked(1);

let failures = 0;
try {
  await run();
} catch (thrown) {
  if (!isStopping()) throw thrown;
}
if (!isStopping()) {
  say(failures === 0 ? "\nAll of it held." : `\n${failures} of the checks above failed.`);
  process.exit(failures === 0 ? 0 : 1);
}

async function run(): Promise<void> {
  const envFile = join(stateDir, "secrets.env");
  ensureDevVars(envFile);
  const secrets = readDevVars(envFile);
  say("Starting a gateway with throwaway secrets and state …");
  await applyMigrations(stateDir);
  const gateway = await startGateway({ stateDir, envFile });
  try {
    await ensureAccount(gateway.url, secrets.apiKey);
    await demonstrate(gateway.url, secrets);
  } finally {
    await gateway.stop();
  }
}

async function demonstrate(url: string, secrets: DevSecrets): Promise<void> {
  const request = sign('{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}', secrets.hmacSecret);

  heading("1. A signed webhook goes in");
  say(`POST ${url}/webhooks/default`);
  for (const [name, value] of Object.entries(request.headers)) say(`${name}: ${value}`);
  say(`\n${request.body}`);

  const answer = await post(url, request);
  heading("2. The decision");
  check("the gateway recorded the order before it answered", answer.status === 202, `HTTP ${answer.status}`);
  const accepted = Order.parse(answer.body);
  for (const { rule, passed, input, limit } of accepted.verdicts) {
    say(`  ${passed ? "pass" : "FAIL"}  ${rule.padEnd(22)} ${input.padEnd(25)} limit ${limit ?? "not set"}`);
  }
  check("the policy approved it", accepted.status !== "denied", `order ${accepted.id}`);

  heading("3. The fill");
  const order = await waitFor(async () => {
    const current = Order.parse(await get(url, `/v1/orders/${accepted.id}`, secrets));
    return current.status === "filled" ? current : undefined;
  });
  const fill =
    order === undefined ? "not filled" : `${order.filled_quantity} ${order.symbol} at ${order.average_price}`;
  check("the paper venue filled it", order?.filled_quantity === "10", fill);

  heading("4. The audit trail");
  const entries = await waitFor(async () => {
    const page = (await get(url, "/v1/audit", secrets)) as { entries: AuditEntry[] };
    return page.entries.some((entry) => entry.event.includes('"type":"order.filled"')) ? page.entries : undefined;
  });
  for (const entry of entries ?? []) {
    const { time, type, actor, result } = AuditEvent.parse(JSON.parse(entry.event));
    say(
      `  ${String(entry.seq).padStart(2)}  ${time}  ${type.padEnd(18)} by ${actor.kind.padEnd(8)} ${result.code.padEnd(12)} ${entry.hash.slice(0, 12)}…`,
    );
  }
  const broken = findBrokenLink(entries ?? []);
  check(
    "every entry follows the one before it",
    entries !== undefined && broken === undefined,
    broken ?? "chain verified",
  );
  const changed = (entries ?? []).map((entry, at) =>
    at === 1 ? { ...entry, event: entry.event.replace("AAPL", "MSFT") } : entry,
  );
  check(
    "one changed word breaks the chain",
    findBrokenLink(changed) !== undefined,
    findBrokenLink(changed) ?? "not noticed",
  );

  heading("5. The same request again, and a changed one");
  const again = await post(url, request);
  check("the same request is refused", again.status === 409, describe(again));
  const tampered = await post(url, { ...request, body: request.body.replace("10", "99") });
  check("a changed body is refused", tampered.status === 401, describe(tampered));
  const fresh = sign(request.body, secrets.hmacSecret);
  const renumbered = { ...request, headers: { ...request.headers, "X-Nonce": fresh.headers["X-Nonce"] ?? "" } };
  const reused = await post(url, renumbered);
  check("the old signature under a new nonce is refused", reused.status === 401, describe(reused));
  const { orders } = (await get(url, "/v1/orders", secrets)) as { orders: unknown[] };
  check("one order came of it all", orders.length === 1, `${orders.length} order(s)`);
}

function findBrokenLink(entries: readonly AuditEntry[]): string | undefined {
  const hash = (event: string): string => hashEvent(event, encodeUtf8, sha256Hex);
  for (const [at, entry] of entries.entries()) {
    const broken = checkLink(entries[at - 1], entry, hash);
    if (broken !== undefined) return `entry ${broken.seq}: ${broken.reason}`;
  }
  return undefined;
}

async function post(url: string, request: SignedRequest): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/webhooks/default`, {
    method: "POST",
    body: request.body,
    headers: request.headers,
  });
  return { status: response.status, body: await response.json() };
}

async function get(url: string, path: string, secrets: DevSecrets): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { headers: { "X-API-Key": secrets.apiKey } });
  return response.json();
}

async function waitFor<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const deadlineMs = Date.now() + PATIENCE_MS; Date.now() < deadlineMs; await sleep(100)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  return undefined;
}

function describe(answer: { status: number; body: unknown }): string {
  const code =
    typeof answer.body === "object" && answer.body !== null && "code" in answer.body ? answer.body.code : "?";
  return `HTTP ${answer.status} ${String(code)}`;
}

function check(claim: string, held: boolean, evidence: string): void {
  if (!held) failures += 1;
  say(`${held ? "✓" : "✗"} ${claim} (${evidence})`);
}

function heading(text: string): void {
  say(`\n── ${text} ${"─".repeat(Math.max(0, 70 - text.length))}\n`);
}

function say(text: string): void {
  console.log(text);
}
