// What a request carries through the app besides itself.
import type { Config } from "../config.ts";
import type { Principal } from "../domain/access.ts";

export type AppEnv = {
  Bindings: Env;
  Variables: {
    /** One id through logs, audit entries and the answer. */
    requestId: string;
    config: Config;
    /** Who asks; behind `guarded` only. */
    principal: Principal;
  };
};
