import { describe, expect, it } from "vitest";
import { formatReport } from "../../../src/cli/doctor/report.ts";
import { plain } from "../../../src/cli/screen.ts";
import { failed, passed, warned } from "../../../src/domain/check.ts";

describe("the report", () => {
  it("has a line per check, and below what is not well what to do", () => {
    const checks = [
      passed("local.node", "Node 24."),
      failed("database.triggers", "One is gone.", "Make it again."),
      { ...warned("account.broker", "It is slow.", "Wait."), account: "a1" },
    ];
    expect(formatReport(checks, plain).split("\n")).toEqual([
      "      CHECK              WHAT WAS FOUND",
      "ok    local.node         Node 24.",
      "FAIL  database.triggers  One is gone.",
      "                         → Make it again.",
      "WARN  account.broker a1  It is slow.",
      "                         → Wait.",
      "",
      "1 failed, 1 warning, 1 ok.",
    ]);
  });

  it("counts only what there is", () => {
    expect(formatReport([passed("a", "b")], plain)).toMatch(/\n\n1 ok\.$/);
  });

  it("shows nothing that could steer the terminal", () => {
    expect(formatReport([failed("a", "\u001b[2Jb", "\u001b[2Jc")], plain)).not.toContain("\u001b");
  });
});
