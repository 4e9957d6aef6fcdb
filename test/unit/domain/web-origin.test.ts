import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WebOrigins, isLoopback } from "../../../src/domain/web-origin.ts";

const read = (setting: unknown) => WebOrigins.safeParse(setting);
const messagesOf = (setting: unknown): readonly string[] =>
  read(setting).error?.issues.map(({ message }) => message) ?? [];

describe("the origins that a setting lists", () => {
  it.each<[unknown, readonly string[]]>([
    [undefined, []],
    ["", []],
    [" ", []],
    ["https://app.example.com", ["https://app.example.com"]],
    [
      "https://app.example.com, https://desk.example.com:8443",
      ["https://app.example.com", "https://desk.example.com:8443"],
    ],
    [["https://xn--bcher-kva.example"], ["https://xn--bcher-kva.example"]],
    ["http://localhost:5173,http://127.0.0.1:8080", ["http://localhost:5173", "http://127.0.0.1:8080"]],
    [
      ["http://[::1]:3000", "http://localhost"],
      ["http://[::1]:3000", "http://localhost"],
    ],
    ["https://localhost:8443", ["https://localhost:8443"]],
  ])("are read from %j", (setting, origins) => {
    expect(read(setting).data).toEqual(origins);
  });

  it.each([
    "*",
    "null",
    "https://*.example.com",
    "https://app.example.com/",
    "https://app.example.com/path",
    "https://app.example.com?a",
    "https://app.example.com#a",
    "https://user@app.example.com",
    "https://app.example.com:443",
    "https://app.example.com:0",
    "https://app.example.com:65536",
    "https://App.example.com",
    "https://bücher.example",
    "https://app..example.com",
    "https://-app.example.com",
    "https://",
    "HTTPS://app.example.com",
    "http://app.example.com",
    "http://localhost.example.com",
    "http://127.0.0.2:8080",
    "http://localhost:80",
    "ws://localhost:5173",
    "app.example.com",
    "https://app.example.com https://desk.example.com",
  ])("are no origin where one is %j, and the message says which and not what", (item) => {
    expect(messagesOf(["https://app.example.com", item])).toEqual([
      "item 2 must be an origin, like https://app.example.com",
    ]);
    expect(read(item).success).toBe(false);
  });

  it("are refused where an item is empty, where there are too many, and where they are something else", () => {
    expect(messagesOf("https://app.example.com,")).toEqual(["item 2 must be an origin, like https://app.example.com"]);
    const many = Array.from({ length: 21 }, (_, index) => `https://a${index}.example`);
    expect(read(many.slice(1)).success).toBe(true);
    expect(messagesOf(many)).toEqual(["must hold at most 20 origins"]);
    for (const setting of [1, true, { 0: "https://app.example.com" }]) {
      expect(messagesOf(setting)).toEqual(["must be origins, separated by commas"]);
    }
  });

  it("are spelled as browsers send them", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, validSchemes: ["https", "http"] }), (url) => {
        const { origin, protocol } = new URL(url);
        expect(read([origin]).success).toBe(protocol === "https:");
        if (url !== origin) expect(read([url]).success).toBe(false);
      }),
    );
  });
});

it("an origin of this machine is the only one without encryption", () => {
  expect(["http://localhost:1", "http://127.0.0.1", "http://[::1]:3000"].every(isLoopback)).toBe(true);
  expect(["https://localhost:1", "https://app.example.com"].some(isLoopback)).toBe(false);
});
