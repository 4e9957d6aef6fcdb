// One process at a time on a state directory: two gateways over the same SQLite files corrupt each other's work.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "./gateway-error.ts";

export type StateLock = {
  /** Names the process that works on the state from now on. */
  readonly handTo: (pid: number) => void;
  readonly release: () => void;
};

/** Takes the lock, or throws a GatewayError that names who has it. A lock whose process is gone counts for nothing. */
export function lockState(stateDir: string): StateLock {
  mkdirSync(stateDir, { recursive: true });
  const path = join(stateDir, "gateway.pid");
  if (!take(path)) {
    const holder = readHolder(path);
    if (holder !== undefined && isAlive(holder)) {
      throw new GatewayError(
        `Another gateway (pid ${holder}) uses ${stateDir}. Stop it first; if that is no gateway, delete ${path}`,
      );
    }
    rmSync(path, { force: true });
    if (!take(path)) throw new GatewayError(`Another gateway has just taken ${stateDir}. Stop it first.`);
  }
  return {
    handTo: (pid) => {
      writeFileSync(draftOf(path), `${pid}\n`);
      renameSync(draftOf(path), path);
    },
    release: () => rmSync(path, { force: true }),
  };
}

/** A link appears with its content or not at all, so nobody reads a lock that is still empty. */
function take(path: string): boolean {
  writeFileSync(draftOf(path), `${process.pid}\n`);
  try {
    linkSync(draftOf(path), path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST") return false;
    throw thrown;
  } finally {
    rmSync(draftOf(path), { force: true });
  }
}

const draftOf = (path: string): string => `${path}.${process.pid}`;

function readHolder(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    // Released between the attempt to take it and now.
    return undefined;
  }
}

/** A killed process that nobody waits for keeps its pid, above all in a container; only Linux says so, in /proc. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return /^ [ZX]/.test(status.slice(status.lastIndexOf(")") + 1));
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (thrown) {
    // EPERM: it exists, and belongs to somebody else.
    return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
  }
}
