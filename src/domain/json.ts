// Reads JSON the way money needs it read: one meaning per text. JSON.parse alone lets the last of two equal keys win,
// rounds numbers in silence, and accepts any depth.
import { survivesDouble } from "./money.ts";
import { type Result, err, ok } from "./result.ts";

/** Deeper than any order or alert format nests; a bound before the parser sees the text. */
export const JSON_DEPTH_MAX = 16;

export type JsonRefusal =
  | { readonly reason: "malformed" }
  | { readonly reason: "too_deep"; readonly depthMax: number }
  | { readonly reason: "duplicate_key"; readonly key: string }
  | { readonly reason: "inexact_number"; readonly text: string };

/** A string (with the colon that makes it a key), a bracket, a number, or a quote that nothing closes. */
const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]|-?\d[\d.eE+-]*|"/gs;

/**
 * Parses a JSON text (RFC 8259) into plain values.
 *
 * Refuses what RFC 8259 refuses, and also: nesting over {@link JSON_DEPTH_MAX}, two equal keys in one object (compared
 * after unescaping), `__proto__` as a key, and a number that does not come out of a double as it went in; it has to be sent
 * as a string.
 */
export function parseJson(text: string): Result<unknown, JsonRefusal> {
  const refusal = scan(text);
  if (refusal !== undefined) return err(refusal);
  try {
    return ok(JSON.parse(text));
  } catch {
    return err({ reason: "malformed" });
  }
}

/** Walks the tokens once. On a text that is not JSON it may miss anything: the parser refuses that text afterwards. */
function scan(text: string): JsonRefusal | undefined {
  const keysByDepth: (Set<string> | undefined)[] = [];
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") {
      keysByDepth.push(token === "{" ? new Set() : undefined);
      if (keysByDepth.length > JSON_DEPTH_MAX) return { reason: "too_deep", depthMax: JSON_DEPTH_MAX };
    } else if (token === "}" || token === "]") {
      keysByDepth.pop();
    } else if (token === '"') {
      return { reason: "malformed" };
    } else if (token.startsWith('"')) {
      if (colon === undefined) continue;
      const key = unescapeString(token.slice(0, -colon.length));
      if (key === undefined) return { reason: "malformed" };
      const keys = keysByDepth.at(-1);
      if (keys === undefined) return { reason: "malformed" };
      if (keys.has(key) || key === "__proto__") return { reason: "duplicate_key", key };
      keys.add(key);
    } else if (NUMBER.test(token) && !survivesDouble(token)) {
      return { reason: "inexact_number", text: token };
    }
  }
  return undefined;
}

/** The number grammar of RFC 8259 section 6, exponents of any length included: JSON.parse reads 1e1000 as Infinity. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function unescapeString(token: string): string | undefined {
  try {
    return String(JSON.parse(token));
  } catch {
    return undefined;
  }
}
