// What sallyport.js runs: the command line, tied to this process.
import { runCommandLine } from "./command-line.ts";

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  isTerminal: process.stdout.isTTY,
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
});
