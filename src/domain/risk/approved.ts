// The mark of something that has passed the policy. Only assess.ts puts it on.

declare const approved: unique symbol;

/** Something that has passed the policy: an order that skipped the rules does not compile where this is asked for. */
export type Approved<T> = T & { readonly [approved]: true };
