import { describe, expect, it } from "vitest";
import { MaskedOutput } from "../../../src/cli/masked-output.ts";

function passing(...pieces: readonly string[]): readonly string[] {
  const written: string[] = [];
  const output = new MaskedOutput((text) => written.push(text));
  for (const piece of pieces) output.add(piece);
  output.end();
  return written;
}

describe("the output of wrangler", () => {
  it.each([
    ["POST /webhooks/tv/s3cret-token 200 OK (12ms)", "POST /webhooks/tv/… 200 OK (12ms)"],
    ["POST /webhooks/tv/s3cret-token?a=1 200 OK", "POST /webhooks/tv/… 200 OK"],
    ["GET /approvals/paper_1/s3cret-token 200 OK", "GET /approvals/paper_1/… 200 OK"],
    ['{"route":"/webhooks/:source/:token","status":200}', '{"route":"/webhooks/:source/:token","status":200}'],
    ["POST /webhooks/alerts 202 Accepted", "POST /webhooks/alerts 202 Accepted"],
    ["GET /v1/approvals 200 OK", "GET /v1/approvals 200 OK"],
  ])("has no token of %j", (line, shown) => {
    expect(passing(`[wrangler:info] ${line}\n`)).toEqual([`[wrangler:info] ${shown}\n`]);
  });

  it("has none either where a line comes in pieces", () => {
    expect(passing("ready\nPOST /webhooks/tv/s3c", "ret-token 200 OK\nGET /he", "alth")).toEqual([
      "ready\n",
      "POST /webhooks/tv/… 200 OK\n",
      "GET /health",
    ]);
  });
});
