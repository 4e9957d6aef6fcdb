import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "./sqlite-store.ts";
import { openVenue } from "./venue-client.ts";

describe("the SQL store", () => {
  it("has everything again when it is opened anew on the same database", async () => {
    const database = new DatabaseSync(":memory:");
    const before = openVenue({ store: openSqliteStore(database) });
    await before.place({ client_order_id: "sp-1" });
    await before.place({ client_order_id: "sp-2", type: "limit", limit_price: "150.25" });
    await before.setPrice("AAPL", "190.123456789");

    const after = openVenue({ store: openSqliteStore(database) });
    for (const path of [
      "/v2/orders?status=all",
      "/v2/account/activities",
      "/v2/positions",
      "/v2/account",
      "/paper/prices",
    ]) {
      expect(await after.get<unknown>(path)).toEqual(await before.get<unknown>(path));
    }
    expect((await after.post({ client_order_id: "sp-1" })).body).toMatchObject({ code: 40010001 });
  });

  it("reads an order that was stored before there were brackets as one that stands alone", async () => {
    const database = new DatabaseSync(":memory:");
    const { place, get } = openVenue({ store: openSqliteStore(database) });
    const order = await place({ type: "limit", limit_price: "150" });
    database.exec("UPDATE orders SET state = json_remove(state, '$.orderClass', '$.parentId', '$.legIds')");
    expect(await get(`/v2/orders/${order.id}?nested=true`)).toEqual(order);
    expect(await get<unknown[]>("/v2/orders?nested=true")).toEqual([order]);
  });

  it("finds more symbols at once than a statement has parameters", async () => {
    const { place, get } = openVenue({ store: openSqliteStore() });
    await place();
    const symbols = [...Array.from({ length: 300 }, (_, index) => `S${index}`), "AAPL"].join(",");
    expect(await get<unknown[]>(`/v2/orders?status=all&symbols=${symbols}`)).toHaveLength(1);
  });
});
