// How a command ends without having done its work. Its message is all there is to print.

/** What the shell learns. */
export const EXIT = {
  done: 0,
  /** The gateway refused, or something failed. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** Nothing answers at the gateway's address, or something else does. */
  unreachable: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a program reads: a code to branch on, and whatever else is known. The gateway's own problem, where it gave one. */
export type FailureDocument = { readonly code: string; readonly detail: string; readonly [more: string]: unknown };

/** Thrown by whatever a command asks for in vain, and caught in one place, `command-line.ts`. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly document: FailureDocument;

  constructor(message: string, options: { exitCode?: ExitCode; document?: FailureDocument; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.document = options.document ?? { code: "failed", detail: message };
  }
}

/** The same failure, and below its message what to do about it. */
export const withAdvice = (failure: Failure, advice: readonly string[]): Failure =>
  new Failure([failure.message, ...advice].join("\n\n"), {
    exitCode: failure.exitCode,
    document: failure.document,
    cause: failure,
  });

/** The command line makes no sense; the usage is printed below the message. */
export class UsageFault extends Failure {
  constructor(message: string) {
    super(message, { exitCode: EXIT.usage, document: { code: "usage", detail: message } });
  }
}
