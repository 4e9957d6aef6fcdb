// Where a gateway listens, and whether what is sent there can be read on the way.
import { type Result, err, ok } from "../domain/result.ts";

export type Address = {
  /** Without a trailing slash; paths are appended as they are. */
  readonly url: string;
  /** On this machine: nothing that is sent there reaches a wire. */
  readonly isLoopback: boolean;
};

/** The names of this machine itself, as `URL` spells them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Reads an address, or says why keys and orders must not go there. */
export function readAddress(text: string): Result<Address, string> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return err("takes an http or https URL");
  if (url.username !== "" || url.password !== "") return err("takes a URL without a name or password in it");
  if (url.search !== "" || url.hash !== "") return err("takes a URL without ? and #");
  const isLoopback = LOOPBACK.test(url.hostname);
  if (url.protocol === "http:" && !isLoopback) {
    return err("takes https for another machine: over http, keys and orders can be read and held back on the way");
  }
  return ok({ url: (url.origin + url.pathname).replace(/\/+$/, ""), isLoopback });
}
