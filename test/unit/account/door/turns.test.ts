// Which decision waits for which other one.
import { describe, expect, it } from "vitest";
import { Turns } from "../../../../src/account/door/turns.ts";

/** Whether it has come by now, as far as promises that are settled go. */
async function hasCome({ come }: { readonly come: Promise<unknown> }): Promise<boolean> {
  let is = false;
  void come.then(() => (is = true));
  for (let ticks = 0; ticks < 10; ticks += 1) await Promise.resolve();
  return is;
}

describe("a turn", () => {
  it("comes at once where nothing came before", async () => {
    expect(await hasCome(new Turns().take(["AAPL"]))).toBe(true);
  });

  it("comes after everything before it in its symbol, and waits for no other symbol", async () => {
    const turns = new Turns();
    const [first, second] = [turns.take(["AAPL"]), turns.take(["AAPL", "MSFT"])];
    const third = turns.take(["AAPL"]);
    expect(await hasCome(turns.take(["SPY"]))).toBe(true);
    first.over();
    expect([await hasCome(second), await hasCome(third)]).toEqual([true, false]);
    second.over();
    expect(await hasCome(third)).toBe(true);
  });

  it("about every symbol comes after all, and before all that come later", async () => {
    const turns = new Turns();
    const [one, other] = [turns.take(["AAPL"]), turns.take(["MSFT"])];
    const all = turns.take(null);
    const later = turns.take(["SPY"]);
    one.over();
    expect(await hasCome(all)).toBe(false);
    other.over();
    expect([await hasCome(all), await hasCome(later)]).toEqual([true, false]);
    all.over();
    expect(await hasCome(later)).toBe(true);
  });

  it("about no symbol waits for nothing, and only what is about all waits for it", async () => {
    const turns = new Turns();
    turns.take(["AAPL"]);
    const stop = turns.take([]);
    expect(await hasCome(stop)).toBe(true);
    expect(await hasCome(turns.take(["MSFT"]))).toBe(true);
  });
});
