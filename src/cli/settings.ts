// Where a command gets its address, key and secrets from: options that hold nothing secret, the environment, and files.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type Address, readAddress } from "./address.ts";
import { DEV_VARS, settingIn, splitSecrets } from "./dev-vars.ts";
import { Failure, UsageFault } from "./failure.ts";

const DEFAULT_URL = "http://127.0.0.1:8787";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the options of `CONNECTION_OPTIONS` and `SIGNING_OPTIONS` hold. */
export type ConnectionOptions = { readonly url?: string | undefined; readonly "dev-vars"?: string | undefined };
export type SecretOptions = ConnectionOptions & { readonly "secret-file"?: string | undefined };

/** A gateway, and the key that opens it. */
export type Connection = Address & { readonly apiKey: string };

export function readGatewayAddress(options: ConnectionOptions, env: Environment): Address {
  const [name, text] =
    options.url === undefined ? ["SALLYPORT_URL", env["SALLYPORT_URL"] ?? DEFAULT_URL] : ["--url", options.url];
  const address = readAddress(text);
  if (!address.ok) throw new UsageFault(`${name} ${address.error}`);
  return address.value;
}

/** The address and the API key: from SALLYPORT_API_KEY, or for a gateway on this machine from its `.dev.vars`. */
export function readConnection(options: ConnectionOptions, env: Environment): Connection {
  const address = readGatewayAddress(options, env);
  const apiKey =
    fromEnvironment("SALLYPORT_API_KEY", env) ??
    fromDevVars("BOOTSTRAP_API_KEY", { variable: "SALLYPORT_API_KEY", options, address });
  // A header takes nothing else, and the error of the platform would print the key.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new Failure("The API key holds characters that no key has. Copy it again.");
  return { ...address, apiKey };
}

/**
 * Every secret that signs now, the newest last: from `--secret-file`, SALLYPORT_SECRET or `.dev.vars`. `address` is where
 * the signature is to be sent, if it is.
 */
export function readSecrets(options: SecretOptions, env: Environment, address?: Address): readonly string[] {
  const text =
    fromFile(options["secret-file"]) ??
    fromEnvironment("SALLYPORT_SECRET", env) ??
    fromDevVars("API_KEY_HMAC_SECRET", { variable: "SALLYPORT_SECRET", options, address });
  const secrets = splitSecrets(text);
  // An empty key is one that anybody can sign with.
  if (secrets.includes("")) throw new Failure("One of the signing secrets is empty.");
  return secrets;
}

/** The secret that signs. During a rotation (`old,new`) it is the last. */
export const readSigningSecret = (options: SecretOptions, env: Environment, address?: Address): string =>
  readSecrets(options, env, address).at(-1) ?? "";

/** An empty variable is a mistake in a script, and no reason to use another key in its place. */
function fromEnvironment(name: string, env: Environment): string | undefined {
  if (env[name] === "") throw new Failure(`${name} is set, and empty.`);
  return env[name];
}

/** The whole file but for the line break that editors put at its end. */
function fromFile(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readText(path).replace(/\r?\n$/, "");
}

type DevVarsRequest = {
  /** The variable that would have come first. */
  readonly variable: string;
  readonly options: ConnectionOptions;
  readonly address: Address | undefined;
};

/** The project's own `.dev.vars` is for a gateway on this machine: nothing of it goes elsewhere unless the file is named. */
function fromDevVars(name: string, { variable, options, address }: DevVarsRequest): string {
  const named = options["dev-vars"];
  if (named === undefined && address?.isLoopback === false) {
    throw new Failure(`Set ${variable}. What .dev.vars holds is for this machine and is not sent to ${address.url}`);
  }
  const path = named ?? DEV_VARS;
  const value = settingIn(readText(path, `run npm start once, it writes one, or set ${variable}.`), name);
  if (value === undefined) throw new Failure(`${shown(path)} does not set ${name}.`);
  return value;
}

function readText(path: string, advice?: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") {
      throw new Failure(`There is no ${shown(path)}${advice === undefined ? "." : `; ${advice}`}`, { cause: thrown });
    }
    throw new Failure(`${shown(path)} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

const shown = (path: string): string => relative(process.cwd(), path);
