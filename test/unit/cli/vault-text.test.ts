import { describe, expect, it } from "vitest";
import { plain } from "../../../src/cli/screen.ts";
import { formatRotated } from "../../../src/cli/vault-text.ts";

const version = (number: number, rows: number, hasKey = true) => ({ version: number, rows, has_key: hasKey });
const text = (versions: ReturnType<typeof version>[], { isLoopback = false, left = 0, closed = [] as string[] } = {}) =>
  formatRotated({ vault: { primary: 2, versions }, rewrapped: 0, left, closed }, { isLoopback, options: {} }, plain);

describe("a rotation of the encryption key", () => {
  it("says how to take the old keys away from a deployed gateway, without showing the new one", () => {
    const said = text([version(2, 71), version(1, 0), version(7, 0)]);
    expect(said).toContain("Take versions 1, 7 out of CREDENTIALS_ENCRYPTION_KEYS. Keep the key ");
    expect(said).toMatch(/^ {2}npx wrangler secret put CREDENTIALS_ENCRYPTION_KEYS --env production < 2\.key$/m);
  });

  it("begins with a key of a version that was never used", () => {
    const said = text([version(2, 4)]);
    expect(said).toMatch(/^ {2}\(umask 077; npx sallyport keygen encryption --version 3 > 3\.key\)$/m);
    expect(said).toMatch(/^ {2}paste -d, 3\.key 2\.key \| npx wrangler secret put CREDENTIALS_ENCRYPTION_KEYS /m);
  });

  it("on a laptop is a matter of .dev.vars", () => {
    expect(text([version(2, 4)], { isLoopback: true })).not.toContain("wrangler");
    expect(text([version(2, 4), version(1, 0)], { isLoopback: true })).toContain("in .dev.vars");
  });

  it("does not say that a key can go that something still needs", () => {
    const said = text([version(2, 4), version(1, 3)], { left: 3 });
    expect(said).toMatch(/^ +1 +3 +opens$/m);
    expect(said).not.toContain("Take version");
    expect(said).toContain("run it again");
  });

  it("names what does not open, and what to do about it", () => {
    const said = text([version(2, 4), version(1, 2, false)], {
      left: 2,
      closed: ["broker_connections a1", "\u001b[2J"],
    });
    expect(said).toMatch(/^ +1 +2 +missing$/m);
    expect(said).toMatch(/^ {2}broker_connections a1\n {2}\\u\{1b\}\[2J$/m);
    expect(said).toContain("npx sallyport accounts credentials --file FILE ACCOUNT");
  });
});
