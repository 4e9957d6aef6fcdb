// One address or one API key: how often it may ask, how often it failed, and which revision of the key still holds. The class
// wires memory, disk and clock together; what is decided is in memory.ts and in domain/.
import { DurableObject } from "cloudflare:workers";
import { describeError, log } from "../log.ts";
import { openDatabase } from "../storage/client.ts";
import { noteKeyUse } from "../storage/key-uses.ts";
import {
  type DrawAnswer,
  type DrawRequest,
  type Memory,
  NOTHING,
  draw,
  fail,
  forget,
  forgetAtMs,
  isWorthKeeping,
  noteUse,
  requireRevision,
} from "./memory.ts";

/** The one row: everything that has to outlive the process, and when the alarm is set to ring. */
type Kept = { readonly memory: Memory; readonly alarmAtMs: number | null };
const ROW = "kept";

export type LimiterDeps = {
  /** Tells the outside that the key was used, at most once a minute. `null`: this object is no key's. */
  readonly onUse: ((nowMs: number) => Promise<void>) | null;
};

const depsOf = (subject: string | undefined, env: Env): LimiterDeps => {
  const [, key] = /^key:(.+)$/.exec(subject ?? "") ?? [];
  if (key === undefined) return { onUse: null };
  return { onUse: async (nowMs) => void (await noteKeyUse(openDatabase(env.DB), key, new Date(nowMs).toISOString())) };
};

export class LimiterObject extends DurableObject<Env> {
  readonly #deps: LimiterDeps;
  #memory: Memory;
  /** When the alarm is set to ring, `null` if it is not. */
  #alarmAtMs: number | null;

  /** Reads one row and writes none. */
  constructor(ctx: DurableObjectState, env: Env, deps: LimiterDeps = depsOf(ctx.id.name, env)) {
    super(ctx, env);
    this.#deps = deps;
    const kept = ctx.storage.kv.get<Kept>(ROW);
    // A row that an older version of this code wrote may lack what has been added since.
    this.#memory = { ...NOTHING, ...kept?.memory };
    this.#alarmAtMs = kept?.alarmAtMs ?? null;
  }

  /** Draws one request from each of the limits or from none, and holds a key's revision against the least that holds. */
  draw(request: DrawRequest): DrawAnswer {
    const nowMs = Date.now();
    const { memory, answer, isMissed } = draw(this.#memory, request, nowMs);
    this.#memory = memory;
    const isNewUse = "allowed" in answer && answer.allowed && this.#noteUse(nowMs);
    if (isMissed || isNewUse) this.#keep(nowMs);
    return answer;
  }

  /** Records a failed authentication. `retryAfterSec`: for how long the address is refused, `null` if it is not. */
  fail(): { readonly retryAfterSec: number | null } {
    const nowMs = Date.now();
    const { memory, retryAfterSec } = fail(this.#memory, nowMs);
    this.#change(memory, nowMs);
    return { retryAfterSec };
  }

  /** From the answer on, no draw passes that brings an older revision of the key. */
  requireRevision(revision: number): void {
    this.#change(requireRevision(this.#memory, revision), Date.now());
  }

  /** Forgets what no longer matters, and when that is everything, leaves nothing on disk. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    this.#alarmAtMs = null;
    this.#memory = forget(this.#memory, nowMs);
    if (isWorthKeeping(this.#memory, nowMs)) this.#keep(nowMs);
    else await this.ctx.storage.deleteAll();
  }

  /** Tells of a use of the key, unless that was done a moment ago: then there is nothing new to keep. */
  #noteUse(nowMs: number): boolean {
    const { onUse } = this.#deps;
    const noted = noteUse(this.#memory, nowMs);
    if (onUse === null || noted === this.#memory) return false;
    this.#memory = noted;
    this.ctx.waitUntil(onUse(nowMs).catch(logUnnoted));
    return true;
  }

  #change(memory: Memory, nowMs: number): void {
    if (memory === this.#memory) return;
    this.#memory = memory;
    this.#keep(nowMs);
  }

  /** Writes the row, and sets the alarm unless it rings anyway: then it is set anew, for what there is by then. */
  #keep(nowMs: number): void {
    const isSet = this.#alarmAtMs !== null && this.#alarmAtMs > nowMs;
    const alarmAtMs = isSet ? this.#alarmAtMs : forgetAtMs(this.#memory);
    if (!isSet && alarmAtMs !== null) this.ctx.waitUntil(this.ctx.storage.setAlarm(alarmAtMs));
    this.#alarmAtMs = alarmAtMs;
    this.ctx.storage.kv.put<Kept>(ROW, { memory: this.#memory, alarmAtMs });
  }
}

/** The next use, a minute later, tries again. */
const logUnnoted = (thrown: unknown): void => log("warn", "limiter.use_not_noted", { error: describeError(thrown) });
