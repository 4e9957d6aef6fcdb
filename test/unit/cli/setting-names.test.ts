import { experimental_readRawConfig } from "wrangler";
import { describe, expect, it } from "vitest";
import { SECRETS, VARS, withoutSettings } from "../../../src/cli/setting-names.ts";
import { readConfig } from "../../../src/config.ts";

/** Every name that the gateway looks for in its environment. */
function settingsAskedFor(): string[] {
  const asked = new Set<string>();
  const get = (_env: object, name: string | symbol): undefined => void asked.add(String(name));
  readConfig(new Proxy({}, { get }));
  return [...asked];
}

describe("the settings", () => {
  it("are those that the gateway asks for, each of them", () => {
    expect(settingsAskedFor().toSorted()).toEqual([...SECRETS, ...VARS].toSorted());
  });

  it("are told secrets from others by what wrangler.toml requires", () => {
    const { rawConfig } = experimental_readRawConfig({ config: "wrangler.toml" });
    const { secrets, vars } = rawConfig as { secrets: { required: string[] }; vars: object };
    expect([...SECRETS].toSorted()).toEqual(secrets.required.toSorted());
    for (const name of Object.keys(vars)) expect(VARS).toContain(name);
  });

  it("are not taken from whoever starts a gateway, and neither is the part of wrangler.toml; all else is", () => {
    const exported = Object.fromEntries([...settingsAskedFor(), "CLOUDFLARE_ENV"].map((name) => [name, "theirs"]));
    expect(withoutSettings({ PATH: "/bin", ...exported, SALLYPORT_API_KEY: "k" })).toEqual({
      PATH: "/bin",
      SALLYPORT_API_KEY: "k",
    });
  });
});
