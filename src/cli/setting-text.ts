// A setting of a policy and its value, as people read them.

/** A longer list is only counted. */
const ITEMS_MAX = 20;

/** Like `max_quantity=100` or `symbols=AAPL,MSFT`. */
export const describeSetting = (setting: string, value: unknown): string => `${setting}=${describe(value)}`;

function describe(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  return value.length > ITEMS_MAX ? `${value.length} listed` : value.map((item) => describe(item)).join(",");
}
