// Everything that can go wrong, as the caller sees it: RFC 9457 problem+json with a stable code. Details say what to do
// next; they never say what we know about keys, sources or other callers.
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as z from "zod";
import type { FieldError } from "../domain/fields.ts";
import type { AppEnv } from "./env.ts";

type ProblemKind = { readonly status: ContentfulStatusCode; readonly title: string; readonly about: string };

/** Every problem the API answers with: code, HTTP status, a title that never changes, and what it means and asks for. */
export const PROBLEMS = {
  unauthorized: {
    status: 401,
    title: "The request is not authenticated",
    about:
      "The key, the secret, a header or the clock is wrong; which of them, no answer says. Routes under `/v1` take the API " +
      "key in `X-API-Key`, or an operator whom Cloudflare Access has let through; signals prove themselves by their signature. " +
      "Nothing was stored.",
  },
  replayed: {
    status: 409,
    title: "The request was used before",
    about:
      "A signed request is accepted once, and this one was: its nonce, its `webhook-id` with its timestamp, or, where the " +
      "body alone is signed, its body. To repeat an order, sign again with a fresh nonce and the same `client_order_id`.",
  },
  idempotency_conflict: {
    status: 409,
    title: "The id was used with other content",
    about:
      "The `client_order_id`, `Idempotency-Key` or `webhook-id`, or the order's name and bar of an unsigned alert, belongs to an " +
      "earlier order, signal or batch whose content differs, or the two ids of this request belong to two orders. The earlier " +
      "one stays as it is. A new order takes a new id.",
  },
  idempotency_key_required: {
    status: 400,
    title: "The request has no id of its own",
    about:
      "An order needs a `client_order_id` or the header `Idempotency-Key`, and a batch needs the header, so that it can be " +
      "sent again and have one effect. A fresh UUID will do; keep it for the repeat.",
  },
  body_too_large: {
    status: 413,
    title: "The body is too large",
    about:
      "The detail says how many bytes are taken. Nothing was read or stored. Send several batches in place of one.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The body has the wrong type",
    about:
      "The route takes JSON, and the request says that it is something else. Send `Content-Type: application/json`.",
  },
  malformed_body: {
    status: 400,
    title: "The body cannot be read",
    about:
      "It is not UTF-8, not JSON (RFC 8259), nested too deep, has a key twice in one object, or has a number that a double " +
      "does not hold exactly. The detail says which. Nothing was stored.",
  },
  invalid_header: {
    status: 400,
    title: "A header cannot be read",
    about: "The detail names the header and what it takes. Nothing was read or stored.",
  },
  invalid_request: {
    status: 422,
    title: "Fields are missing or wrong",
    about:
      "`errors` lists every field of the body, the query or the path that is missing, unknown or wrong, by JSON Pointer, with " +
      "a stable `code` and what it has to be. Correct them all and send it again, under the same id: nothing was stored.",
  },
  order_ended: {
    status: 409,
    title: "The order has ended in another way",
    about:
      "It was filled, denied, rejected or has expired before it could be canceled, so there is nothing left to cancel. Read " +
      "the order: what it has filled stays filled.",
  },
  order_not_replaceable: {
    status: 409,
    title: "The order cannot be replaced any more",
    about:
      "It has ended, or somebody wants it canceled or has replaced it already; the detail says which. Replace the order that " +
      "took its place (`replaced_by`), or send a new one.",
  },
  order_not_held: {
    status: 409,
    title: "The order is not held",
    about:
      "Only an order whose `delivery` is `held` can be approved or declined, before `hold.expires_at`. Of two who do so at once, " +
      "the first is carried out; the detail says what has become of it. Read the order.",
  },
  second_person_required: {
    status: 403,
    title: "Somebody else has to approve it",
    about:
      "The account's policy asks for two persons: whoever approves an order is not the one behind it, which is the `owner` of the " +
      "source that sent it or of the API key. The source `default` has none, so nobody approves its orders: send through a source of " +
      "your own. The order is still held.",
  },
  price_moved: {
    status: 409,
    title: "The price has moved too far",
    about:
      "The last trade is further from the one when the order was held than `approval.max_drift_percent` of the policy allows. " +
      "The order is still held: approve it once the price is back, or decline it.",
  },
  approval_refused: {
    status: 409,
    title: "The rules refuse the order now",
    about:
      "A held order passes every rule once more when it is approved, on what is held and working then; the detail says which do " +
      "not pass. Where trading is stopped (`reducing_only`, `trading_halted`), `GET /v1/stops` lists by what. The order is still " +
      "held: approve fewer units, or decline it.",
  },
  approval_required: {
    status: 409,
    title: "A person has to approve such an order",
    about:
      "The account's policy holds orders of this size until somebody approves them, and an order in the place of another cannot " +
      "wait for that. The old order works on. Cancel it, and send a new one, which is held then.",
  },
  order_outcome_known: {
    status: 409,
    title: "The order's outcome is known",
    about:
      "Only an order whose `delivery` is `unknown` or `needs_operator` can be settled by hand. Of this one the broker has " +
      "told what became of it, or nothing has been sent. Read the order.",
  },
  key_in_query: {
    status: 400,
    title: "A key stands in the address",
    about:
      "Addresses end up in logs and histories, so a key in one counts as seen by others: replace it, and send it in the header " +
      "`X-API-Key`. Nothing was looked at.",
  },
  scope_missing: {
    status: 403,
    title: "The key is not for this",
    about:
      "The API key is good, or the operator known, and has not been given the scope that this asks for; the detail names it.",
  },
  cross_site: {
    status: 403,
    title: "Another site's page has sent this",
    about:
      "A browser adds an operator's proof to whatever any page has it send, so what changes something has to come from a page " +
      "of the gateway's own origin, by `Sec-Fetch-Site` or `Origin`. Requests with an API key are not concerned. Nothing was " +
      "looked at.",
  },
  unsigned_sources_off: {
    status: 409,
    title: "Unsigned sources are off",
    about:
      'A source that cannot sign is made only where the operator has set `UNSIGNED_SOURCES` to `"true"`: whoever learns its ' +
      "address can send as it.",
  },
  id_taken: {
    status: 409,
    title: "The id is taken",
    about:
      "Something has this id, or had it: ids are never used again, so that an old record cannot come to mean another thing.",
  },
  stop_of_higher_level: {
    status: 403,
    title: "Somebody above you has set the stop",
    about:
      "A stop is released by somebody of the level that set it, or a higher one: a source's own or a rule's by anybody with the " +
      "scope `admin:risk`, an account's by whoever may use the account, and one that a key or operator for all accounts has " +
      "set by such a one only. `level` in `GET /v1/stops` says which.",
  },
  not_told: {
    status: 503,
    title: "The change is not in force everywhere",
    about:
      "It is stored and on the record. The accounts or the key that the detail names could not be told, and may go by what was " +
      "before: for a minute at most, an account for up to five. Send the same request again after `Retry-After`: it tells " +
      "them once more.",
  },
  too_many: {
    status: 409,
    title: "There are too many",
    about:
      "The detail says how many there may be: two live keys per owner, two live secrets per source, twenty overrides of a " +
      "policy. Delete one first, or end it.",
  },
  last_secret: {
    status: 409,
    title: "It is the last secret",
    about: "A source without a secret could not send. Add another one first, or disable the source.",
  },
  beyond_own_rights: {
    status: 403,
    title: "That is more than you may give",
    about: "Nobody gives a key scopes, or things of accounts, that they do not have themselves. `errors` lists which.",
  },
  credentials_refused: {
    status: 422,
    title: "The broker does not take the key",
    about:
      "The key was tried at the broker, and opens no account there, another one than before, or one that takes no orders.",
  },
  account_in_use: {
    status: 409,
    title: "The account is in use",
    about: "Only an account that is disabled and has no live order can be deleted.",
  },
  account_disabled: {
    status: 409,
    title: "The account takes no orders",
    about:
      "An operator has disabled it. Cancels and reads pass, and what was sent before is followed. Nothing was stored. " +
      "`PATCH /v1/accounts/{id}` with the status `active` opens it again, for somebody with the scope `admin:accounts`.",
  },
  broker_silent: {
    status: 503,
    title: "The broker does not answer",
    about:
      "The broker is asked before a person's word about an order is taken, and it could not be asked now. Nothing was changed. " +
      "Send it again later, or with `without_broker` set to true if your word has to do.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests",
    about:
      "A source sent more to one account than it may, an API key or an address asked for more than it may, or an address failed to " +
      "prove itself too often. `RateLimit-Policy` names the limit. Nothing was stored: send the same again after `Retry-After`.",
  },
  not_found: {
    status: 404,
    title: "There is no such thing",
    about:
      "No path, account, order, signal, stop or symbol has this name; the detail says which. The id of an order or a signal begins " +
      "with its account.",
  },
  method_not_allowed: {
    status: 405,
    title: "The method is not allowed here",
    about: "The path exists, and takes other methods: `Allow` names them.",
  },
  maintenance: {
    status: 503,
    title: "The gateway takes no new orders now",
    about:
      "The operator has set `MAINTENANCE_MODE`. Nothing was read or stored: send it again after `Retry-After`. Cancels, " +
      "settlements and reads pass meanwhile.",
  },
  misconfigured: {
    status: 503,
    title: "The gateway is not configured",
    about:
      "A setting is missing or wrong, so nothing is decided and nothing was stored. The log names the setting, and no answer " +
      "does: tell the operator.",
  },
  unavailable: {
    status: 503,
    title: "The gateway cannot decide now",
    about:
      "A part that the answer needs cannot be reached. The request may be stored all the same: send it again under the same " +
      "id, and it has one effect at most. Without an id, look at `/v1/orders` first.",
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** An answer's body, or what a batch says of one order. */
export const Problem = z
  .object({
    type: z.string().meta({ description: "Where the code is explained." }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the names it lists
      .enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]])
      .meta({ description: "Stable; the thing to branch on." }),
    request_id: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), code: z.string(), message: z.string() }))
      .optional()
      .meta({
        description:
          "Each failing field: a JSON Pointer (RFC 6901), a stable code, such as `missing_field` or `account_unknown`, and what is wrong.",
      }),
  })
  .meta({ id: "Problem" });

/** What went wrong in one request, and what its sender can do about it. */
export type Trouble = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** Builds the answer for a trouble. */
export const problem = (c: Context<AppEnv>, trouble: Trouble): Response =>
  c.json(describeTrouble(c, trouble), PROBLEMS[trouble.code].status, {
    "Content-Type": "application/problem+json",
    ...trouble.headers,
  });

/** Ends the request with a problem, from inside a handler whose type promises success. */
export function refuse(c: Context<AppEnv>, trouble: Trouble): never {
  throw new HTTPException(PROBLEMS[trouble.code].status, { res: problem(c, trouble) });
}

export function describeTrouble(c: Context<AppEnv>, { code, detail, errors }: Trouble): z.infer<typeof Problem> {
  const { status, title } = PROBLEMS[code];
  const described = { type: `/reference#${code}`, title, status, detail, code, request_id: c.var.requestId };
  return errors === undefined ? described : { ...described, errors: [...errors] };
}

/** One body for every way in which a signal fails to prove itself; the cause goes to the log. */
export const UNAUTHORIZED: Trouble = {
  code: "unauthorized",
  detail: "Check the secret, the signature, the clock and the headers; /reference shows a signed request.",
};

/** The same for routes that take the API key. */
export const API_KEY_REFUSED: Trouble = {
  code: "unauthorized",
  detail: "Send the gateway's API key in the header X-API-Key. It is looked for nowhere else.",
};

export const invalidRequest = (errors: readonly FieldError[]): Trouble => ({
  code: "invalid_request",
  detail: "Correct the fields listed in errors.",
  errors,
});

export const bodyTooLarge = (bytesMax: number): Trouble => ({
  code: "body_too_large",
  detail: `Send at most ${bytesMax} bytes.`,
});

export const MISCONFIGURED: Trouble = {
  code: "misconfigured",
  detail: "The operator finds the setting's name in the log. Nothing was stored.",
  headers: { "Retry-After": "60" },
};

/** Where a change that takes something away could not bind everybody. */
export const notInForce = (untold: readonly string[], again: string): Trouble => ({
  code: "not_told",
  detail: `It is not in force everywhere: ${untold.join(", ")} could not be told of it. ${again}`,
  headers: { "Retry-After": "5" },
});

export const unavailable = (detail: string): Trouble => ({
  code: "unavailable",
  detail,
  headers: { "Retry-After": "5" },
});

/** What the framework refuses about a body before a handler sees it. */
export function troubleWithBody(status: number): Trouble {
  if (status === 415) return { code: "unsupported_media_type", detail: "Send Content-Type: application/json." };
  return { code: "malformed_body", detail: "Send one JSON object (RFC 8259)." };
}
