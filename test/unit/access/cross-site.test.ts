// Whether a stranger's page has a browser send a request.
import { describe, expect, it } from "vitest";
import { isForeign, namesThisMachine } from "../../../src/access/cross-site.ts";

const HERE = "https://gateway.test";
const sent = (differing: Partial<Parameters<typeof isForeign>[0]>) =>
  isForeign({ method: "POST", url: `${HERE}/v1/orders?a=b`, fetchSite: null, origin: null, ...differing });

describe("what changes something", () => {
  it.each([
    ["same-origin", false],
    ["none", false],
    ["same-site", true],
    ["cross-site", true],
    ["", true],
    ["SAME-ORIGIN", true],
    ["something new", true],
  ])("is judged by Sec-Fetch-Site: %j", (fetchSite, isRefused) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "post"])
      expect(sent({ method, fetchSite })).toBe(isRefused);
  });

  it.each([
    [HERE, false],
    ["https://other.test", true],
    ["http://gateway.test", true],
    ["https://gateway.test:8443", true],
    ["https://gateway.test.other.test", true],
    ["https://sub.gateway.test", true],
    ["null", true],
    ["", true],
  ])("is judged by Origin %j where there is no Sec-Fetch-Site", (origin, isRefused) => {
    expect(sent({ origin })).toBe(isRefused);
  });

  it("is judged by Sec-Fetch-Site where both are there", () => {
    expect(sent({ fetchSite: "same-origin", origin: "https://other.test" })).toBe(false);
    expect(sent({ fetchSite: "cross-site", origin: HERE })).toBe(true);
  });

  it("passes from a program, which says neither", () => {
    expect(sent({})).toBe(false);
  });
});

it("what only reads passes from everywhere", () => {
  for (const method of ["GET", "HEAD"]) {
    expect(sent({ method, fetchSite: "cross-site", origin: "https://other.test" })).toBe(false);
  }
});

describe("the name that a request was sent to", () => {
  it.each([
    ["http://localhost:8787/v1/orders", true],
    ["http://127.0.0.1:8787/v1/orders", true],
    ["http://[::1]:8787/v1/orders", true],
    ["http://rebound.example:8787/v1/orders", false],
    ["http://localhost.example/v1/orders", false],
    ["http://127.0.0.1.example/v1/orders", false],
    ["http://192.168.0.2:8787/v1/orders", false],
  ])("%s is this machine's own: %s", (url, isOwn) => {
    expect(namesThisMachine(url)).toBe(isOwn);
  });
});
