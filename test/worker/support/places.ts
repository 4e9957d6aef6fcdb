// Every place where something can be left behind: all columns of D1 and of every Durable Object, and their key-value storage.
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";

/** Where, and everything that stands there. */
export type Place = { readonly name: string; readonly text: string };

const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'";

type Rows = readonly Readonly<Record<string, unknown>>[];
type Query = (sql: string) => Promise<Rows>;

export async function readEverythingStored(): Promise<readonly Place[]> {
  const inD1: Query = async (sql) => (await env.DB.prepare(sql).all()).results;
  const places = await readTables("D1", inD1);
  const namespaces: Readonly<Record<string, DurableObjectNamespace>> = {
    AccountObject: env.ACCOUNTS_DO,
    PaperVenueObject: env.PAPER_VENUES_DO,
    LimiterObject: env.LIMITERS_DO,
    GatewayObject: env.GATEWAY_DO,
  };
  for (const [name, namespace] of Object.entries(namespaces)) {
    for (const id of await listDurableObjectIds(namespace)) {
      const found = await runInDurableObject(namespace.get(id), async (_, { storage }) => [
        ...(await readTables(name, (sql) => Promise.resolve(storage.sql.exec(sql).toArray()))),
        { name: `${name} storage`, text: textOf([...(await storage.list())]) },
      ]);
      places.push(...found);
    }
  }
  return places;
}

async function readTables(where: string, query: Query): Promise<Place[]> {
  const places: Place[] = [];
  for (const { name: table } of await query(TABLES)) {
    const columns = new Map<string, unknown[]>();
    for (const row of await query(`SELECT * FROM "${String(table)}"`)) {
      for (const [column, value] of Object.entries(row)) columns.set(column, [...(columns.get(column) ?? []), value]);
    }
    for (const [column, values] of columns)
      places.push({ name: `${where} ${String(table)}.${column}`, text: textOf(values) });
  }
  return places;
}

const textOf = (values: readonly unknown[]): string => values.map(textOfOne).join("\n");

function textOfOne(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof ArrayBuffer) return new TextDecoder("latin1").decode(value);
  if (value instanceof Map) return JSON.stringify([...value.entries()]);
  return JSON.stringify(value) ?? "";
}

/** The names of the places where a text stands: as it is, or as one of the usual ways to write it down. */
export function placesOf(text: string, places: readonly Place[]): readonly string[] {
  const spellings = spellingsOf(text).map((spelling) => spelling.toLowerCase());
  const found = places.filter((place) => {
    const searched = place.text.toLowerCase();
    return spellings.some((spelling) => searched.includes(spelling));
  });
  return [...new Set(found.map(({ name }) => name))].toSorted();
}

function spellingsOf(text: string): readonly string[] {
  const bytes = new TextEncoder().encode(text);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  // Inside something longer, base64 spells the same bytes in three ways.
  const base64 = ["", "-", "--"].map((before) => {
    const whole = btoa(String.fromCharCode(...new TextEncoder().encode(before), ...bytes));
    return whole.slice(before.length === 0 ? 0 : before.length + 1, -4);
  });
  const base64Url = base64.map((spelling) => spelling.replaceAll("+", "-").replaceAll("/", "_"));
  return [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), hex, ...base64, ...base64Url];
}
