import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingIn } from "../../../src/cli/dev-vars.ts";
import { Failure } from "../../../src/cli/failure.ts";
import { openDevVars, openValueFile } from "../../../src/cli/setting-file.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-setting-file-"));
  file = join(dir, "secrets");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("a setting of .dev.vars", () => {
  it.each([
    'NAME="old"',
    "NAME='old'",
    "NAME=`old`",
    "NAME=old",
    '  NAME = "old"  ',
    'NAME="old"\r',
    "NAME=old # from before",
    'NAME="old"# from before',
    'export NAME="old"',
  ])("is replaced in %j, and nothing else", (line) => {
    const textWith = (setting: string) =>
      ["# NAME is below", 'A_NAME="old"', "", setting, 'OTHER="old"', ""].join("\n");
    writeFileSync(file, textWith(line));
    const setting = openDevVars(file, "NAME");
    expect(setting.value).toBe("old");
    setting.replace("old,$&new");
    const text = readFileSync(file, "utf8");
    expect(text).toBe(textWith(line.split("old").join("old,$&new")));
    expect(settingIn(text, "NAME")).toBe("old,$&new");
    expect(parseEnv(text)).toEqual({ A_NAME: "old", NAME: "old,$&new", OTHER: "old" });
  });

  it.each([
    // Its value is not what is written there.
    ['NAME="o\\nld"', "new"],
    // Within the value of another.
    ['A="\nNAME=old\n"\nB=x', "new"],
    ["NAME=old", "new # and a note"],
    ["NAME=old", 'new\nOTHER="y"'],
    ["NAME='old'", "ne'w"],
    ["NAME=old\nNAME = ''", "new"],
  ])("is left as it is in %j where %j would not be all that changes", (text, next) => {
    writeFileSync(file, text);
    expect(() => openDevVars(file, "NAME").replace(next)).toThrow(Failure);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it("says how to write a line that it does not change", () => {
    writeFileSync(file, 'NAME="o\\nld"');
    expect(() => openDevVars(file, "NAME").replace("a-new-one")).toThrow(
      / Write the line as NAME="…", with nothing else/,
    );
    expect(() => openDevVars(file, "NAME").replace("a-new-one")).not.toThrow(/a-new-one/);
  });

  it("is changed so that it alone is read anew, or not at all", () => {
    const part = fc.string({ unit: fc.constantFrom(..."aN='\"`# \t,\\\n\r$".split("")), maxLength: 12 });
    const prefix = fc.constantFrom("", "OTHER=x\n", "export ", "# ", " ");
    fc.assert(
      fc.property(prefix, part, part, fc.constantFrom("new", "old,new"), (before, value, after, next) => {
        const text = `${before}NAME=${value}\n${after}\n`;
        writeFileSync(file, text);
        const read = parseEnv(text);
        try {
          openDevVars(file, "NAME").replace(next);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Failure);
          expect(readFileSync(file, "utf8")).toBe(text);
          return;
        }
        expect(parseEnv(readFileSync(file, "utf8"))).toEqual({ ...read, NAME: next });
      }),
    );
  });

  it("is refused where it is missing, or there twice", () => {
    writeFileSync(file, 'A_NAME="x"\n#NAME="x"\nNAME=""\n');
    expect(() => openDevVars(file, "NAME")).toThrow(/does not set NAME\.$/);
    writeFileSync(file, 'NAME="x"\nNAME="y"\n');
    expect(() => openDevVars(file, "NAME")).toThrow(/sets NAME more than once\.$/);
    expect(() => openDevVars(join(dir, "none"), "NAME")).toThrow(/none cannot be read/);
  });
});

describe("a file that holds one value", () => {
  it("is replaced whole, and is its owner's alone from then on", () => {
    writeFileSync(file, "old\n", { mode: 0o644 });
    const setting = openValueFile(file);
    expect(setting.value).toBe("old");
    setting.replace("old,new");
    expect(readFileSync(file, "utf8")).toBe("old,new\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["secrets"]);
  });

  it("may be found through a link, which stays", () => {
    writeFileSync(file, "old");
    const link = join(dir, "link");
    symlinkSync(file, link);
    openValueFile(link).replace("new");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, "utf8")).toBe("new\n");
  });
});
