import { afterEach, describe, expect, it } from "vitest";
import { anOrder } from "../../support/builders.ts";
import { type Answer, type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

const HOLD = { expires_at: "2026-01-15T14:45:00.000Z", price: "187.5", owner: "ana", decided: null };
const HELD = anOrder({ delivery: "held", hold: HOLD });
const DECIDED = { by: "ben/0123456789", at: "2026-01-15T14:40:00.000Z", request_id: "request-2", reason: "half of it" };
const APPROVED = anOrder({ quantity: "5", hold: { ...HOLD, decided: DECIDED } });
const DECLINED = anOrder({
  status: "denied",
  delivery: "none",
  reason: { code: "declined" },
  hold: { ...HOLD, decided: DECIDED },
});

let close: () => Promise<void> = async () => undefined;
afterEach(() => close());

async function answering(answer: Answer): Promise<FakeGateway> {
  const gateway = await aFakeGateway(() => answer);
  close = gateway.close;
  return gateway;
}

describe("approvals", () => {
  it("lists what is held, and says how to go on", async () => {
    const gateway = await answering({ body: { orders: [HELD] } });
    const { exit, out } = await callCommandLine(["approvals", "--account", "main", "--url", gateway.url]);
    expect(exit).toBe(0);
    expect(gateway.asked).toMatchObject([{ method: "GET", path: "/v1/approvals?account=main" }]);
    expect(out).toMatch(/2026-01-15T14:45:00Z +paper_\S+ +buy 10 AAPL limit 187\.25 day +187\.5 +default +ana/);
    expect(out).toContain(`npx sallyport approvals approve --url ${gateway.url} ${HELD.id}\n`);
  });

  it("says that nothing is", async () => {
    const gateway = await answering({ body: { orders: [] } });
    expect((await callCommandLine(["approvals", "list", "--url", gateway.url])).out).toContain("Nothing is held.");
  });

  it("approves, for fewer units and with a reason", async () => {
    const gateway = await answering({ body: APPROVED });
    const args = ["approvals", "approve", "--quantity", "5", "--reason", "half of it", HELD.id, "--url", gateway.url];
    const { exit, out } = await callCommandLine(args);
    expect(exit).toBe(0);
    const body = { quantity: "5", reason: "half of it" };
    expect(gateway.asked).toEqual([{ method: "POST", path: `/v1/orders/${HELD.id}/approve`, body }]);
    expect(out).toContain("Approved: it is on its way.");
    expect(out).toContain("ben/0123456789, 2026-01-15T14:40:00Z: half of it");
  });

  it("declines", async () => {
    const gateway = await answering({ body: DECLINED });
    const { out } = await callCommandLine(["approvals", "decline", HELD.id, "--url", gateway.url]);
    expect(gateway.asked).toEqual([{ method: "POST", path: `/v1/orders/${HELD.id}/decline`, body: {} }]);
    expect(out).toContain("Declined: it is never sent.");
  });

  it("makes a link", async () => {
    const url = `https://gateway.test/approvals/${HELD.id}/token`;
    const gateway = await answering({ body: { url, expires_at: HOLD.expires_at } });
    const { out } = await callCommandLine(["approvals", "link", HELD.id, "--url", gateway.url]);
    expect(gateway.asked).toMatchObject([{ method: "POST", path: `/v1/orders/${HELD.id}/approval-link` }]);
    expect(out).toContain(url);
  });

  it("says what the gateway says when it refuses", async () => {
    const problem = { code: "order_not_held", detail: "ben/0123456789 has approved it; it is filled." };
    const gateway = await answering({ status: 409, body: problem });
    const { exit, error } = await callCommandLine(["approvals", "approve", HELD.id, "--url", gateway.url]);
    expect(exit).not.toBe(0);
    expect(error).toContain("ben/0123456789 has approved it");
  });

  it.each([
    [["approvals", "decline", "--quantity", "5", HELD.id]],
    [["approvals", "approve"]],
    [["approvals", "hold", HELD.id]],
  ])("does not take %j", async (args) => {
    expect((await callCommandLine(args)).exit).toBe(2);
  });
});
