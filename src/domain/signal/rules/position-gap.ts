// Whether what the sender believes is held is what the account holds. Where it is not, a signal was missed or came out of order, or
// somebody else trades here.
import { type Decimal, ZERO, absolute, isZero, lessThan } from "../../money.ts";
import type { Circumstances, Notice, PositionClaim } from "../format.ts";
import type { SignalLimits, SignalRule } from "../rule.ts";

const CODE = "position_gap";

export const positionGap: SignalRule = {
  id: CODE,
  about: "Before a signal that opens something, the account holds what the sender believes it does.",
  clauses: [],
  setting: "position_gap",
  isOn: ({ position_gap: mode }) => mode === "deny",
  check({ positionBefore: claim }, { position_gap: mode }, { position }) {
    if (claim === undefined) return undefined;
    const found = { input: `${describe(claim)} believed, ${position} held`, limit: mode };
    return mode === "deny" && !agrees(claim, position)
      ? { ...found, passed: false, reason: CODE, detail: describeGap(claim, position) }
      : { ...found, passed: true };
  },
};

/** What there is to say about such a gap where it is no reason to refuse. */
export function gapNotice(
  { positionBefore: claim }: Circumstances,
  { position_gap: mode }: SignalLimits,
  position: Decimal,
): Notice | undefined {
  if (mode !== "note" || claim === undefined || agrees(claim, position)) return undefined;
  return { pointer: "", code: CODE, message: describeGap(claim, position) };
}

function agrees({ side, size }: PositionClaim, position: Decimal): boolean {
  const held = isZero(position) ? "flat" : lessThan(position, ZERO) ? "short" : "long";
  return side === held && (held === "flat" || size === undefined || size === absolute(position));
}

const describe = ({ side, size }: PositionClaim): string => (size === undefined ? side : `${side} ${size}`);

const describeGap = (claim: PositionClaim, position: Decimal): string =>
  `the sender believes ${describe(claim)} before this signal, ${position} are held`;
