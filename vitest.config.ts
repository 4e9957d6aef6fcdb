import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const migrations = await readD1Migrations("./migrations");

/** Secrets that are long enough, and plainly nobody's. The accounts are made by test/support/seed-accounts.ts. */
const testSettings = {
  API_KEY_HMAC_SECRET: "test-only-hmac-secret-old-0123456789,test-only-hmac-secret-new-0123456789",
  BOOTSTRAP_API_KEY: "test-only-bootstrap-api-key-0123456789",
  CREDENTIALS_ENCRYPTION_KEYS: `1:${btoa("test-only-key-encryption-key-0-1")}`,
  // Roomy enough for a file of tests, small enough to run into.
  RATE_LIMIT_RPS: "40",
};

const CHAOS = "test/process/chaos.test.ts";

export default defineConfig({
  test: {
    // What a test prints is shown when it fails.
    silent: "passed-only",
    maxWorkers: "100%",
    projects: [
      {
        // Pure code, in plain Node, in milliseconds.
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          environment: "node",
          // A property takes a second or two, and several times that on a machine that does something else.
          testTimeout: 20_000,
        },
      },
      {
        // Everything that meets a binding, in workerd with real D1 and Durable Objects.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { ...testSettings, TEST_MIGRATIONS: migrations } },
          }),
        ],
        test: {
          name: "worker",
          sequence: { groupOrder: 1 },
          // They wait more than they work.
          maxWorkers: 4,
          include: ["test/worker/**/*.test.ts"],
          testTimeout: 15_000,
          setupFiles: ["test/support/apply-migrations.ts", "test/support/seed-accounts.ts"],
        },
      },
      {
        // Whole processes: a running `wrangler dev`, real sockets, SIGKILL.
        test: {
          name: "process",
          include: ["test/process/**/*.test.ts"],
          exclude: [CHAOS],
          environment: "node",
          // After the others, which would keep these waiting.
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // By itself at the end: beside others the gateway is too slow for the venue, and most orders are denied and prove nothing.
        test: { name: "chaos", include: [CHAOS], environment: "node", sequence: { groupOrder: 3 } },
      },
    ],
  },
});
