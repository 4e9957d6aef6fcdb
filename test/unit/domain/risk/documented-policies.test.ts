// Policies that people copy: every one in the documents, and the one that a laptop starts with, says something of every limit.
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { RULE_BOOK } from "../../../../src/domain/risk/rule-book.ts";

const root = new URL("../../../../", import.meta.url);
const documents = ["README.md", ...readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`)];

const blocksOf = (name: string): { readonly name: string; readonly policy: object }[] =>
  [...readFileSync(new URL(name, root), "utf8").matchAll(/```json\n(?<json>.*?)```/gs)].flatMap(({ groups }) => {
    const value = JSON.parse(groups?.["json"] ?? "null") as { policy?: object; max_quantity?: string };
    const policy = value.policy ?? (value.max_quantity === undefined ? undefined : value);
    return policy === undefined ? [] : [{ name, policy }];
  });

const policies = documents.filter((name) => name.endsWith(".md")).flatMap(blocksOf);

describe("the policies in the documents", () => {
  it("are some", () => {
    expect(policies.map(({ name }) => name)).toEqual(expect.arrayContaining(["README.md", "docs/rules.md"]));
  });

  it.each(policies)("leave no limit open: $name", ({ policy }) => {
    const parsed = Policy.parse(policy);
    const open = RULE_BOOK.flatMap((rule) =>
      rule.kind === "limit" && parsed[rule.setting] === undefined ? rule.setting : [],
    );
    expect(open).toEqual([]);
  });
});
