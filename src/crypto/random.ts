/** The only source of randomness: `length` bytes of the platform's cryptographic generator, at most 65,536 at once. */
export const randomBytes = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

/** A fraction in [0, 1), of 32 random bits. */
export const randomFraction = (): number => new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32;
