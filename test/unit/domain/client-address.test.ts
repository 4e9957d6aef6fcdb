import { BlockList, isIPv6 } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressRange, addressSubject, isAddress, isAllowed } from "../../../src/domain/client-address.ts";

const ranges = (...texts: readonly string[]) => texts.map((text) => AddressRange.parse(text));

/** In every way there is to write one. */
const ipv6Spellings = fc
  .tuple(
    fc.array(fc.constantFrom("0", "1", "db8", "ffff", "2001", "a0B"), { minLength: 8, maxLength: 8 }),
    fc.nat(8),
    fc.nat(8),
  )
  .map(([groups, from, length]) => {
    const to = Math.min(8, from + length);
    if (to - from < 1) return groups.join(":");
    return `${groups.slice(0, from).join(":")}::${groups.slice(to).join(":")}`;
  });

describe("whom an address counts as", () => {
  it.each([
    ["203.0.113.7", "ip:203.0.113.7"],
    ["0.0.0.0", "ip:0.0.0.0"],
    ["255.255.255.255", "ip:255.255.255.255"],
    ["::ffff:203.0.113.7", "ip:203.0.113.7"],
    ["::FFFF:cb00:7107", "ip:203.0.113.7"],
    ["0:0:0:0:0:ffff:203.0.113.7", "ip:203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::1", "ip:2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "ip:2001:db8:1:2::/64"],
    ["2001:db8::203.0.113.7", "ip:2001:db8:0:0::/64"],
    ["::1", "ip:0:0:0:0::/64"],
    ["::", "ip:0:0:0:0::/64"],
    ["::fffe:203.0.113.7", "ip:0:0:0:0::/64"],
    ["1:2:3:4:5:6:7::", "ip:1:2:3:4::/64"],
    ["::2:3:4:5:6:7:8", "ip:0:2:3:4::/64"],
  ])("%s is %s", (ip, subject) => {
    expect(addressSubject(ip)).toBe(subject);
    expect(isAddress(ip)).toBe(true);
  });

  it.each([
    null,
    "",
    " 203.0.113.7",
    "203.0.113.7\n",
    "203.0.113.07",
    "203.0.113",
    "203.0.113.256",
    "0xcb.0.113.7",
    "3405803783",
    "203.0.113.7:443",
    "[2001:db8::1]",
    "2001:db8::1%eth0",
    "2001:db8::1::2",
    "2001:db8:1:2:3:4:5",
    "1:2:3:4::5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    ":1:2:3:4:5:6:7",
    "::ffff:203.0.113.07",
    "::@1\\",
    "203.0.113.7, 198.51.100.1",
    "localhost",
  ])("%o is one with everybody whose address cannot be read", (ip) => {
    expect(addressSubject(ip)).toBe("ip:unknown");
    expect(ip !== null && isAddress(ip)).toBe(false);
  });

  it("is the same for all 2⁶⁴ addresses of a network, and for no address of another", () => {
    const half = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 });
    const spell = (groups: readonly number[]) => groups.map((group) => group.toString(16)).join(":");
    fc.assert(
      fc.property(half, half, half, half, (network, other, host, guest) => {
        fc.pre(network.some((group) => group !== 0) && other.some((group) => group !== 0));
        const subject = addressSubject(`${spell(network)}:${spell(host)}`);
        expect(addressSubject(`${spell(network)}:${spell(guest)}`)).toBe(subject);
        expect(addressSubject(`${spell(other)}:${spell(host)}`) === subject).toBe(spell(other) === spell(network));
      }),
    );
  });

  it("reads exactly the IPv6 addresses that Node's own parser reads", () => {
    fc.assert(
      fc.property(ipv6Spellings, (text) => {
        expect(addressSubject(text) === "ip:unknown").toBe(!isIPv6(text));
      }),
    );
  });

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary-ascii" }),
          fc.string({ unit: fc.constantFrom("0", "f", ":", ".", "/", "%") }),
        ),
        (text) => {
          expect(addressSubject(text)).toMatch(/^ip:/);
        },
      ),
    );
  });
});

describe("an address range", () => {
  it.each([
    "203.0.113.7",
    "203.0.113.7/32",
    "203.0.113.0/24",
    "0.0.0.0/0",
    "128.0.0.0/1",
    "2001:db8::1",
    "2001:db8::1/128",
    "2001:DB8::/32",
    "::/0",
    "2001:db8:1:2:3:4:5:6/127",
  ])("is %s", (text) => {
    expect(AddressRange.parse(text)).toBe(text);
  });

  it.each(["203.0.113.7/24", "203.0.113.1/31", "1.0.0.0/0", "2001:db8::1/64", "2001:db8:8000::/32", "::1/127"])(
    "is not %s, which has bits after its prefix",
    (text) => {
      expect(AddressRange.safeParse(text).error?.issues[0]?.message).toBe("has bits set after its prefix");
    },
  );

  it.each([
    "",
    "/",
    "/24",
    "203.0.113.0/",
    "203.0.113.0/33",
    "203.0.113.0/024",
    "203.0.113.0/-1",
    "203.0.113.0/2e1",
    "203.0.113.0/255.255.255.0",
    "203.0.113.0/24/24",
    "203.0.113/24",
    "203.0.113.*",
    "2001:db8::/129",
    "2001:db8::/0128",
    "::ffff:203.0.113.7",
    "::ffff:0:0/96",
    "::ffff:203.0.113.0/120",
    "fe80::1%eth0",
    " 203.0.113.7",
    "sallyport.example.com",
  ])("is not %o", (text) => {
    expect(AddressRange.safeParse(text).success).toBe(false);
  });
});

describe("an allow-list", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.7", "203.0.113.8", false],
    ["203.0.113.0/24", "203.0.113.255", true],
    ["203.0.113.0/24", "203.0.114.0", false],
    ["203.0.113.0/24", "::ffff:203.0.113.9", true],
    ["0.0.0.0/0", "198.51.100.1", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "198.51.100.1", false],
    ["::/0", "::ffff:198.51.100.1", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["2001:db8::1", "2001:0db8:0:0:0:0:0:1", true],
  ])("of %s lets %s in: %s", (range, ip, expected) => {
    expect(isAllowed(ranges(range), ip)).toBe(expected);
  });

  it("lets in what any of its ranges holds", () => {
    const list = ranges("198.51.100.0/24", "2001:db8::/32", "203.0.113.7");
    expect(["203.0.113.7", "198.51.100.3", "2001:db8::3"].every((ip) => isAllowed(list, ip))).toBe(true);
    expect(isAllowed(list, "192.0.2.1")).toBe(false);
  });

  it("lets nobody in when it is empty, and nobody without a readable address", () => {
    expect(isAllowed([], "203.0.113.7")).toBe(false);
    expect(isAllowed(ranges("0.0.0.0/0", "::/0"), null)).toBe(false);
    expect(isAllowed(ranges("0.0.0.0/0", "::/0"), "unknown")).toBe(false);
  });

  it("agrees with Node's own block list, over any IPv4 range and address", () => {
    const spell = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 32 }), fc.nat(32), (any, noise, prefix, shared) => {
        const base = prefix === 32 ? any : (any & (-1 << (32 - prefix))) >>> 0;
        // An address that has so many of its first bits in common with the range: near its edge more often than chance has it.
        const address = shared === 32 ? base : (base ^ (noise >>> shared)) >>> 0;
        const reference = new BlockList();
        reference.addSubnet(spell(base), prefix);
        expect(isAllowed(ranges(`${spell(base)}/${prefix}`), spell(address))).toBe(reference.check(spell(address)));
      }),
    );
  });

  it("agrees with Node's own block list, over any IPv6 range and address", () => {
    const spell = (value: bigint) =>
      Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(":");
    const word = fc.bigInt({ min: 0x2000n << 112n, max: (0x4000n << 112n) - 1n });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 128 }), fc.nat(128), (any, noise, prefix, shared) => {
        const base = (any >> BigInt(128 - prefix)) << BigInt(128 - prefix);
        const address = base ^ (noise >> BigInt(shared));
        // One that wraps an IPv4 address is that address here, and in no range of IPv6.
        fc.pre(address >> 32n !== 0xffffn);
        const reference = new BlockList();
        reference.addSubnet(spell(base), prefix, "ipv6");
        expect(isAllowed(ranges(`${spell(base)}/${prefix}`), spell(address))).toBe(
          reference.check(spell(address), "ipv6"),
        );
      }),
    );
  });
});
