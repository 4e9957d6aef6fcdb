// The query parameters that the venue's lists have in common.
import * as z from "zod";

/** An RFC 3339 time, or a date for its midnight UTC; milliseconds since the Unix epoch. */
export const Moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: "must be an RFC 3339 time or a date" })
  .transform((text) => Date.parse(text));

/** Newest first, where nothing else is asked for. */
export const Direction = z.enum(["asc", "desc"]).default("desc");

/** From 1 to `max`, which has three digits. */
export const PageSize = (max: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/, { error: `must be a number from 1 to ${max}` })
    .transform(Number)
    .refine((size) => size >= 1 && size <= max, { error: `must be a number from 1 to ${max}` });

/** Whether an order shows its legs. */
export const Nested = z
  .enum(["true", "false"])
  .default("false")
  .transform((nested) => nested === "true");

export const notSupported = z.undefined({ error: "is not supported by this venue" }).optional();
