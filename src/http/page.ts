// How much one page of a listing holds.
import { z } from "@hono/zod-openapi";

const PAGE_MAX = 200;
const PAGE_DEFAULT = 50;

export const PageLimit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT);
