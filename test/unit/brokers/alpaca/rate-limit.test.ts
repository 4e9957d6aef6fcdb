import { describe, expect, it } from "vitest";
import { limitsPerMinute, readQuota } from "../../../../src/brokers/alpaca/rate-limit.ts";
import { ClientOrderId } from "../../../../src/domain/ids.ts";
import { drawToken, fullBucket } from "../../../../src/domain/token-bucket.ts";
import { NOW_MS, aBroker, json } from "./recorded-broker.ts";

const inSec = (seconds: number): string => String(NOW_MS / 1000 + seconds);

describe("a number of requests a minute", () => {
  it("is for a quarter a reserve and for three quarters a flow", () => {
    expect(limitsPerMinute(200)).toEqual({ capacity: 50, ratePerSec: 2.5 });
  });

  it.each([4, 5, 7, 100, 199, 200, 1_000])(
    "of %i is never exceeded in any minute, however eager the caller",
    (requests) => {
      const limits = limitsPerMinute(requests);
      const sentAtMs: number[] = [];
      let bucket = fullBucket(limits, 0);
      for (let nowMs = 0; nowMs < 180_000; nowMs += 5) {
        for (;;) {
          const draw = drawToken(bucket, limits, nowMs);
          if (!draw.allowed) break;
          bucket = draw.bucket;
          sentAtMs.push(nowMs);
        }
      }
      const busiest = Math.max(
        ...sentAtMs.map((fromMs, from) => {
          const end = sentAtMs.findIndex((atMs) => atMs >= fromMs + 60_000);
          return (end === -1 ? sentAtMs.length : end) - from;
        }),
      );
      expect(busiest).toBeLessThanOrEqual(requests);
      expect(busiest).toBeGreaterThanOrEqual(requests - 1);
    },
  );
});

describe("what is left of a minute", () => {
  const read = (remaining: string, reset: string) =>
    readQuota(new Headers({ "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset }), NOW_MS);

  it("is read with the time at which it is full again", () => {
    expect(read("0", inSec(30))).toEqual({ remaining: 0, resetAtMs: NOW_MS + 30_000 });
    expect(read("199", inSec(-1))).toEqual({ remaining: 199, resetAtMs: NOW_MS - 1_000 });
  });

  it("stops nobody for longer than two minutes, whatever is said", () => {
    expect(read("0", inSec(86_400))).toEqual({ remaining: 0, resetAtMs: NOW_MS + 120_000 });
  });

  it.each([
    ["-1", inSec(30)],
    ["many", inSec(30)],
    ["1.5", inSec(30)],
    ["", inSec(30)],
    ["0", ""],
    ["0", "soon"],
    ["0", "2026-11-20T14:30:30Z"],
    ["0", "-5"],
  ])("is not known from remaining %j and reset %j", (remaining, reset) => {
    expect(read(remaining, reset)).toBeUndefined();
  });

  it("is not known without either header", () => {
    expect(readQuota(new Headers({ "X-RateLimit-Remaining": "0" }), NOW_MS)).toBeUndefined();
    expect(readQuota(new Headers({ "X-RateLimit-Reset": inSec(30) }), NOW_MS)).toBeUndefined();
  });
});

describe("the adapter", () => {
  const quota = { "X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": inSec(12) };

  it.each([200, 404, 422, 429, 500])("tells what a %i says is left", async (status) => {
    const { broker, quotas } = aBroker(json({}, { status, headers: quota }));
    await broker.find(ClientOrderId.parse("sp-1"));
    await broker.cancel("venue-1");
    await broker.balances();
    expect(quotas).toEqual(Array.from({ length: 3 }, () => ({ remaining: 7, resetAtMs: NOW_MS + 12_000 })));
  });

  it("tells nothing of answers that say nothing, and of calls without an answer", async () => {
    const silent = aBroker(json({}));
    await silent.broker.balances();
    const broken = aBroker(() => Promise.reject(new Error("Network connection lost.")));
    await broken.broker.balances();
    expect([...silent.quotas, ...broken.quotas]).toEqual([]);
  });

  it("tells nothing of the data host's own limit", async () => {
    const { broker, quotas } = aBroker(json({ trades: {} }, { headers: quota }));
    await broker.latestTrades(["AAPL"]);
    expect(quotas).toEqual([]);
  });

  it("declares Alpaca's 200 requests a minute", () => {
    expect(aBroker(json({})).broker.limits).toEqual({ capacity: 50, ratePerSec: 2.5 });
  });
});
