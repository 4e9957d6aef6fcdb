// Whether the gateway believes what is signed here. It is asked with a signed request that has no body: nothing is read before
// the signature holds, and then there is no order in it, so it is refused either way, stored by nobody, and the two refusals
// differ.
import * as z from "zod";
import { type Check, failed, passed, warned } from "../../domain/check.ts";
import { DEFAULT_SOURCE } from "../../domain/source.ts";
import { exchange } from "../api.ts";
import { Failure } from "../failure.ts";
import { type ConnectionOptions, type Environment, readGatewayAddress, readSigningSecret } from "../settings.ts";
import { sign } from "../sign.ts";
import { describeWait } from "./refused-address.ts";

const CHECK = "gateway.signing_secret";

/** `clock`: how the gateway's clock stands. While that fails, every signature does. */
export async function checkSigningSecret(
  options: ConnectionOptions,
  env: Environment,
  clock: Pick<Check, "status">,
): Promise<Check> {
  if (clock.status === "failed") {
    return notChecked("by its clock the gateway refuses whatever is signed here", "Correct the clock first.");
  }
  const { isLoopback } = readGatewayAddress(options, env);
  const failure = await failureOf(() => sendNothing(options, env));
  if (failure === undefined) return notChecked("what answers accepts an empty order", "Ask the gateway itself.");
  const wait = describeWait(failure);
  if (wait !== undefined) {
    return failed(CHECK, `${REFUSED}; ${wait}.`, isLoopback ? ADVICE_HERE : ADVICE_ELSEWHERE);
  }
  switch (failure.document.code) {
    case "malformed_body":
      return passed(CHECK, "The gateway believes what is signed here.");
    case "unauthorized":
      return failed(CHECK, `${REFUSED}.`, isLoopback ? ADVICE_HERE : ADVICE_ELSEWHERE);
    case "failed":
      return notChecked("there is no secret here to sign with", failure.document.detail);
    case "maintenance":
      return notChecked("maintenance is on, and nothing signed is looked at", "Ask again when the work is done.");
    default:
      return notChecked(`the gateway answers ${failure.document.code}`, "Ask again in a minute.");
  }
}

/** As the source default, with the secret that `npx sallyport send` would take. */
async function sendNothing(options: ConnectionOptions, env: Environment): Promise<void> {
  const address = readGatewayAddress(options, env);
  const { headers, body: bytes } = sign("", readSigningSecret(options, env, address));
  await exchange(address, { method: "POST", path: `/webhooks/${DEFAULT_SOURCE}`, headers, bytes }, z.unknown());
}

async function failureOf(work: () => Promise<void>): Promise<Failure | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
}

const notChecked = (why: string, advice: string): Check => warned(CHECK, `Not checked: ${why}.`, advice);

const REFUSED = "The gateway refuses what the secret here signs for the source default";

const ADVICE_HERE =
  "A secret that is newer than the gateway's start (npx sallyport rotate hmac) takes a restart: stop the gateway and start it " +
  "again. Else set SALLYPORT_SECRET, or name the gateway's own file of secrets with --dev-vars.";

const ADVICE_ELSEWHERE =
  "Set SALLYPORT_SECRET to the gateway's API_KEY_HMAC_SECRET. If that is a new one, take it to the gateway: npx wrangler secret " +
  "put API_KEY_HMAC_SECRET --env production";
