// How a command line is refused: the fault in one line, the usage, exit code 2, and never a stack trace.

/** Prints the usage because it was asked for, and ends. */
export function showUsage(usage: string): never {
  console.log(usage);
  process.exit(0);
}

/** Says what is wrong with the command line, and ends. */
export function refuseUsage(usage: string, fault: unknown): never {
  console.error(`${fault instanceof Error ? fault.message : String(fault)}\n\n${usage}`);
  process.exit(2);
}

/** Ends with one line that says what to do next. */
export function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
