// Fields by which a sender asks for less caution than the account's owner has set: to trade outside its hours, or with borrowed
// money. The source's settings say whether such a signal is refused, or carried out without that. What they ask for is never done.
import type { Fields } from "./fields.ts";
import type { Notice, ReadOptions } from "./format.ts";

type Loosening = {
  readonly isNamed: RegExp;
  /** Of a field that is on or off, and asks for nothing when it is off: the code of one that is neither. */
  readonly invalidSwitch?: string;
  readonly message: string;
};

const LOOSENINGS: readonly Loosening[] = [
  {
    isNamed: /^ignoretradingwindows$/,
    invalidSwitch: "invalid_ignore_trading_windows",
    message: "trading hours hold for every signal",
  },
  // Also 3Commas' `leverage_type` and `leverage_custom_value`.
  { isNamed: /leverage|^lev$/, message: "how much an account may borrow is set at its broker, and by no signal" },
];

/** By the letters of its name: senders do not agree on capitals, nor on what stands between two words. */
function looseningIn(name: string): Loosening | undefined {
  const letters = name.toLowerCase().replaceAll(/[^a-z]/g, "");
  return LOOSENINGS.find(({ isNamed }) => isNamed.test(letters));
}

/** What is said of a field that asks for less caution; `undefined` for a field of any other name. */
export function whyLoosening(name: string): Pick<Notice, "code" | "message"> | undefined {
  const found = looseningIn(name);
  return found && { code: "loosens_policy", message: found.message };
}

/** To be called before the fields that nobody has read are refused. */
export function sortOutLoosening(fields: Fields, loosening: ReadOptions["loosening"], notices: Notice[]): void {
  for (const name of fields.unread()) {
    const why = whyLoosening(name);
    if (why === undefined || !isAskedFor(fields, name)) continue;
    if (loosening === "refuse") fields.refuse(name, why.code, why.message);
    else notices.push({ pointer: fields.pointerTo(name), ...why });
  }
}

function isAskedFor(fields: Fields, name: string): boolean {
  const invalidSwitch = looseningIn(name)?.invalidSwitch;
  return invalidSwitch === undefined ? fields.has(name) : fields.flag(name, invalidSwitch) === true;
}
