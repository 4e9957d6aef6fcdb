// What sallyport.js runs: the command line, tied to this process.
import { runCommandLine } from "./command-line.ts";
import { EXIT } from "./failure.ts";

/** What a shell reports of a program that SIGPIPE has ended, 128 and the signal's number. Node ignores the signal itself. */
const EXIT_SIGPIPE = 141;

// A result that nobody can read is none, above all a secret that is shown once; the hint on stderr says what was made. To a
// reader that has seen enough, such as head, there is nothing to say.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_SIGPIPE);
  process.stderr.write(`\nThe result could not be written to stdout: ${error.message}\n`);
  process.exit(EXIT.failed);
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  isTerminal: process.stdout.isTTY,
  isWatched: process.stderr.isTTY,
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
});
