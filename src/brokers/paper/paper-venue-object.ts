// The embedded paper venue: one object per paper account, kept in its SQLite. Only the Worker itself can reach it.
import { DurableObject } from "cloudflare:workers";
import type { Decimal } from "../../domain/money.ts";
import { EMBEDDED_CREDENTIALS, PaperVenueSettings } from "./settings.ts";
import { openSqlStore } from "./sql-store.ts";
import { type Venue, handleVenueRequest, setVenuePrice } from "./venue.ts";

export class PaperVenueObject extends DurableObject<Env> {
  readonly #venue: Venue;

  /** Throws when the setting `PAPER_VENUE` is not usable: a venue without a market cannot answer anything. */
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#venue = {
      settings: PaperVenueSettings.parse(env.PAPER_VENUE),
      credentials: EMBEDDED_CREDENTIALS,
      store: openSqlStore(ctx.storage),
      nowMs: () => Date.now(),
      uuid: () => crypto.randomUUID(),
    };
  }

  /** Serves the venue's HTTP interface, whatever the host in the URL. */
  override fetch(request: Request): Promise<Response> {
    return handleVenueRequest(request, this.#venue);
  }

  /** Sets the last price (US dollars, greater than zero), which fills what it triggers. `false`: the symbol is not listed. */
  setPrice(symbol: string, price: Decimal): boolean {
    return setVenuePrice(this.#venue, symbol, price);
  }
}
