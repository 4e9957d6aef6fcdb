// Fields that are there and that nothing is made of, each with a word on why.
import { Fields, type JsonObject } from "../../fields.ts";
import type { Circumstances, Notice } from "../../format.ts";

/** Fields that mean nothing beside this action, or beside another field. */
export const leaveOut = (fields: Fields, names: readonly string[], message: string): readonly Notice[] =>
  names
    .filter((name) => fields.has(name))
    .map((name) => ({ pointer: fields.pointerTo(name), code: "not_applicable", message }));

/** The price that the sender saw. It is for the record only: one that cannot be read is no reason to refuse somebody's way out. */
export function readSeenPrice(
  json: JsonObject,
  { fields, name, notices }: { fields: Fields; name: string; notices: Notice[] },
): Circumstances["price"] {
  if (!fields.has(name)) return undefined;
  // What is wrong with it stays in this reader.
  const price = new Fields(json).decimal(name, "invalid_price");
  if (price === undefined) {
    notices.push({ pointer: fields.pointerTo(name), code: "unreadable_price", message: "is not a decimal" });
  }
  return price;
}
