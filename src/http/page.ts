// What the pages of every listing have in common.
import { z } from "@hono/zod-openapi";

const PAGE_MAX = 200;
const PAGE_DEFAULT = 50;

/** Of a cursor that leads nowhere. */
export const NO_CURSOR = "must be next_cursor of the page before";

const error = `must be a whole number from 1 to ${PAGE_MAX}`;

export const PageLimit = z.coerce
  .number({ error })
  .int({ error })
  .min(1, { error })
  .max(PAGE_MAX, { error })
  .default(PAGE_DEFAULT);
