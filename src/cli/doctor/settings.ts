// Whether every setting is one that the gateway will take, by the schema that the gateway itself goes by. Says which setting it
// is and what it has to be, and never what it is.
import { type Check, failed, passed } from "../../domain/check.ts";
// oxlint-disable-next-line no-restricted-imports -- only the schema that decides at the gateway can tell beforehand
import { readConfig } from "../../config.ts";
import { KEY_BYTES, toBootstrapKey, toEncryptionKey, toHmacSecret } from "../keys.ts";
import { SECRETS } from "../setting-names.ts";

type Values = Readonly<Record<string, unknown>>;

/** The file of secrets, as it is printed, and what it sets. */
export type GivenSecrets = { readonly file: string; readonly values: Values };

const CHECK = "local.settings";

/**
 * `vars`: what stands in wrangler.toml, in the table of that name. `secrets`: what wins over it; `null` for a gateway whose
 * secrets are not on this machine.
 */
export function checkSettingValues(vars: Values, secrets: GivenSecrets | null, table: string): Check[] {
  const values = { ...vars, ...(secrets?.values ?? STAND_INS) };
  const read = readConfig(values);
  if (read.ok) {
    const left = secrets === null ? ", but for the secrets, which only the gateway can see" : "";
    return [passed(CHECK, `Every setting is valid${left}.`)];
  }
  return read.error.map(({ setting, problem }) => {
    const [name = setting] = setting.split(".");
    const wrong = Object.hasOwn(values, name) ? `is not valid: ${problem}` : "is missing";
    const isInFile = secrets !== null && (isSecret(name) || Object.hasOwn(secrets.values, name));
    const advice = isInFile ? adviseOnSecret(name, secrets.file) : `Correct it in wrangler.toml, under ${table}.`;
    return failed(CHECK, `${setting} ${wrong}.`, advice);
  });
}

const isSecret = (name: string): boolean => SECRETS.some((secret) => secret === name);

const KINDS: Readonly<Record<string, string>> = {
  API_KEY_HMAC_SECRET: "hmac",
  BOOTSTRAP_API_KEY: "bootstrap",
  CREDENTIALS_ENCRYPTION_KEYS: "encryption",
} satisfies Record<(typeof SECRETS)[number], string>;

function adviseOnSecret(name: string, file: string): string {
  const kind = KINDS[name];
  return kind === undefined
    ? `Correct it in ${file}, or take it out there.`
    : `Set it in ${file}; npx sallyport keygen ${kind} makes a new one.`;
}

/** In place of secrets that nobody here knows: valid, and used for nothing. */
const STAND_INS: Values = {
  API_KEY_HMAC_SECRET: toHmacSecret(new Uint8Array(KEY_BYTES).fill(1)),
  BOOTSTRAP_API_KEY: toBootstrapKey(new Uint8Array(KEY_BYTES).fill(2)),
  CREDENTIALS_ENCRYPTION_KEYS: toEncryptionKey(1, new Uint8Array(KEY_BYTES).fill(3)),
};
