// Whether the Worker has what it needs, and whether that answers. Every question here is one that changes nothing.
import { accountStub } from "../account/stub.ts";
import { paperVenueStub } from "../brokers/paper/stub.ts";
import { type Account, GATEWAY_CHAIN } from "../domain/account.ts";
import { AccountId } from "../domain/ids.ts";
import type { Result } from "../domain/result.ts";
import { gatewayStub } from "../gateway/stub.ts";
import { limiterStub } from "../limiter/stub.ts";
import { failed, passed } from "../domain/check.ts";
import type { GatewayCheck } from "./gateway-checks.ts";
import { look } from "./look.ts";
import type { Caller } from "../account/caller.ts";

type Deps = {
  readonly env: Env;
  readonly caller: Caller;
  /** The accounts that there are; `undefined` while D1 is not as it should be. */
  readonly accounts: readonly Account[] | undefined;
};

type Binding = "DB" | "ACCOUNTS_DO" | "PAPER_VENUES_DO" | "LIMITERS_DO" | "GATEWAY_DO";

/** A question that an object answers, or none where there is nobody yet to put it to. */
type Question = (() => Promise<unknown>) | undefined;

/** The one name that no account can have. */
const NOBODY = AccountId.parse(GATEWAY_CHAIN);

export function checkObjects({ env, caller, accounts }: Deps): Promise<GatewayCheck[]> {
  // An object of an account that is not there would be made by asking, and wake up for ever.
  const [account] = accounts ?? [];
  const atPaper = accounts?.find(({ connection }) => connection.broker === "paper");
  return Promise.all([
    checkObject("ACCOUNTS_DO", env, account && (() => accountStub(env, account.id).isQuiet())),
    checkObject("PAPER_VENUES_DO", env, atPaper && (() => askVenue(env, atPaper.id))),
    checkObject("LIMITERS_DO", env, () => limiterStub(env, "ip:diagnostics").draw({ limits: [] })),
    checkObject("GATEWAY_DO", env, accounts && (() => askGateway(env, caller))),
  ]);
}

const checkObject = async (binding: Binding, env: Env, question: Question): Promise<GatewayCheck> =>
  judgeAnswer(binding, env, question && (await look(`binding.${binding}`, question)));

/** What an answer says of the binding that it came through; `undefined` where nothing was asked. */
export function judgeAnswer(
  binding: Binding,
  env: Env,
  answer: Result<unknown, GatewayCheck> | undefined,
): GatewayCheck {
  const check = `binding.${binding}` as const;
  if (!(binding in env)) {
    return failed(
      check,
      `The Worker has no binding ${binding}.`,
      "npx sallyport doctor compares wrangler.toml; then deploy again: npx wrangler deploy --env production",
    );
  }
  if (answer === undefined) return passed(check, "Bound. There is nothing yet to ask it with.");
  return answer.ok ? passed(check, "Bound, and it answers.") : answer.error;
}

/** Without its key: that the venue refuses is an answer. */
async function askVenue(env: Env, account: AccountId): Promise<void> {
  const response = await paperVenueStub(env, account).fetch("https://paper-venue.invalid/v2/clock");
  await response.body?.cancel();
}

/** A change of nothing at nobody: it waits for its turn, reads D1, and is refused. */
const askGateway = (env: Env, caller: Caller) =>
  gatewayStub(env).changeAccount(NOBODY, { kind: "terms", change: {} }, caller);
