// The example that operators copy into wrangler.toml.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { experimental_readRawConfig } from "wrangler";
import { CloudflareAccess } from "../../../src/domain/cloudflare-access.ts";

const EXAMPLE = /```toml\n(\[env\.production\.vars\.CLOUDFLARE_ACCESS\]\n[^]*?)```/;

it("the setting is taken as the documentation writes it", () => {
  const [, example = ""] = EXAMPLE.exec(readFileSync("docs/operating.md", "utf8")) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "sallyport-"));
  const config = join(folder, "wrangler.toml");
  writeFileSync(config, example);
  const { rawConfig } = experimental_readRawConfig({ config });
  rmSync(folder, { recursive: true });
  const setting = CloudflareAccess.parse(rawConfig.env?.["production"]?.vars?.["CLOUDFLARE_ACCESS"]);
  expect(setting.operators.map(({ accounts }) => accounts)).toEqual([null, ["paper"]]);
});
