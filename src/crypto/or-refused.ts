// Tells a cipher's refusal from a bug.

/**
 * What a decryption gives; `undefined` where the cipher refuses. The Web Cryptography API reports every failed tag and every
 * failed padding as an OperationError; any other error is a bug here, and thrown.
 */
export async function orRefused<T>(decryption: Promise<T>): Promise<T | undefined> {
  try {
    return await decryption;
  } catch (error) {
    if (error instanceof DOMException && error.name === "OperationError") return undefined;
    throw error;
  }
}
