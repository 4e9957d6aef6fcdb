import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockState } from "../../src/cli/state-lock.ts";
import { aWorld } from "./support/running-gateway.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-lock-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const lockFile = (): string => join(dir, "gateway.pid");

describe("the lock on a state directory", () => {
  it("is refused while a process that lives has it, and free once released", () => {
    const lock = lockState(dir);
    expect(() => lockState(dir)).toThrow(`pid ${process.pid}`);
    lock.release();
    expect(existsSync(lockFile())).toBe(false);
    lockState(dir).release();
  });

  // Only Linux tells a killed process from a living one while nobody has waited for it.
  it.runIf(existsSync("/proc/self/stat"))(
    "counts for nothing when its process was killed and not yet waited for",
    async () => {
      // The child ends after the shell has become a program that waits for nobody.
      const parent = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "ignore"] });
      try {
        const [output] = (await once(parent.stdout, "data")) as [Buffer];
        const zombie = Number(String(output));
        for (let tries = 0; tries < 500 && !/\) Z/.test(readFileSync(`/proc/${zombie}/stat`, "utf8")); tries++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        writeFileSync(lockFile(), `${zombie}\n`);
        lockState(dir).release();
        expect(existsSync(lockFile())).toBe(false);
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );
});

describe("the process that the lock names", () => {
  it("ends the gateway when it is told to", { timeout: 60_000 }, async () => {
    const world = await aWorld();
    const gateway = await world.start();
    const ended = once(gateway.process, "exit");
    process.kill(Number(readFileSync(join(world.dir, "gateway.pid"), "utf8")), "SIGTERM");
    await ended;
    await expect(fetch(gateway.url)).rejects.toThrow("fetch failed");
    world.dispose();
  });
});
