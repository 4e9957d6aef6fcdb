// The adapter that trades at Alpaca, trading here: every ending that it tells apart can be had from this venue.
import { describe, expect, it } from "vitest";
import { alpacaBroker } from "../../../../src/brokers/alpaca/adapter.ts";
import { handleVenueRequest } from "../../../../src/brokers/paper/venue.ts";
import { resumeApproval } from "../../../../src/domain/risk/assess.ts";
import { anIntent } from "../alpaca/builders.ts";
import { NOW_MS, openVenue } from "./venue-client.ts";

function openBroker(secretKey = "test-secret") {
  const client = openVenue();
  const broker = alpacaBroker({
    tradingUrl: "https://venue.test",
    dataUrl: "https://venue.test",
    credentials: { keyId: "test-key", secretKey },
    fetch: (request) => handleVenueRequest(request, client.venue),
    nowMs: client.venue.nowMs,
  });
  const submit = (fields: Record<string, unknown> = {}) => {
    const intent = anIntent(fields);
    return broker.submit(resumeApproval(intent, [{ rule: "test", passed: true, input: "", limit: null }]));
  };
  return { ...client, broker, submit };
}

const { client_order_id } = anIntent();
const market = { type: "market", limit_price: undefined };

describe("the Alpaca adapter at this venue", () => {
  it("has an order accepted and finds it filled", async () => {
    const { broker, submit } = openBroker();
    expect(await submit(market)).toMatchObject({
      ending: "accepted",
      report: { status: "pending_new", filled_quantity: "0" },
    });
    expect(await broker.find(client_order_id)).toMatchObject({
      ending: "found",
      report: { status: "filled", filled_quantity: "10", average_price: "187.5" },
    });
  });

  it("has a notional order accepted as the one it asked for", async () => {
    const { submit } = openBroker();
    expect(await submit({ ...market, quantity: undefined, notional: "1000" })).toMatchObject({ ending: "accepted" });
  });

  it.each([
    ["new", {}],
    ["canceled", { time_in_force: "ioc" }],
  ])("finds an order that is %s", async (status, fields) => {
    const { broker, submit } = openBroker();
    await submit({ limit_price: "180", ...fields });
    expect(await broker.find(client_order_id)).toMatchObject({ ending: "found", report: { status } });
  });

  it("learns nothing from the refusal of an id that is taken, and finds the order that has it", async () => {
    const { broker, submit } = openBroker();
    await submit(market);
    expect(await submit(market)).toEqual({ ending: "unknown", code: "duplicate_client_order_id" });
    expect(await broker.find(client_order_id)).toMatchObject({ ending: "found" });
  });

  it("is rejected for want of buying power, for an unknown symbol and for a wrong key", async () => {
    const { broker, submit } = openBroker();
    expect(await submit({ quantity: "10000" })).toMatchObject({
      ending: "rejected",
      code: "insufficient_buying_power",
    });
    expect(await submit({ symbol: "ZZZZ" })).toMatchObject({ ending: "rejected", code: "invalid_order" });
    expect(await broker.find(client_order_id)).toEqual({ ending: "absent" });
    expect(await openBroker("guess").submit()).toMatchObject({ ending: "rejected", code: "broker_unauthorized" });
  });

  it("reads the last price, which is always of this moment", async () => {
    const { broker, setPrice, advance } = openBroker();
    await setPrice("AAPL", "190.01");
    advance(3_600_000);
    expect(await broker.latestTrade("AAPL")).toEqual({ price: "190.01", atMs: NOW_MS + 3_600_000 });
    expect(await broker.latestTrade("ZZZZ")).toBeUndefined();
  });
});
