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

export type World = {
  readonly dir: string;
  readonly secrets: DevSecrets;
  readonly start: (options?: Partial<GatewayOptions>) => Promise<Gateway>;
  readonly dispose: () => void;
};

/** State and secrets that outlive one process and not the test. */
export async function aWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "sallyport-test-"));
  const envFile = join(dir, "secrets.env");
  ensureDevVars(envFile);
  await applyMigrations(dir);
  return {
    dir,
    secrets: readDevVars(envFile),
    start: (options) => startGateway({ stateDir: dir, envFile, ...options }),
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
