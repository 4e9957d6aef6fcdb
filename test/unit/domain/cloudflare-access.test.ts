// The setting that lists the operators, and whom claims speak of.
import { describe, expect, it } from "vitest";
import { UNBOUND } from "../../../src/domain/access.ts";
import { CloudflareAccess, findOperator } from "../../../src/domain/cloudflare-access.ts";
import {
  ACCESS,
  PERSON,
  PERSON_ID,
  PROGRAM,
  accessSetting,
  claimsOfPerson,
  claimsOfProgram,
} from "../../support/access-team.ts";

const SCOPES = ["orders:read"];

/** Where a setting is wrong, and how: each once. */
function problemsOf(setting: unknown): string[] {
  const parsed = CloudflareAccess.safeParse(setting);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the setting", () => {
  it("takes people by address and programs by service token, for every account where none is named", () => {
    expect(ACCESS.operators).toEqual([
      { email: PERSON.toLowerCase(), scopes: ["orders:read", "admin:accounts"], accounts: null },
      { service_token: PROGRAM, scopes: SCOPES, accounts: ["paper"] },
    ]);
  });

  it.each([
    ["https://example.cloudflareaccess.com"],
    ["example.cloudflareaccess.com/"],
    ["example.cloudflareaccess.com.other.test"],
    ["cloudflareaccess.com"],
    ["example.cloudflareacess.com"],
    ["a.b.cloudflareaccess.com"],
    ["Example.cloudflareaccess.com"],
    ["example.cloudflareaccess.com:8443"],
    ["user@example.cloudflareaccess.com"],
  ])("takes no other domain than a team's, so not %j", (team_domain) => {
    expect(problemsOf(accessSetting({ team_domain }))).toEqual([
      "team_domain: must be the team's domain without https://, like example.cloudflareaccess.com",
    ]);
  });

  it.each([["f".repeat(63)], ["F".repeat(64)], [""], ["my-application"]])("takes no audience %j", (audience) => {
    expect(problemsOf(accessSetting({ audience }))).toEqual([
      "audience: must be the application's AUD tag: 64 lower-case hex digits",
    ]);
  });

  it.each<[string, object[], string[]]>([
    ["nobody", [], ["operators: must name at least one operator"]],
    [
      "more than a hundred",
      Array.from({ length: 101 }, (_, at) => ({ email: `a${at}@example.com`, scopes: SCOPES })),
      ["operators: must name at most 100 operators"],
    ],
    ["somebody without a name", [{ scopes: SCOPES }], ["operators.0: must have either email or service_token"]],
    [
      "somebody with two",
      [{ email: PERSON, service_token: PROGRAM, scopes: SCOPES }],
      ["operators.0: must have either email or service_token"],
    ],
    [
      "what is no address",
      [{ email: "@example.com", scopes: SCOPES }],
      ["operators.0.email: must be an e-mail address"],
    ],
    ["a whole domain", [{ email: "*@example.com", scopes: SCOPES }], ["operators.0.email: must be an e-mail address"]],
    [
      "a service token's name",
      [{ service_token: "deployments", scopes: SCOPES }],
      ["operators.0.service_token: must be a service token's client id, like 88bf3b6d86161464f6509f7219099e57.access"],
    ],
    [
      "somebody twice",
      [
        { email: PERSON, scopes: SCOPES },
        { service_token: PROGRAM, scopes: SCOPES },
        { email: PERSON.toUpperCase(), scopes: ["kill"] },
        { service_token: PROGRAM, scopes: ["kill"] },
      ],
      ["operators.2: is listed twice", "operators.3: is listed twice"],
    ],
  ])("takes no list with %s", (_, operators, problems) => {
    expect(problemsOf(accessSetting({ operators }))).toEqual(problems);
  });

  it.each([
    ["scopes", []],
    ["scopes", undefined],
    ["scopes.0", ["admin"]],
    ["accounts", []],
    ["accounts.0", ["Paper"]],
    ["", { e_mail: PERSON }],
  ])("takes no operator with wrong %s", (path, value) => {
    const differing = path === "" ? (value as object) : { [path.split(".")[0] ?? ""]: value };
    const operators = [{ email: PERSON, scopes: SCOPES, ...differing }];
    const [problem = "", ...others] = problemsOf(accessSetting({ operators }));
    expect(problem.startsWith(`operators.0${path === "" ? "" : `.${path}`}: `)).toBe(true);
    expect(others).toEqual([]);
  });

  it("takes nothing else beside them", () => {
    expect(problemsOf({ ...accessSetting(), cookie: true })).toHaveLength(1);
  });

  it("quotes no address in a problem", () => {
    const operators = [{ email: `${PERSON}>`, service_token: PERSON, scopes: [PERSON], accounts: [PERSON] }];
    expect(problemsOf(accessSetting({ operators })).join("\n")).not.toContain(PERSON);
  });
});

describe("claims that have been proven", () => {
  const AT_SEC = 1_768_487_400;
  const person = claimsOfPerson(AT_SEC);
  const program = claimsOfProgram(AT_SEC);

  it("speak of a person by the address, and name the user's id", () => {
    const principal = {
      kind: "operator",
      id: `access:${PERSON_ID}`,
      person: PERSON.toLowerCase(),
      scopes: ["orders:read", "admin:accounts"],
      accounts: null,
      ...UNBOUND,
    };
    expect(findOperator(ACCESS, person)).toEqual({ ok: true, value: principal });
    expect(findOperator(ACCESS, { ...person, email: PERSON.toUpperCase() })).toEqual({ ok: true, value: principal });
  });

  it("speak of a program by its service token", () => {
    const principal = {
      kind: "operator",
      id: `access:${PROGRAM}`,
      person: PROGRAM,
      scopes: SCOPES,
      accounts: ["paper"],
      ...UNBOUND,
    };
    expect(findOperator(ACCESS, program)).toEqual({ ok: true, value: principal });
  });

  it.each([
    ["a person who is not listed", { ...person, email: "eve@example.com" }],
    ["a program that is not listed", { ...program, common_name: "00000000000000000000000000000000.access" }],
    // Client certificates stand in the same claim.
    ["a person beside a program's name", { ...person, email: "eve@example.com", common_name: PROGRAM }],
  ])("do not make an operator of %s", (_, claims) => {
    expect(findOperator(ACCESS, claims)).toEqual({ ok: false, error: "unknown_operator" });
  });

  it.each([
    ["the whole team's token", { ...person, type: "org" }],
    ["no type", { ...person, type: undefined }],
    ["no user id", { ...person, sub: undefined }],
    ["an empty user id", { ...person, sub: "" }],
    ["an address as the user id", { ...person, sub: PERSON }],
    ["a list of addresses", { ...person, email: [PERSON] }],
    ["a letter that only looks like one", { ...person, email: PERSON.replace("l", "\u2113") }],
    ["a Kelvin sign, which is a k when written small", { ...person, email: "\u212Aate@example.com" }],
    ["a program's name and a user id", { ...program, sub: PERSON_ID }],
    ["a program's name and no user id at all", { ...program, sub: undefined }],
    ["a certificate's name", { ...program, common_name: "ada.example.com" }],
    ["an address as a program's name", { ...program, common_name: PERSON.toLowerCase() }],
    ["an empty address beside a program's name", { ...program, email: "" }],
    ["nothing", {}],
  ])("name nobody with %s", (_, claims) => {
    expect(findOperator(ACCESS, claims)).toEqual({ ok: false, error: "names_nobody" });
  });
});
