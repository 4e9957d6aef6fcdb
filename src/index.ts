// The Worker: its fetch handler and its Durable Objects. No logic.
import { createApp } from "./http/app.ts";

export { AccountObject } from "./account/account-object.ts";
export { PaperVenueObject } from "./brokers/paper/paper-venue-object.ts";

export default { fetch: createApp().fetch } satisfies ExportedHandler<Env>;
