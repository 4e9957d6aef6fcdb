// Every rule about a signal, in the order in which a step lists them; it is refused for the first one that fails. What an order of
// it has to pass afterwards is the book of `risk/rule-book.ts`.
import type { SignalRule } from "./rule.ts";
import { signalAge } from "./rules/age.ts";
import { delayedFeed } from "./rules/delayed-feed.ts";
import { positionGap } from "./rules/position-gap.ts";

export const SIGNAL_RULE_BOOK: readonly SignalRule[] = [signalAge, delayedFeed, positionGap];
