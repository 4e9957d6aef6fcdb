// Where the documentation has people write secrets, and how it has them read one.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";

const PAGES = [
  ...["README.md", "docs/operating.md"].map((path) => readFileSync(path, "utf8")),
  ...Object.values(COMMANDS).map(({ usage }) => usage),
];

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-documented-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What a program prints in the directory. */
function run(program: string, ...args: string[]): string {
  const { error, stdout, stderr } = spawnSync(program, args, { cwd: dir, encoding: "utf8" });
  if (error !== undefined) throw error;
  expect(stderr).toBe("");
  return stdout;
}

describe("a file that the documentation has people put a secret in", () => {
  /** What stands behind an option, or a redirection, that is for secrets. */
  const WRITTEN = />\s?(\w+\.[\w.]+)\)/g;
  const READ =
    /(?:--secret-file|--fernet-key-file|accounts (?:create|credentials \w+) --file|--env production <) (\w+\.[\w.]+)/g;
  const names = [
    ...new Set(
      PAGES.flatMap((page) => [...page.matchAll(WRITTEN), ...page.matchAll(READ)].map(([, name]) => name ?? "")),
    ),
  ];

  it("cannot be committed by mistake, and neither can a copy or a draft of it", () => {
    run("git", "init", "--quiet");
    cpSync(".gitignore", join(dir, ".gitignore"));
    expect(names).toEqual(expect.arrayContaining(["hmac.secret", "desk.key", "a1.fernet", "account.secret.json"]));
    const drafts = [".dev.vars", "hmac.secret"].map((name) => `${name}.0f8fad5b-d9cb-469f-a165-70867728950e`);
    const secret = [...names, ...drafts, ".dev.vars", ".dev.vars.production"];
    expect(
      run("git", "check-ignore", "--", ...secret)
        .trim()
        .split("\n"),
    ).toEqual(secret);
  });

  it("leaves what belongs to the project in view", () => {
    const mine = [".dev.vars.example", ".secretlintrc.json", "docs/decisions/0001-a-secret-keeps-its-account.md"];
    expect(run("git", "check-ignore", "--", ...mine)).toBe("");
  });
});

describe("the signing secret, read as the documentation has it", () => {
  const README = PAGES[0] ?? "";
  const COMMAND = /^SECRET=\$\((sed .*) \.dev\.vars\)$/m;
  const write = (value: string) =>
    writeFileSync(join(dir, ".dev.vars"), `A="x,y"\nAPI_KEY_HMAC_SECRET="${value}"\nB="z"\n`);

  it.each([
    ["whsec_b2xk", "whsec_b2xk"],
    ["whsec_b2xk,whsec_bmV3", "whsec_bmV3"],
  ])("is the last of %s, for a shell", (setting, last) => {
    write(setting);
    const [, sed] = COMMAND.exec(README) ?? [];
    expect(run("sh", "-c", `${sed} .dev.vars`)).toBe(`${last}\n`);
  });

  it("is read by the same command as npm start prints it", () => {
    const [, sed = ""] = COMMAND.exec(README) ?? [];
    expect(readFileSync("src/cli/start.ts", "utf8").replaceAll("\\\\", "\\")).toContain(`SECRET=$(${sed} \${file})`);
  });

  it.each([
    ["whsec_b2xk", "whsec_b2xk"],
    ["whsec_b2xk,whsec_bmV3", "whsec_bmV3"],
  ])("is the last of %s, for Python", (setting, last) => {
    write(setting);
    // Python's pattern is one that JavaScript reads the same.
    const [, pattern = "(?!)"] = /^secret = re\.search\(r'(.*)', .*, re\.M\)\[1\]$/m.exec(README) ?? [];
    expect(new RegExp(pattern, "m").exec(readFileSync(join(dir, ".dev.vars"), "utf8"))?.[1]).toBe(last);
  });
});
