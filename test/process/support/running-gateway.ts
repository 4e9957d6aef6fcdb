// A gateway as a process of its own, with throwaway state and secrets.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Order } from "../../../src/domain/order.ts";
import { type DevSecrets, ensureDevVars, readDevVars } from "../../../src/cli/dev-vars.ts";
import {
  type Gateway,
  type GatewayOptions,
  applyMigrations,
  sleep,
  startGateway,
} from "../../../src/cli/gateway-process.ts";
import { sign } from "../../../src/cli/sign.ts";
import { ensureAccount } from "../../../src/cli/starter-account.ts";

export type World = {
  readonly dir: string;
  readonly secrets: DevSecrets;
  /** With the account `paper` in it, which is made at the first start. */
  readonly start: (options?: Partial<GatewayOptions>) => Promise<Gateway>;
  readonly dispose: () => void;
};

/** State and secrets that outlive one process and not the test. */
export async function aWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "sallyport-test-"));
  const envFile = join(dir, "secrets.env");
  ensureDevVars(envFile);
  await applyMigrations(dir);
  const secrets = readDevVars(envFile);
  let hasAccount = false;
  return {
    dir,
    secrets,
    start: async (options) => {
      const gateway = await startGateway({ stateDir: dir, envFile, ...options });
      if (!hasAccount) await ensureAccount(gateway.url, secrets.apiKey);
      hasAccount = true;
      return gateway;
    },
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export async function post(
  gateway: Gateway,
  body: object,
  secrets: DevSecrets,
  headers: Record<string, string> = {},
): Promise<Response> {
  const signed = sign(JSON.stringify(body), secrets.hmacSecret);
  return fetch(`${gateway.url}/webhooks/default`, {
    method: "POST",
    body: signed.body,
    headers: { ...signed.headers, ...headers },
  });
}

export async function read<T>(gateway: Gateway, path: string, secrets: DevSecrets): Promise<T> {
  const response = await fetch(`${gateway.url}${path}`, { headers: { "X-API-Key": secrets.apiKey } });
  if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status}`);
  return (await response.json()) as T;
}

/** Looks until the order has the status, and returns it. */
export async function settled(
  gateway: Gateway,
  id: string,
  status: Order["status"],
  secrets: DevSecrets,
): Promise<Order> {
  for (const deadlineMs = Date.now() + 45_000; ; await sleep(100)) {
    const order = await read<Order>(gateway, `/v1/orders/${id}`, secrets);
    if (order.status === status) return order;
    if (Date.now() > deadlineMs) throw new Error(`still ${order.status} (${order.delivery})`);
  }
}
