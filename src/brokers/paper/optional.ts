// A field of a body that need not be there.
import type * as z from "zod";

/** Clients also spell an absent field as `null`, and it is read as that. */
export const optional = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? null);
