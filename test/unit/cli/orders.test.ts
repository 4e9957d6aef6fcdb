import { describe, expect, it } from "vitest";
import { anOrder } from "../../support/builders.ts";
import { aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

async function show(order: object) {
  const gateway = await aFakeGateway(() => ({ body: order }));
  const { out } = await callCommandLine(["orders", "show", "--url", gateway.url, anOrder().id]);
  await gateway.close();
  return { out, url: gateway.url };
}

describe("orders show", () => {
  it("says where it is on the record who wanted an order canceled, in the account that it is of", async () => {
    const { out, url } = await show(anOrder({ status: "canceled", cancel_requested_at: "2026-01-15T14:30:00.000Z" }));
    expect(out).toContain(
      `Who wanted it canceled is on the record:\n\n  npx sallyport audit --account paper --order ${anOrder().id} --url ${url}\n`,
    );
  });

  it("does not where nobody did", async () => {
    expect((await show(anOrder({ status: "filled" }))).out).not.toContain("on the record");
  });

  it("says how to look at what stops it", async () => {
    const { out, url } = await show(anOrder({ status: "denied", reason: { code: "reducing_only" } }));
    expect(out).toContain(`\n  npx sallyport stops --url ${url}\n`);
  });
});
