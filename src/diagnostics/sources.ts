// Sources that will fall silent: what they sign with ends, and nobody uses what comes after it. Pure.
import { counted, failed, listed, passed, warned } from "../domain/check.ts";
import type { Source } from "../domain/source.ts";
import type { GatewayCheck } from "./gateway-checks.ts";

type SourceFacts = Pick<Source, "id" | "status" | "secrets">;

const CHECK = "sources.secrets";

/** A source that is disabled or deleted sends nothing, and waits for nobody. */
export function checkSources(sources: readonly SourceFacts[], nowMs: number): GatewayCheck {
  const active = sources.filter(({ status }) => status === "active");
  const mute = active.filter(({ secrets }) => !secrets.some((secret) => isLive(secret, nowMs)));
  if (mute.length > 0) {
    return failed(
      CHECK,
      `${counted(mute.length, "source")} without a secret that is accepted: ${namesOf(mute)}.`,
      "Give it another one and bring it to the sender: npx sallyport rotate source SOURCE",
    );
  }
  const waiting = active.filter((source) => waitsForSender(source, nowMs));
  if (waiting.length > 0) {
    return warned(
      CHECK,
      `${counted(waiting.length, "source")} whose new secret nobody has used, while the old one ends: ${namesOf(waiting)}.`,
      "Bring the new secret to the sender. If it is lost, take it back, and the old one goes on: npx sallyport sources retire SOURCE SECRET",
    );
  }
  return passed(CHECK, "Every source has a secret that is accepted and does not end unheard.");
}

type Secret = SourceFacts["secrets"][number];

const isLive = ({ expires_at: end }: Secret, nowMs: number): boolean => end === null || Date.parse(end) > nowMs;

const waitsForSender = ({ secrets }: SourceFacts, nowMs: number): boolean => {
  const live = secrets.filter((secret) => isLive(secret, nowMs));
  const lasting = live.filter(({ expires_at: end }) => end === null);
  return live.length > lasting.length && lasting.every(({ last_used_at: used }) => used === null);
};

const namesOf = (sources: readonly SourceFacts[]): string => listed(sources.map(({ id }) => id));
