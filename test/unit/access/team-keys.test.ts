// Which keys an assertion is held against, how often Access is asked for them, and what holds while it cannot be.
import { beforeAll, describe, expect, it } from "vitest";
import { readTeamKeys, rememberTeamKeys } from "../../../src/access/team-keys.ts";
import { type SigningKey, keySetOf, makeSigningKey } from "../../support/access-team.ts";

const ISSUER = "https://example.cloudflareaccess.com";
const UNREACHABLE = { message: "the team's keys cannot be read: Error: HTTP 502" };
const NO_SUCH_KEY = { code: "ERR_JWKS_NO_MATCHING_KEY" };

let first: SigningKey;
let second: SigningKey;

beforeAll(async () => {
  [first, second] = await Promise.all([makeSigningKey("first"), makeSigningKey("second")]);
});

/** The keys of a team over a clock that is set by hand. What the team publishes can change, and be out of reach. */
function aTeam(published: object = keySetOf(first)) {
  const team = { nowMs: 1_768_487_400_000, published: published as object | undefined, asked: 0 };
  const read = () =>
    readTeamKeys(ISSUER, async () => {
      team.asked += 1;
      return team.published === undefined ? new Response("", { status: 502 }) : Response.json(team.published);
    });
  const keys = rememberTeamKeys(read, () => team.nowMs);
  const find = async (kid?: string) => {
    const header = kid === undefined ? { alg: "RS256" } : { alg: "RS256", kid };
    return keys(header, { payload: "", signature: "" });
  };
  return { team, find };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the keys of a team", () => {
  it("are asked for once, by however many at once, and found by name", async () => {
    const { team, find } = aTeam(keySetOf(first, second));
    const [one, other, again] = await Promise.all([find("first"), find("second"), find("first")]);
    expect(one).not.toBe(other);
    expect(again).toBe(one);
    expect(team.asked).toBe(1);
  });

  it("are asked for again when one is named that is not among them, so that a new key holds at once", async () => {
    const { team, find } = aTeam();
    await find("first");
    team.published = keySetOf(second, first);
    team.nowMs += 30_001;
    await Promise.all([find("second"), find("second"), find("first")]);
    expect(team.asked).toBe(2);
  });

  it("are asked for every 30 seconds at most, whatever is named", async () => {
    const { team, find } = aTeam();
    await find("first");
    for (let atSec = 0; atSec < 120; atSec += 1) {
      await expect(find(`made-up-${atSec}`)).rejects.toMatchObject(NO_SUCH_KEY);
      team.nowMs += 1_000;
    }
    expect(team.asked).toBe(4);
    await find("first");
  });

  it("are not asked for by what names no key", async () => {
    const { team, find } = aTeam();
    await expect(find()).rejects.toMatchObject(NO_SUCH_KEY);
    expect(team.asked).toBe(0);
  });

  it("are read again every ten minutes, so that what Access has taken away ends", async () => {
    const { team, find } = aTeam(keySetOf(first, second));
    await find("second");
    team.published = keySetOf(first);
    team.nowMs += 600_001;
    await find("second");
    await settled();
    await expect(find("second")).rejects.toMatchObject(NO_SUCH_KEY);
    expect(team.asked).toBe(2);
  });
});

describe("while Access cannot be reached", () => {
  it("nobody can tell, where nothing was read before", async () => {
    const { team, find } = aTeam();
    team.published = undefined;
    await expect(find("first")).rejects.toMatchObject(UNREACHABLE);
    await expect(find("first")).rejects.toMatchObject(UNREACHABLE);
    expect(team.asked).toBe(1);
    team.published = keySetOf(first);
    team.nowMs += 1_000;
    await find("first");
  });

  it("what was read holds for a day", async () => {
    const { team, find } = aTeam();
    await find("first");
    team.published = undefined;
    team.nowMs += 86_400_000;
    await find("first");
    team.nowMs += 1_001;
    await expect(find("first")).rejects.toMatchObject(UNREACHABLE);
  });

  it("nobody can tell whether a key that is not known is a new one", async () => {
    const { team, find } = aTeam();
    await find("first");
    team.published = undefined;
    team.nowMs += 30_001;
    await expect(find("second")).rejects.toMatchObject(UNREACHABLE);
    await find("first");
  });
});

describe("what the team's domain answers", () => {
  const reading = (response: () => Response | Promise<Response>) => {
    const requests: Request[] = [];
    const ended = readTeamKeys(ISSUER, async (request) => {
      requests.push(request);
      return response();
    });
    return { requests, ended };
  };

  it("is asked for at Access's own address, and no other one is followed to", async () => {
    const { requests, ended } = reading(() => Response.json(keySetOf(first)));
    await ended;
    expect(requests).toMatchObject([
      { method: "GET", url: "https://example.cloudflareaccess.com/cdn-cgi/access/certs", redirect: "manual" },
    ]);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["a redirect", () => Response.redirect("https://other.test/certs")],
    ["an error", () => Response.json({ keys: [] }, { status: 500 })],
    ["a page", () => new Response("<html></html>")],
    ["nothing", () => new Response(null)],
    ["text that is not UTF-8", () => new Response(new Uint8Array([0x22, 0xff, 0x22]))],
    ["no key set", () => Response.json({ public_certs: [] })],
    ["keys that are none", () => Response.json({ keys: ["a", 1] })],
    ["no end", () => Response.json({ keys: [], padding: "x".repeat(64 * 1024) })],
    ["no answer", () => Promise.reject(new TypeError("the connection was lost"))],
  ])("is no fault of an assertion when it is %s", async (_, response) => {
    const error = await reading(response).ended.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: "Error", message: expect.stringMatching(/^the team's keys cannot be read: /) });
    expect(error).not.toHaveProperty("code");
  });
});
