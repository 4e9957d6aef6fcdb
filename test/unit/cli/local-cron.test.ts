import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startLocalCron } from "../../../src/cli/local-cron.ts";

const URL = "http://127.0.0.1:8787";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** What is asked of the gateway within so long, and what is said of it. */
async function within(ms: number, answer: () => Promise<Response>) {
  const asked: string[] = [];
  const said: string[] = [];
  vi.stubGlobal("fetch", (url: string) => (asked.push(url), answer()));
  startLocalCron(URL, (trouble) => said.push(trouble));
  await vi.advanceTimersByTimeAsync(ms);
  return { asked, said };
}

describe("the cron trigger at home", () => {
  it("is fired every five minutes", async () => {
    const { asked, said } = await within(900_000, () => Promise.resolve(new Response("ok")));
    expect(asked).toEqual(Array.from({ length: 3 }, () => `${URL}/cdn-cgi/local/scheduled`));
    expect(said).toEqual([]);
  });

  it("says what keeps it from being fired, and is fired again", async () => {
    const refused = await within(300_000, () => Promise.resolve(new Response("", { status: 404 })));
    expect(refused.said).toEqual(["HTTP 404"]);
    const away = await within(600_000, () => Promise.reject(new TypeError("fetch failed")));
    expect(away.said.slice(-2)).toEqual(["fetch failed", "fetch failed"]);
  });
});
