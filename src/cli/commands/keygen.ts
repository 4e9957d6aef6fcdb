// sallyport keygen: a new secret, alone on stdout, so that it can be piped to where it belongs without being seen.
import { randomBytes } from "../../crypto/random.ts";
import { COMMON_USAGE, readArguments, readOne, readWhole } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { KEY_BYTES, toBootstrapKey, toEncryptionKey, toHmacSecret } from "../keys.ts";

/** What the vault has room for. */
const VERSION_MAX = 65_535;

const USAGE = `usage: npx sallyport keygen hmac | encryption [--version N] | bootstrap

A new random secret of 256 bits, printed once and kept nowhere. It is all that goes to stdout.

  hmac                 for API_KEY_HMAC_SECRET, what a source signs with: whsec_<base64>, as
                       Standard Webhooks has it
  encryption           for CREDENTIALS_ENCRYPTION_KEYS, what seals credentials: <version>:<base64>
  bootstrap            for BOOTSTRAP_API_KEY, the API key that is there before any other
  --version N          the version of an encryption key (default 1); never use one twice
${COMMON_USAGE}

To let nobody see the key, pipe it where it belongs:

  npx sallyport keygen bootstrap | npx wrangler secret put BOOTSTRAP_API_KEY --env production

What the other side needs as well goes to a file that is yours alone, first:

  (umask 077; npx sallyport keygen hmac > hmac.secret)
  npx wrangler secret put API_KEY_HMAC_SECRET --env production < hmac.secret
  npx sallyport sign --secret-file hmac.secret --file order.json

A new encryption key goes in front of the old one, which is needed until everything is sealed with
the new one:

  (umask 077; npx sallyport keygen encryption --version 2 > 2.key)
  paste -d, 2.key 1.key | npx wrangler secret put CREDENTIALS_ENCRYPTION_KEYS --env production`;

export const keygen: Command = { summary: "make a new secret", usage: USAGE, run };

type NewKey = { readonly setting: string; readonly value: string; readonly advice: string };

async function run(args: readonly string[], { screen }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { version: { type: "string" } });
  const kind = readOne("KIND (hmac, encryption or bootstrap)", positionals);
  if (kind !== "encryption" && values.version !== undefined) throw new UsageFault(`keygen ${kind} knows no --version`);
  const version = readWhole("--version", values.version ?? "1", { min: 1, max: VERSION_MAX });
  const { setting, value, advice } = generate(kind, version);
  screen.show({ document: { setting, value }, text: () => value });
  screen.hint(`This is a new ${setting}. It is kept nowhere else. ${advice}`);
  return EXIT.done;
}

function generate(kind: string, version: number): NewKey {
  const random = randomBytes(KEY_BYTES);
  switch (kind) {
    case "hmac":
      return {
        setting: "API_KEY_HMAC_SECRET",
        value: toHmacSecret(random),
        advice: 'The sender needs it too. To rotate, set "old,new" until every sender has moved.',
      };
    case "encryption":
      return {
        setting: "CREDENTIALS_ENCRYPTION_KEYS",
        value: toEncryptionKey(version, random),
        advice: 'To rotate, set "new,old": the first seals, all open. Without it, what it sealed is lost.',
      };
    case "bootstrap":
      return {
        setting: "BOOTSTRAP_API_KEY",
        value: toBootstrapKey(random),
        advice: "Programs send it as X-API-Key; this command line takes it from SALLYPORT_API_KEY.",
      };
    default:
      throw new UsageFault("keygen knows hmac, encryption and bootstrap");
  }
}
