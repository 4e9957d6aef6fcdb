// The tree of RFC 6962, against the roots and paths that its reference implementations are tested with, and against its definition.
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/crypto/bytes.ts";
import { decodeHex, encodeHex } from "../../../src/crypto/encoding.ts";
import {
  GrowingTree,
  type Hash,
  type Sha256,
  hashLeaf,
  inclusionPath,
  rootFromPath,
} from "../../../src/record/tree.ts";

const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());
const bytesOf = (hex: string) => decodeHex(hex) ?? new Uint8Array();

/** The leaves and roots of certificate-transparency's own tests of its Merkle tree. */
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (hex) => hashLeaf(bytesOf(hex), sha256),
);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

function treeOf(leaves: readonly Hash[]): GrowingTree {
  const tree = new GrowingTree(sha256);
  leaves.forEach((leaf) => tree.push(leaf));
  return tree;
}

/** As section 2.1 defines it, from the leaves. */
function definedRoot(leaves: readonly Hash[]): Hash {
  const [only] = leaves;
  if (only === undefined) return sha256(new Uint8Array());
  if (leaves.length === 1) return only;
  let power = 1;
  while (power * 2 < leaves.length) power *= 2;
  const halves = [definedRoot(leaves.slice(0, power)), definedRoot(leaves.slice(power))];
  return sha256(concatBytes(Uint8Array.of(1), ...halves));
}

const manyLeaves = fc
  .integer({ min: 1, max: 300 })
  .map((count) => Array.from({ length: count }, (_, index) => hashLeaf(Uint8Array.of(index, index >> 8), sha256)));

describe("the root", () => {
  it.each(ROOTS.map((root, size) => [size, root] as const))(
    "of %i published leaves is the published one",
    (size, root) => {
      expect(encodeHex(treeOf(LEAVES.slice(0, size)).root())).toBe(root);
    },
  );

  it("is the one that the definition gives, and the same where the tree was put by and gone on with", () => {
    fc.assert(
      fc.property(manyLeaves, fc.nat(), (leaves, part) => {
        const first = treeOf(leaves.slice(0, part % leaves.length));
        const second = new GrowingTree(sha256, first.size, first.peaks);
        leaves.slice(first.size).forEach((leaf) => second.push(leaf));
        expect(second.size).toBe(leaves.length);
        expect(encodeHex(second.root())).toBe(encodeHex(definedRoot(leaves)));
      }),
    );
  });

  it("cannot be gone on with from other peaks than a tree of its size has", () => {
    expect(() => new GrowingTree(sha256, 3, LEAVES.slice(0, 1))).toThrow(RangeError);
  });
});

describe("a path", () => {
  const pathIn = (leaves: readonly Hash[], index: number) =>
    inclusionPath(index, leaves.length, (from, to) => definedRoot(leaves.slice(from, to)));
  const rootBy = (leaf: Hash, index: number, size: number, path: readonly Hash[]) =>
    rootFromPath(leaf, { index, size, path }, sha256);

  it.each<[number, number, string[]]>([
    [0, 1, []],
    [
      0,
      8,
      [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
      ],
    ],
    [
      5,
      8,
      [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      ],
    ],
    [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
    [
      1,
      5,
      [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      ],
    ],
  ])("of leaf %i among the first %i is the published one", (index, size, path) => {
    expect(pathIn(LEAVES.slice(0, size), index).map(encodeHex)).toEqual(path);
  });

  it("leads from every leaf to the root, and from no other leaf, place or size, nor with a hash more or less", () => {
    fc.assert(
      fc.property(manyLeaves, fc.nat(), fc.nat(), (leaves, one, other) => {
        const [index, size] = [one % leaves.length, leaves.length];
        const path = pathIn(leaves, index);
        const root = encodeHex(definedRoot(leaves));
        const [leaf, stranger] = [leaves[index], hashLeaf(Uint8Array.of(other), sha256)];
        if (leaf === undefined) throw new Error("there is a leaf");
        const leadsThere = (found: Hash | undefined) => found !== undefined && encodeHex(found) === root;
        expect(leadsThere(rootBy(leaf, index, size, path))).toBe(true);
        expect(leadsThere(rootBy(stranger, index, size, path))).toBe(false);
        const elsewhere = other % leaves.length;
        expect(leadsThere(rootBy(leaf, elsewhere, size, path))).toBe(elsewhere === index);
        expect(rootBy(leaf, index, size, [...path, leaf])).toBeUndefined();
        if (path.length > 0) expect(rootBy(leaf, index, size, path.slice(1))).toBeUndefined();
        expect(rootBy(leaf, size, size, path)).toBeUndefined();
      }),
    );
  });

  it("is of a leaf that is there", () => {
    expect(() => pathIn(LEAVES, 8)).toThrow(RangeError);
    expect(() => pathIn(LEAVES, -1)).toThrow(RangeError);
  });
});
