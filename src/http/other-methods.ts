// A path that exists is not lost because the method is wrong: 405 with what it takes (RFC 9110 section 15.5.6).
import type { Hono } from "hono";
import type { AppEnv } from "./env.ts";
import { problem } from "./problem.ts";

/** Refuses every other method on every path that the app has so far. A route that is mounted later is not known here. */
export function refuseOtherMethods(app: Hono<AppEnv>): void {
  // What stands before every method is middleware.
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) {
    const allowed = [...new Set(ofPath.map(({ method }) => method))];
    // The framework answers HEAD wherever it answers GET.
    if (allowed.includes("GET")) allowed.push("HEAD");
    const methods = allowed.toSorted().join(", ");
    app.all(path, (c) =>
      problem(c, { code: "method_not_allowed", detail: `Send ${methods}.`, headers: { Allow: methods } }),
    );
  }
}
