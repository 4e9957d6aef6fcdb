// Runs a Node program in a process group of its own, and takes the whole group along when whoever started it is gone, be it
// by SIGKILL: a gateway that nobody sees any more would keep the port and the state.
import { spawn } from "node:child_process";

const PARENT_POLL_MS = 300;

const parent = process.ppid;
const child = spawn(process.execPath, process.argv.slice(2), { stdio: "inherit" });
child.on("exit", (code) => process.exit(code ?? 1));

// A signal to the group reaches the program as well, and this process waits for how it ends. The state's lock names this
// process, so SIGTERM to it alone has to end the program too.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));

setInterval(() => {
  if (process.ppid !== parent) process.kill(-process.pid, "SIGKILL");
}, PARENT_POLL_MS);
