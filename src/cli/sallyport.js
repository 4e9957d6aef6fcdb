#!/usr/bin/env node
// npx sallyport: runs main.ts on the Node that the project brings. Plain JavaScript without anything new in it, because
// what reads this file is whatever Node the machine has, from 18 on, and that one may not know TypeScript.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const NODE = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
const THIS = fileURLToPath(import.meta.url);
/** Compiling takes half of the time that a command does. Within the project, where nobody else writes. */
const COMPILED = fileURLToPath(new URL("../../node_modules/.cache/sallyport", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

// A link to another folder may be in the way, and the Node that runs knows itself by where it really is.
if (existsSync(NODE) && process.execPath === realpathSync(NODE)) {
  // npx and npm scripts put the project's own Node first on the PATH.
  module.enableCompileCache(COMPILED);
  await import("./main.ts");
} else if (existsSync(NODE)) {
  runOn(NODE, [THIS, ...process.argv.slice(2)]);
} else {
  console.error(
    "sallyport: the project's own Node is not installed. Run npm ci in the project, with install scripts on.",
  );
  process.exitCode = 1;
}

/** Becomes that program, as nearly as a parent can: same terminal, same signals, same end. */
function runOn(node, args) {
  const child = spawn(node, args, { stdio: "inherit" });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`sallyport: ${NODE} does not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
    } else {
      // To end by the same signal is how a shell learns that Ctrl+C was meant for the whole script.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
