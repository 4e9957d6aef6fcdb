import { describe, expect, it } from "vitest";
import { plain } from "../../../src/cli/screen.ts";
import { describeReach } from "../../../src/cli/stop-reach.ts";
import { formatReleased, formatStopped, formatStops } from "../../../src/cli/stop-text.ts";
import { StopView, StoppedView } from "../../../src/cli/views.ts";

const ID = "1f0c2a4e-7d35-4f0e-9a51-3d7f5d0c9b11";
const ONCE = { times: 1, options: {} };

const aStop = (difference: object = {}): StopView =>
  StopView.parse({
    id: ID,
    account: null,
    source: null,
    symbol: null,
    state: "reducing",
    level: "gateway",
    set_by: "bootstrap",
    set_at: "2026-01-15T14:30:00.123Z",
    reason: "stopped by hand",
    ...difference,
  });

const stopped = (accounts: readonly object[], difference: object = {}): StoppedView =>
  StoppedView.parse({ stop: aStop(difference), accounts });

describe("what a stop reaches", () => {
  it.each([
    [{}, "everything"],
    [{ account: "paper" }, "everything at account paper"],
    [{ source: "momentum" }, "source momentum"],
    [{ symbol: "AAPL" }, "everything in AAPL"],
    [{ account: "paper", source: "momentum", symbol: "AAPL" }, "source momentum in AAPL at account paper"],
  ])("%j is %s", (difference, words) => {
    expect(describeReach(aStop(difference))).toBe(words);
  });
});

describe("trading that is stopped", () => {
  it("shows of each account what is wanted canceled, and every order on the wire", () => {
    const accounts = [
      { account: "paper", canceled: 12, on_the_wire: ["paper_1", "paper_2"] },
      { account: "second", canceled: 0, on_the_wire: [] },
    ];
    const text = formatStopped(stopped(accounts), ONCE, plain);
    expect(text).toMatch(/^Stopped: everything\.$/m);
    expect(text).toMatch(/^state +reducing: exits pass, and cancels$/m);
    expect(text).toMatch(/^paper +12 {2}paper_1\n +paper_2\nsecond +0$/m);
    expect(text).toContain("may be filled. Look at each:\n\n  npx sallyport orders show paper_1\n");
  });

  it("says how to release it, at the same gateway", () => {
    const options = { url: "https://gateway.example.com" };
    const text = formatStopped(stopped([]), { times: 1, options }, plain);
    expect(text).toMatch(
      /Release it:\n\n {2}npx sallyport release --url https:\/\/gateway\.example\.com 1f0c2a4e-\S+$/,
    );
  });

  it("says nothing of the wire where nothing is on it", () => {
    const text = formatStopped(stopped([{ account: "paper", canceled: 0, on_the_wire: [] }]), ONCE, plain);
    expect(text).not.toContain("What is on the wire");
    expect(text).not.toContain("asked for more than once");
  });

  it("says what its numbers leave out where it took more than one request", () => {
    const accounts = [{ account: "paper", canceled: 0, on_the_wire: [] }];
    const text = formatStopped(stopped(accounts), { times: 2, options: {} }, plain);
    expect(text).toContain("asked for more than once; what ended in between is not counted");
  });

  it("can be a gateway without an account", () => {
    expect(formatStopped(stopped([]), ONCE, plain)).toContain("No account goes by it yet");
  });

  it("lets no word from outside steer the terminal", () => {
    const text = formatStopped(stopped([], { source: "a\u001b[2J", reason: "x\ny" }), ONCE, plain);
    expect(text).toContain("Stopped: source a\\u{1b}[2J.");
    expect(text).toMatch(/^reason +x\\u\{a\}y$/m);
  });
});

describe("stops", () => {
  it("are a line each", () => {
    const halted = aStop({ account: "live", symbol: "TSLA", state: "halted", level: "account", set_by: "desk" });
    const lines = formatStops([aStop(), halted], plain).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(
      new RegExp(`^2026-01-15T14:30:00Z +${ID} +everything +reducing +gateway +bootstrap +stopped by hand$`),
    );
    expect(lines[2]).toMatch(/ everything in TSLA at account live +halted +account +desk /);
  });

  it("can be none, and of a state that this program has never heard of", () => {
    expect(formatStops([], plain)).toBe("Nothing is stopped.");
    expect(formatStops([aStop({ state: "constructor" })], plain)).toMatch(/ everything +constructor /);
  });
});

describe("a stop that is released", () => {
  it("says what it was, and that others may be in force", () => {
    const text = formatReleased(aStop({ source: "momentum" }), {}, plain);
    expect(text).toMatch(/^Released: source momentum\. What it has ended stays ended\.$/m);
    expect(text).toMatch(/^state +released, reducing until now$/m);
    expect(text).toMatch(/Other stops may still be in force:\n\n {2}npx sallyport stops$/);
  });
});
