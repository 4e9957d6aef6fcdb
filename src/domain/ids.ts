// Names of things, each with the pattern that keeps it safe in a URL, a log line and an object name.
import * as z from "zod";

/** One trading account at one broker. No underscore, so that an order id splits in one way only. */
export const AccountId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: "must be 1 to 32 of a-z, 0-9 and -" })
  .brand("AccountId");
export type AccountId = z.infer<typeof AccountId>;

/** Who sends signals: the last part of the webhook's path. */
export const SourceId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
  .brand("SourceId");
export type SourceId = z.infer<typeof SourceId>;

/**
 * FIX ClOrdID (11): one intent's name towards the broker, for ever. 64 characters of this set fit Alpaca (128) and stay
 * readable in URLs.
 */
export const ClientOrderId = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,64}$/, { error: "must be 1 to 64 of A-Z, a-z, 0-9 and . _ : -" })
  .brand("ClientOrderId");
export type ClientOrderId = z.infer<typeof ClientOrderId>;

/** The gateway's own name of an order (FIX OrderID is the venue's): `<account>_<UUIDv7>`, so the id leads to its account. */
export const OrderId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, {
    error: "must be an order's id: <account>_<UUID>",
  })
  .brand("OrderId");
export type OrderId = z.infer<typeof OrderId>;

export const orderIdOf = (account: AccountId, uuid: string): OrderId => OrderId.parse(`${account}_${uuid}`);

/**
 * The id of an order's nth leg. It takes no chance: it is the order's own with `n` added to digits that are random there, so it
 * sorts to where the order is, and the same leg gets the same id whenever it is told of first.
 */
export function legIdOf(order: OrderId, n: number): OrderId {
  const changed = order.length - UUID_END.length;
  const digits = (Number.parseInt(order.slice(changed, changed + 3), 16) + n) % 0x1000;
  return OrderId.parse(`${order.slice(0, changed)}${digits.toString(16).padStart(3, "0")}${order.slice(changed + 3)}`);
}

/** A UUID from the last three digits of its fourth group on. */
const UUID_END = "fff-ffffffffffff";

export const accountOf = (id: OrderId): AccountId => AccountId.parse(id.slice(0, id.indexOf("_")));

/** Unix milliseconds, as the id has them. */
export const timeOf = (id: OrderId): number =>
  Number.parseInt(
    id
      .slice(id.indexOf("_") + 1)
      .replace("-", "")
      .slice(0, 12),
    16,
  );

/** No id of an order that was made at that time or later sorts before it. */
export const earliestIdAt = (account: AccountId, atMs: number): string =>
  `${account}_${uuidv7(Math.max(0, atMs), new Uint8Array(10))}`;

/**
 * A UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits, so ids sort by time of creation.
 * `random` is 10 fresh random bytes.
 */
export function uuidv7(nowMs: number, random: Uint8Array): string {
  const time = nowMs.toString(16).padStart(12, "0");
  const hex = Array.from(random.subarray(0, 10), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((Number.parseInt(hex.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`;
}
