// Starts the venue's process and talks to it.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Answers, FromVenue, Question, VenueOptions } from "./books.ts";

const START_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 30_000;

export type VenueProcess = {
  readonly url: string;
  readonly ask: <Q extends Question>(question: Q) => Promise<Answers[Q["ask"]]>;
  /** Waits until the next order is on its way into the venue, at most so long; says whether there was one. */
  readonly nextPlacement: (timeoutMs: number) => Promise<boolean>;
  readonly stop: () => Promise<void>;
};

export async function startVenue(options: VenueOptions): Promise<VenueProcess> {
  const child = fork(join(import.meta.dirname, "venue.ts"), [JSON.stringify(options)], {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, (answer: Answers[Question["ask"]]) => void>();
  let onPlacement = (): void => undefined;
  let questions = 0;
  const listening = Promise.withResolvers<string>();
  child.on("message", (message: FromVenue) => {
    switch (message.say) {
      case "listening":
        listening.resolve(message.url);
        return;
      case "placing":
        onPlacement();
        return;
      case "answer":
        waiting.get(message.id)?.(message.answer);
        waiting.delete(message.id);
    }
  });
  child.on("exit", (code) => listening.reject(new Error(`the venue ended with ${code}`)));
  const url = await within(START_TIMEOUT_MS, "the venue did not start", listening.promise);

  return {
    url,
    ask: <Q extends Question>(question: Q) => {
      const id = ++questions;
      const answered = new Promise<Answers[Question["ask"]]>((resolve) => waiting.set(id, resolve));
      child.send({ id, question });
      return within(ANSWER_TIMEOUT_MS, `the venue did not answer ${question.ask}`, answered) as Promise<
        Answers[Q["ask"]]
      >;
    },
    nextPlacement: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), timeoutMs);
        onPlacement = () => {
          clearTimeout(timer);
          onPlacement = () => undefined;
          resolve(true);
        };
      }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function within<T>(ms: number, complaint: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(complaint)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
