import { describe, expect, it } from "vitest";
import { readAddress } from "../../../src/cli/address.ts";

describe("the gateway's address", () => {
  it.each([
    ["https://gateway.example.com/", "https://gateway.example.com", false],
    ["https://example.com/sallyport/", "https://example.com/sallyport", false],
    ["http://127.0.0.1:8787", "http://127.0.0.1:8787", true],
    ["http://localhost:8787/", "http://localhost:8787", true],
    ["http://[::1]:8787", "http://[::1]:8787", true],
    ["http://127.1:8787", "http://127.0.0.1:8787", true],
    ["https://127.0.0.1", "https://127.0.0.1", true],
  ])("%s is read", (text, url, isLoopback) => {
    expect(readAddress(text)).toEqual({ ok: true, value: { url, isLoopback } });
  });

  it.each([
    "http://gateway.example.com",
    "http://192.168.1.5:8787",
    "http://10.0.0.1",
    "http://0.0.0.0:8787",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://example.com/localhost",
    "http://[::ffff:192.168.1.5]",
  ])("%s would carry keys where others can read them", (text) => {
    expect(readAddress(text)).toMatchObject({ ok: false, error: expect.stringMatching(/^takes https/) as string });
  });

  it.each([
    ["localhost", "http or https"],
    ["", "http or https"],
    ["ftp://127.0.0.1", "http or https"],
    ["file:///etc/passwd", "http or https"],
    ["https://user:password@example.com", "without a name or password"],
    ["http://user@127.0.0.1", "without a name or password"],
    ["https://example.com/?key=x", "without ? and #"],
    ["https://example.com/#x", "without ? and #"],
  ])("%j is none", (text, fault) => {
    expect(readAddress(text)).toMatchObject({ ok: false, error: expect.stringContaining(fault) as string });
  });
});
