import { experimental_readRawConfig } from "wrangler";
import { describe, expect, it } from "vitest";
import { SECRETS, VARS, withoutSettings } from "../../../src/cli/setting-names.ts";

describe("the settings", () => {
  const { rawConfig } = experimental_readRawConfig({ config: "wrangler.toml" });
  const { secrets, vars } = rawConfig as { secrets: { required: string[] }; vars: object };

  it("are those of wrangler.toml, each of them", () => {
    expect([...SECRETS].toSorted()).toEqual(secrets.required.toSorted());
    expect([...VARS].toSorted()).toEqual(Object.keys(vars).toSorted());
  });

  it("are not taken from whoever starts a gateway, and all else is", () => {
    const settings = Object.fromEntries([...secrets.required, ...Object.keys(vars)].map((name) => [name, "theirs"]));
    expect(withoutSettings({ PATH: "/bin", ...settings, SALLYPORT_API_KEY: "k" })).toEqual({
      PATH: "/bin",
      SALLYPORT_API_KEY: "k",
    });
  });
});
