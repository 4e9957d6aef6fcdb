// What the gateway's object cannot talk to: accounts, or the database.
import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { AccountObject } from "../../../src/account/account-object.ts";

/** What an account says in place of its own answer; the rest of it answers as ever. */
type Instead = Partial<Record<"stop" | "stops" | "configure", () => Promise<unknown>>>;

/** The object of the account is away. */
export const away = (): Promise<never> => Promise.reject(new Error("the object is away"));
/** It never answers. */
export const never = (): Promise<never> => new Promise(() => undefined);

const gateway = () => env.GATEWAY_DO.getByName("gateway");

const swap = (next: (before: Env) => object) =>
  runInDurableObject(gateway(), (object) => {
    const holder = object as unknown as { env: object };
    const before = holder.env;
    holder.env = next(before as Env);
    return before;
  });

/** Runs `work` while the gateway hears other things from these accounts, and changes it back. */
export async function withAccounts<T>(accounts: Readonly<Record<string, Instead>>, work: () => Promise<T>): Promise<T> {
  const stubOf = (real: DurableObjectStub<AccountObject>, instead: Instead) => ({
    stop: (...args: Parameters<AccountObject["stop"]>) => real.stop(...args),
    stops: () => real.stops(),
    configure: () => real.configure(),
    ...instead,
  });
  const getByName = (now: Env) => (name: string) => {
    const real = now.ACCOUNTS_DO.getByName(name);
    const instead = accounts[name];
    return instead === undefined ? real : stubOf(real, instead);
  };
  const before = await swap((now) => ({ ...now, ACCOUNTS_DO: { getByName: getByName(now) } }));
  try {
    return await work();
  } finally {
    await swap(() => before);
  }
}

/** Runs `work` while D1 answers the gateway so much later. */
export async function withSlowDatabase<T>(delayMs: number, work: () => Promise<T>): Promise<T> {
  const real = new WeakMap<object, D1PreparedStatement>();
  const late =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await scheduler.wait(delayMs);
      return call(...args);
    };
  const slowed = (statement: D1PreparedStatement): object => {
    const slow = {
      bind: (...values: unknown[]) => slowed(statement.bind(...values)),
      all: late(() => statement.all()),
      raw: late(() => statement.raw()),
      run: late(() => statement.run()),
      first: late(() => statement.first()),
    };
    real.set(slow, statement);
    return slow;
  };
  await swap((now) => ({
    ...now,
    DB: {
      prepare: (query: string) => slowed(now.DB.prepare(query)),
      batch: late((statements: object[]) => now.DB.batch(statements.flatMap((one) => real.get(one) ?? []))),
    },
  }));
  try {
    return await work();
  } finally {
    await evictDurableObject(gateway());
  }
}

/** Runs `work` while no question of the gateway's to D1 is ever answered; what still waits for an answer then is dropped. */
export async function withSilentDatabase<T>(work: () => Promise<T>): Promise<T> {
  const statement = { bind: () => statement, all: never, raw: never, run: never, first: never };
  await swap((now) => ({ ...now, DB: { prepare: () => statement, batch: never } }));
  try {
    return await work();
  } finally {
    await evictDurableObject(gateway());
  }
}

/** Runs `work` while the account does not say what is stopped there, whoever asks. */
export async function withSilentAccount<T>(account: string, work: () => Promise<T>): Promise<T> {
  const undo = await runInDurableObject(env.ACCOUNTS_DO.getByName(account), (object: AccountObject) => {
    // Only what the class has is answered to a call from outside.
    const kind = Object.getPrototypeOf(object) as AccountObject;
    const real = Object.getOwnPropertyDescriptor(kind, "stops") as TypedPropertyDescriptor<AccountObject["stops"]>;
    const answer = function answer(this: AccountObject) {
      return this === object ? (never() as never) : (real.value?.call(this) ?? []);
    };
    Object.defineProperty(kind, "stops", { ...real, value: answer });
    return () => void Object.defineProperty(kind, "stops", real);
  });
  try {
    return await work();
  } finally {
    undo();
  }
}
