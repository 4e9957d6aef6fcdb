// Days at a venue that loses, delays and misreports as it likes.
import * as fc from "fast-check";
import type { Broker, VenueReport } from "../../../src/domain/broker.ts";
import { ATTEMPTS, CALM, CANCELS, LOOKS, type LyingVenue, type Weather } from "./lying-venue.ts";

export const moments = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 5_000 }), fc.nat({ max: 60_000 }));

/** The venue loses, delays and misreports as it likes, but tells no fill after an order's end. */
export const weathers: fc.Arbitrary<Weather> = fc
  .record({
    attempts: fc.array(fc.constantFrom(...ATTEMPTS), { maxLength: 3 }),
    looks: fc.array(fc.constantFrom(...LOOKS), { maxLength: 20 }),
    cancels: fc.array(fc.constantFrom(...CANCELS), { maxLength: 6 }),
    latencyMs: fc.constantFrom(1, 40, 900),
    hiddenMs: fc.constantFrom(0, 400, 3_000),
    unitMs: fc.constantFrom(1, 100, 5_000),
    endAfterUnits: fc.integer({ min: 2, max: 10 }),
  })
  .map((weather) => ({ ...CALM, ...weather }));

/** Whatever the report is about, it is of the type that was ordered. */
function ofItsType(venue: LyingVenue, found: VenueReport): VenueReport {
  const type = venue.ordersOf(found.client_order_id)[0]?.intent.type ?? found.type;
  return { ...found, type };
}

/** The venue's broker, where orders are of several types. */
export function onItsWord(venue: LyingVenue): Broker {
  const { broker } = venue;
  return {
    ...broker,
    submit: async (intent) => {
      const ending = await broker.submit(intent);
      return ending.ending === "accepted" ? { ...ending, report: ofItsType(venue, ending.report) } : ending;
    },
    find: async (...which) => {
      const ending = await broker.find(...which);
      return ending.ending === "found" ? { ...ending, report: ofItsType(venue, ending.report) } : ending;
    },
    openOrders: async () => {
      const ending = await broker.openOrders();
      return ending.ending === "listed"
        ? { ...ending, items: ending.items.map((item) => ofItsType(venue, item)) }
        : ending;
    },
  };
}
