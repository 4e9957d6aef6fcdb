// Puts a new API_KEY_HMAC_SECRET beside the old one, and later takes the old one away, in the file where the operator keeps
// it. No secret is shown: what has to go to a gateway goes there from the file.
import { randomBytes } from "../../crypto/random.ts";
import { splitSecrets } from "../dev-vars.ts";
import { EXIT, type ExitCode, Failure } from "../failure.ts";
import { nameSecret } from "../key-name.ts";
import { KEY_BYTES, toHmacSecret } from "../keys.ts";
import { nextCommand } from "../next-command.ts";
import type { Screen } from "../screen.ts";
import type { SettingFile } from "../setting-file.ts";
import type { ConnectionOptions } from "../settings.ts";
import { shellQuote } from "../shell-quote.ts";

export const SIGNING_SETTING = "API_KEY_HMAC_SECRET";

export type SigningSecretPlace = {
  readonly file: SettingFile;
  /** `dev_vars`: a gateway on this machine reads the file when it starts. */
  readonly kind: "dev_vars" | "value_file";
};

type Deps = { readonly options: ConnectionOptions; readonly screen: Screen };

/** `old` becomes `old,new`: the gateway accepts both, and this command line signs with the last. */
export async function addSigningSecret(place: SigningSecretPlace, { options, screen }: Deps): Promise<ExitCode> {
  const { file, kind } = place;
  const secrets = readAll(file);
  const [old] = secrets;
  if (old === undefined || secrets.length > 1) {
    throw new Failure(
      `${file.shown} holds two secrets already. When the old one has gone quiet: ${finish(place, options)}`,
    );
  }
  const fresh = toHmacSecret(randomBytes(KEY_BYTES));
  file.replace(`${old},${fresh}`);
  const keys = { old: await nameSecret(old), new: await nameSecret(fresh) };
  screen.show({
    document: { setting: SIGNING_SETTING, file: file.shown, keys },
    text: () =>
      steps(`${file.shown} holds the old secret and a new one, in this order. What to do now:`, [
        inForce(place, "Both are accepted from then on; until then, what npx sallyport signs from this file gets 401"),
        `Give the new one, the part after the comma, to every sender${kind === "dev_vars" ? "; npx sallyport signs with it" : ""}.`,
        `The audit log names the secret that signed a signal: the old one is ${keys.old}, the new one ${keys.new}.\n     ` +
          `How many of the default account's last 200 signals the old one signed (--account asks about another):\n\n     ` +
          `${nextCommand("audit --type signal.accepted --limit 200 --json", [], options)} | grep -c ${keys.old}`,
        `When it has gone quiet:\n\n     ${finish(place, options)}`,
      ]),
  });
  return EXIT.done;
}

/** `old,new` becomes `new`. */
export async function finishSigningSecret(place: SigningSecretPlace, { screen }: Deps): Promise<ExitCode> {
  const { file } = place;
  const secrets = readAll(file);
  const fresh = secrets.at(-1);
  if (fresh === undefined || secrets.length < 2) {
    throw new Failure(`${file.shown} holds one secret, so there is no old one to take away.`);
  }
  file.replace(fresh);
  screen.show({
    document: { setting: SIGNING_SETTING, file: file.shown, keys: { new: await nameSecret(fresh) } },
    text: () =>
      steps(`${file.shown} holds the new secret alone. What to do now:`, [
        inForce(place, "The old one is refused from then on"),
      ]),
  });
  return EXIT.done;
}

function readAll(file: SettingFile): readonly string[] {
  const secrets = splitSecrets(file.value);
  // An empty key is one that anybody can sign with.
  if (secrets.includes("")) throw new Failure(`${file.shown} holds an empty secret.`);
  return secrets;
}

/** How a gateway takes up what the file holds. */
function inForce({ file, kind }: SigningSecretPlace, effect: string): string {
  if (kind === "dev_vars") return `Stop the gateway and start it again. ${effect}.`;
  const put = `npx wrangler secret put ${SIGNING_SETTING} --env production < ${shellQuote(file.shown)}`;
  return `Take it to the gateway. ${effect}.\n\n     ${put}`;
}

function finish({ file, kind }: SigningSecretPlace, options: ConnectionOptions): string {
  const command = "rotate hmac --finish";
  return kind === "dev_vars"
    ? nextCommand(command, [], options)
    : nextCommand(`${command} --secret-file ${shellQuote(file.shown)}`, [], options);
}

const steps = (said: string, items: readonly string[]): string =>
  [said, ...items.map((item, at) => `  ${at + 1}. ${item}`)].join("\n\n");
