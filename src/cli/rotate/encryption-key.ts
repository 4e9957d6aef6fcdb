// Moves everything that is sealed under the first encryption key of the setting.
import * as z from "zod";
import { ask } from "../api.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import type { Screen } from "../screen.ts";
import type { Connection, ConnectionOptions } from "../settings.ts";
import { type Rotated, formatRotated } from "../vault-text.ts";
import { VaultView } from "../views.ts";

const RewrappedView = z.looseObject({ rewrapped: z.number(), left: z.number(), closed: z.array(z.string()) });

type Deps = { readonly options: ConnectionOptions; readonly screen: Screen };

export async function rotateEncryption(connection: Connection, { options, screen }: Deps): Promise<ExitCode> {
  const moved = await moveAll(connection, rowsUnderOthers(await readVault(connection)), screen);
  const vault = await readVault(connection);
  const left = rowsUnderOthers(vault);
  const rotated: Rotated = { vault, ...moved, left };
  screen.show({
    document: { ...vault, ...moved, left },
    text: () => formatRotated(rotated, { options, isLoopback: connection.isLoopback }, screen.paint),
  });
  return left === 0 ? EXIT.done : EXIT.failed;
}

const readVault = async (connection: Connection): Promise<VaultView> =>
  (await ask(connection, { path: "/v1/vault" }, VaultView)).body;

const rowsUnderOthers = ({ primary, versions }: VaultView): number =>
  versions.filter(({ version }) => version !== primary).reduce((sum, { rows }) => sum + rows, 0);

/** Asks until nothing is left, or until asking makes it no less. */
async function moveAll(
  connection: Connection,
  count: number,
  screen: Screen,
): Promise<Pick<Rotated, "rewrapped" | "closed">> {
  const closed = new Set<string>();
  let rewrapped = 0;
  let left = count;
  let before = Infinity;
  while (left > 0 && left < before) {
    const { body } = await ask(connection, { method: "POST", path: "/v1/vault/rewrap" }, RewrappedView);
    before = left;
    left = body.left;
    rewrapped += body.rewrapped;
    for (const row of body.closed) closed.add(row);
    screen.hint(`${rewrapped} moved, ${left} left`);
  }
  return { rewrapped, closed: [...closed] };
}
