// What one source may still send to this account, and what it has sent: its token bucket, and how many orders and messages came
// of it. Both outlive the object's memory, so an eviction is not a refill, and they are one row, because every signal writes it.
import {
  type Activity,
  type ActivityKind,
  type Moment,
  addToActivity,
  countSince,
  emptyActivity,
} from "../../domain/activity.ts";
import type { SourceId } from "../../domain/ids.ts";
import type { Counts } from "../../domain/risk/facts.ts";
import { type BucketLimits, type Draw, type TokenBucket, drawToken, fullBucket } from "../../domain/token-bucket.ts";

type Row = { source: string; tokens: number | null; at_ms: number | null; activity: string };

/** To be made, and saved, in one transaction. */
export class SenderMeter {
  readonly #sql: SqlStorage;
  readonly #source: SourceId;
  readonly #at: Moment;
  readonly #others: readonly Activity[];
  #bucket: TokenBucket | undefined;
  #activity: Activity;

  constructor(sql: SqlStorage, source: SourceId, at: Moment) {
    this.#sql = sql;
    this.#source = source;
    this.#at = at;
    const rows = sql.exec<Row>("SELECT source, tokens, at_ms, activity FROM senders").toArray();
    const own = rows.find((row) => row.source === source);
    this.#others = rows.filter((row) => row !== own).map(activityOf);
    this.#activity = own === undefined ? emptyActivity : activityOf(own);
    if (own !== undefined && own.tokens !== null && own.at_ms !== null) {
      this.#bucket = { tokens: own.tokens, atMs: own.at_ms };
    }
  }

  draw(limits: BucketLimits): Draw {
    const { nowMs } = this.#at;
    const draw = drawToken(this.#bucket ?? fullBucket(limits, nowMs), limits, nowMs);
    if (draw.allowed) this.#bucket = draw.bucket;
    return draw;
  }

  /** What the account has done lately, whoever wanted it. */
  counts(): Readonly<Record<ActivityKind, Counts>> {
    const all = [this.#activity, ...this.#others];
    const sumOf = (kind: ActivityKind, window: keyof Counts): number =>
      all.reduce((total, activity) => total + countSince(activity, kind, window, this.#at), 0);
    const countsOf = (kind: ActivityKind): Counts => ({
      second: sumOf(kind, "second"),
      minute: sumOf(kind, "minute"),
      day: sumOf(kind, "day"),
    });
    return { orders: countsOf("orders"), messages: countsOf("messages") };
  }

  /** Counts one more of each kind. */
  count(...kinds: readonly ActivityKind[]): void {
    this.#activity = kinds.reduce((activity, kind) => addToActivity(activity, kind, this.#at), this.#activity);
  }

  save(): void {
    this.#sql.exec(
      `INSERT INTO senders (source, tokens, at_ms, activity) VALUES (?, ?, ?, ?)
       ON CONFLICT (source) DO UPDATE SET tokens = excluded.tokens, at_ms = excluded.at_ms, activity = excluded.activity`,
      this.#source,
      this.#bucket?.tokens ?? null,
      this.#bucket?.atMs ?? null,
      JSON.stringify(this.#activity),
    );
  }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an Activity
const activityOf = (row: Row): Activity => JSON.parse(row.activity) as Activity;
