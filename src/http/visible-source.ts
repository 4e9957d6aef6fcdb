// Which sources there are for a caller.
import { type Principal, mayUse } from "../domain/access.ts";
import type { SignalSettings } from "../domain/signal/settings.ts";
import type { Source } from "../domain/source.ts";

/** A source that reaches accounts beyond the caller's, or stops them, does not exist for the caller. */
export const isVisible = ({ accounts, signals }: Source, principal: Principal): boolean =>
  accounts.every((account) => mayUse(principal, account)) && !isBeyond(signals, principal);

/** Whoever is bound to accounts has nobody stop the others. */
export const isBeyond = ({ stop_reach: reach }: Pick<SignalSettings, "stop_reach">, { accounts }: Principal): boolean =>
  reach === "everything" && accounts !== null;
