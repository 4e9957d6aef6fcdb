// The Worker: its handlers and its Durable Objects. No logic.
import { createApp } from "./http/app.ts";
import { wakeAccounts } from "./intake/wake-accounts.ts";

export { GatewayObject } from "./gateway/gateway-object.ts";
export { AccountObject } from "./account/account-object.ts";
export { PaperVenueObject } from "./brokers/paper/paper-venue-object.ts";
export { LimiterObject } from "./limiter/limiter-object.ts";

export default {
  fetch: createApp().fetch,
  scheduled: (_, env) => wakeAccounts(env),
} satisfies ExportedHandler<Env>;
