// The database as drizzle sees it.
import type { BatchItem } from "drizzle-orm/batch";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import * as schema from "./schema.ts";

export type Database = DrizzleD1Database<typeof schema>;

export const openDatabase = (d1: D1Database): Database => drizzle(d1, { schema });

/** One statement of a batch, which D1 carries out whole or not at all. */
export type Statement = BatchItem<"sqlite">;
