// sallyport rotate: replaces a secret while everything that uses it goes on working.
import { resolve } from "node:path";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readMoment,
  readOne,
  refuseMore,
  refuseOthers,
} from "../arguments.ts";
import { apiKeyPath } from "../api-keys.ts";
import type { Command, Context } from "../command.ts";
import { DEV_VARS } from "../dev-vars.ts";
import { type ExitCode, Failure, UsageFault } from "../failure.ts";
import { rotateKey } from "../rotate/api-key.ts";
import { rotateEncryption } from "../rotate/encryption-key.ts";
import {
  SIGNING_SETTING,
  type SigningSecretPlace,
  addSigningSecret,
  finishSigningSecret,
} from "../rotate/signing-secret.ts";
import { readOverlap, readSource, rotateSource } from "../rotate/source-secret.ts";
import { openDevVars, openValueFile } from "../setting-file.ts";
import { type ConnectionOptions, type Environment, readConnection, readGatewayAddress } from "../settings.ts";

const USAGE = `usage: npx sallyport rotate source [--overlap TIME] SOURCE
       npx sallyport rotate key [--expires TIME] [--reason TEXT] KEY
       npx sallyport rotate hmac [--finish] [--secret-file FILE]
       npx sallyport rotate encryption

Replaces a secret while everything that uses it goes on working: the new one is there first, the old
one ends later, and each says how to see that nobody uses the old one any more.

source: another secret, or another address for TradingView, printed once, alone on stdout. The one
before is accepted until the overlap ends.

key: an API key with the same owner, scopes, accounts and addresses, printed once, alone on stdout.
The old one goes on until it is deleted.

hmac: ${SIGNING_SETTING}, what the source default signs with. Writes "old,new" in the place of the
old one, and with --finish "new" in the place of both: into .dev.vars for a gateway on this machine,
into the file of --secret-file for another. Shows neither, and says how to take them to the gateway;
until it has them, what npx sallyport signs from there gets 401.

encryption: moves all that is sealed under the first key of CREDENTIALS_ENCRYPTION_KEYS, and says
which of the others are not needed any more. With one key there, it says how to add another. Exits
with 1 when something does not open.

  SOURCE               the source's id
  --overlap TIME       how long the secret before is still accepted, such as 24h (default), 90m or
                       7d; 0 when it may be in wrong hands
  KEY                  the id of an API key, ten characters; never the key itself
  --expires TIME       its end, such as 2027-01-15T00:00:00Z (default: it lasts as long as the old
                       one was meant to last)
  --reason TEXT        why; kept in the audit log
  --finish             the senders have moved: take the old secret away
  --secret-file FILE   a file that holds what the gateway's setting holds now, and nothing else
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key that asks comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars.
It needs the scope admin:sources, admin:keys or admin:vault; hmac asks no gateway.

  (umask 077; npx sallyport rotate source momentum > momentum.new.secret)
  (umask 077; npx sallyport rotate key 4fT0aZk91Q > desk.new.key)
  npx sallyport rotate hmac --secret-file hmac.secret
  npx sallyport rotate encryption`;

export const rotate: Command = { summary: "replace a secret, the old one ending later", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    overlap: { type: "string" },
    expires: { type: "string" },
    reason: { type: "string" },
    finish: { type: "boolean" },
    "secret-file": { type: "string" },
  });
  const [what, ...rest] = positionals;
  const refuseAllBut = (...meant: readonly (keyof typeof values)[]) =>
    refuseOthers(`rotate ${String(what)}`, values, meant);
  const deps = { options: values, screen };
  switch (what) {
    case "source": {
      refuseAllBut("overlap");
      const rotation = {
        source: readSource(readOne("SOURCE", rest)),
        overlapHours: readOverlap(values.overlap ?? "24h"),
      };
      return rotateSource(readConnection(values, env), rotation, deps);
    }
    case "key": {
      refuseAllBut("expires", "reason");
      const { expires, reason } = values;
      const expiresAt = expires === undefined ? undefined : new Date(readMoment("--expires", expires)).toISOString();
      const rotation = { path: apiKeyPath(rest), expiresAt, reason };
      return rotateKey(readConnection(values, env), rotation, deps);
    }
    case "hmac": {
      refuseAllBut("finish", "secret-file");
      refuseMore(rest);
      const place = openSigningSecret(values, env);
      return values.finish === true ? finishSigningSecret(place, deps) : addSigningSecret(place, deps);
    }
    case "encryption":
      refuseAllBut();
      refuseMore(rest);
      return rotateEncryption(readConnection(values, env), deps);
    case undefined:
      throw new UsageFault("Say what: source, key, hmac or encryption");
    default:
      throw new UsageFault("rotate knows source, key, hmac and encryption");
  }
}

type PlaceOptions = ConnectionOptions & { readonly "secret-file"?: string | undefined };

/** Where the operator keeps the setting. What `.dev.vars` holds is for a gateway on this machine. */
function openSigningSecret(options: PlaceOptions, env: Environment): SigningSecretPlace {
  const { "secret-file": secretFile, "dev-vars": devVars } = options;
  if (secretFile !== undefined) return { kind: "value_file", file: openValueFile(secretFile) };
  const { isLoopback, url } = readGatewayAddress(options, env);
  if (!isLoopback) {
    throw new Failure(`${url} is another machine: give --secret-file FILE, a file with the secret that it has now.`);
  }
  return { kind: "dev_vars", file: openDevVars(resolve(devVars ?? DEV_VARS), SIGNING_SETTING) };
}
