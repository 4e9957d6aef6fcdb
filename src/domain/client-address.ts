// Where a request came from: whose budget it draws from, and whether a list lets it in. An address nobody can read is let in
// by no list, and shares one budget with all others of its kind.
import * as z from "zod";

/** The longest range: an IPv6 address in full, and its prefix length. */
const RANGE_CHARACTERS_MAX = 43;

const Ipv4 = z.ipv4();
const Ipv6 = z.ipv6();

/** An IPv6 address that only wraps an IPv4 one (`::ffff:203.0.113.7`) is that IPv4 address. */
type Address = { readonly bits: 32 | 128; readonly value: bigint };

/** All addresses whose first `prefixBits` bits are those of `base`. */
type Range = { readonly base: Address; readonly prefixBits: number };

/** Whether this is an IPv4 or IPv6 address, without brackets, port or zone. */
export const isAddress = (text: string): boolean => readAddress(text) !== undefined;

/**
 * Who is counted as one: an IPv4 address, or the /64 of an IPv6 address, which is one network (RFC 4291 section 2.5.4) in
 * which a host takes a new address as easily as a new port (RFC 8981).
 */
export function addressSubject(ip: string | null): `ip:${string}` {
  const address = ip === null ? undefined : readAddress(ip);
  if (address === undefined) return "ip:unknown";
  return address.bits === 32 ? `ip:${toDotted(address.value)}` : `ip:${toNetwork(address.value)}`;
}

/**
 * One address, or a range of them in CIDR notation (RFC 4632, RFC 4291). Bits after the prefix have to be zero: whoever wrote
 * `203.0.113.7/24` meant either one address or 256. An IPv4 address is written as such, because a range in the form
 * `::ffff:0:0/96` would be read as IPv6 by some and as all of IPv4 by others.
 */
export const AddressRange = z
  .string()
  .max(RANGE_CHARACTERS_MAX)
  .refine((text) => readRange(text) !== undefined, {
    error: "must be an address or a range, like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32",
    abort: true,
  })
  .refine(
    (text) => {
      const range = readRange(text);
      return range !== undefined && hasNoHostBits(range);
    },
    { error: "has bits set after its prefix" },
  )
  .brand("AddressRange");
export type AddressRange = z.infer<typeof AddressRange>;

/** Whether one of the ranges holds the address. An empty list holds none. A range of one version holds none of the other. */
export function isAllowed(ranges: readonly AddressRange[], ip: string | null): boolean {
  const address = ip === null ? undefined : readAddress(ip);
  return address !== undefined && ranges.some((text) => holds(readRange(text), address));
}

/** Whether every address of the range is in one of the others. */
export function isCovered(ranges: readonly AddressRange[], text: AddressRange): boolean {
  const range = readRange(text);
  if (range === undefined) return false;
  return ranges
    .map(readRange)
    .some((wider) => holds(wider, range.base) && (wider?.prefixBits ?? 0) <= range.prefixBits);
}

const holds = (range: Range | undefined, address: Address): boolean =>
  range !== undefined &&
  range.base.bits === address.bits &&
  prefixOf(range.base, range.prefixBits) === prefixOf(address, range.prefixBits);

const prefixOf = ({ bits, value }: Address, prefixBits: number): bigint => value >> BigInt(bits - prefixBits);

const hasNoHostBits = ({ base, prefixBits }: Range): boolean =>
  prefixOf(base, prefixBits) << BigInt(base.bits - prefixBits) === base.value;

function readRange(text: string): Range | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  const base = readAddress(address);
  if (base === undefined || more.length > 0 || (base.bits === 32 && address.includes(":"))) return undefined;
  if (prefix === undefined) return { base, prefixBits: base.bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > base.bits) return undefined;
  return { base, prefixBits: Number(prefix) };
}

function readAddress(text: string): Address | undefined {
  if (Ipv4.safeParse(text).success) return { bits: 32, value: valueOf(text.split(".").map(Number), 8n) };
  if (!Ipv6.safeParse(text).success) return undefined;
  const value = valueOf(groupsOf(text), 16n);
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

/** The eight groups of a well-formed IPv6 address (RFC 4291 section 2.2): `::` stands for as many zeros as are missing. */
function groupsOf(ipv6: string): number[] {
  const [head = [], tail = []] = ipv6.split("::").map(writtenGroups);
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

/** The last 32 bits may be written as an IPv4 address. */
const writtenGroups = (half: string): number[] =>
  half.split(":").flatMap((group) => {
    if (group === "") return [];
    if (!group.includes(".")) return Number.parseInt(group, 16);
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });

const valueOf = (parts: readonly number[], bitsOfPart: bigint): bigint =>
  parts.reduce((value, part) => (value << bitsOfPart) | BigInt(part), 0n);

const toDotted = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");

const toNetwork = (value: bigint): string =>
  `${[112n, 96n, 80n, 64n].map((shift) => ((value >> shift) & 0xffffn).toString(16)).join(":")}::/64`;
