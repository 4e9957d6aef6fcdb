// Who asks for a change, and by which request.
import type { Actor } from "../domain/audit-entry.ts";

/** A request by somebody who may give orders about orders. */
export type Caller = {
  readonly actor: Actor;
  readonly requestId: string;
  readonly clientIp: string | null;
};
