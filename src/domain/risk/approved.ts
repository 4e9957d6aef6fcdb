// The mark of something that has passed the policy. Only assess.ts puts it on.

declare const approved: unique symbol;

/** Something that has passed the policy: an order that skipped the rules does not compile where this is asked for. */
export type Approved<T> = T & { readonly [approved]: true };

/**
 * How long an approval may wait to be sent: as long as a signal may be on its way before. A restart falls into it; a market
 * order of an hour ago, which nobody wants any more, does not.
 */
export const APPROVAL_TTL_MS = 300_000;
