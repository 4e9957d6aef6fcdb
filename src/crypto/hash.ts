// Synchronous, unlike WebCrypto: the audit chain is extended inside a Durable Object's transactionSync, which cannot await.
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeHex } from "./encoding.ts";

export const sha256Hex = (bytes: Uint8Array): string => encodeHex(sha256(bytes));
