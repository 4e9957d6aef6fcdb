// Approval links: made over the API, opened by people. What opens is one page without a script; looking at it changes nothing, so a
// chat may fetch it to show a preview.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { html } from "hono/html";
import type { JSX } from "hono/jsx/jsx-runtime";
import { type LinkBearer, makeApprovalLink, openApprovalLink } from "../../intake/approval-link.ts";
import { accountStub } from "../../account/stub.ts";
import { directoryOf } from "../../directory/isolate.ts";
import { INVALID_FIELD } from "../../domain/fields.ts";
import { OrderId, accountOf } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import { askTwice, namingSetting } from "../../intake/ask-account.ts";
import { mustDo } from "../admin.ts";
import { clientIpOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { orderNotFound, orderOfKnownAccount } from "../known-ids.ts";
import { limited } from "../limited.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { PROBLEMS, type Trouble, bodyTooLarge, problem, refuse } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { refuseUnproven } from "../unproven.ts";
import type { Caller } from "../../account/caller.ts";

const access = guarded(["orders:approve"]);

const FORM_BYTES_MAX = 4 * 1024;
const REASON_MAX = 500;

const ApprovalLink = z
  .strictObject({
    url: z.url().meta({ description: "Whoever opens it can approve or decline the order: treat it like a key." }),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: "ApprovalLink" });

const postLink = createRoute({
  method: "post",
  path: "/v1/orders/{id}/approval-link",
  operationId: "makeApprovalLink",
  summary: "Make a link for a chat message, to approve or decline a held order with",
  description:
    "It acts as the key that made it, for as long as that key could approve the order itself, and until the order's time is " +
    "over. A key that is bound to addresses makes none: a link is opened anywhere.",
  ...access,
  request: { params: z.object({ id: z.string().meta({ description: "The order's `id`." }) }) },
  responses: {
    200: jsonOf(ApprovalLink, "Made; nothing of it is stored."),
    ...guardedProblems("not_found", "order_not_held", "beyond_own_rights"),
  },
});

const PAGE = "/approvals/:id/:token";

export function mountApprovalLinks(app: OpenAPIHono<AppEnv>): void {
  app.openapi(postLink, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.valid("param").id);
    const { principal, config } = c.var;
    if (principal.addresses.length > 0) {
      const message = "a key that is bound to addresses makes no links";
      const errors = [{ pointer: "/addresses", code: "beyond_own_rights", message }];
      mustDo(c, { ok: false, error: { reason: "beyond_own_rights", errors } });
    }
    const order = await accountStub(c.env, account).getOrder(id);
    if (order === null) orderNotFound(c);
    if (order.delivery !== "held" || order.hold === undefined) {
      return refuse(c, troubleOf(c, { reason: "order_not_held", order }));
    }
    const expiresAt = order.hold.expires_at;
    const token = await makeApprovalLink(id, principal, { config, expiresAt });
    return c.json({ url: new URL(`/approvals/${id}/${token}`, c.req.url).href, expires_at: expiresAt }, 200);
  });

  app.get(PAGE, limited("anonymous"), async (c) => {
    const opened = await openLink(c);
    if (opened instanceof Response) return opened;
    const order = await accountStub(c.env, accountOf(opened.id)).getOrder(opened.id);
    if (order === null) return problem(c, NO_LINK);
    return showOrder(c, order);
  });

  app.post(
    PAGE,
    limited("anonymous"),
    bodyLimit({ maxSize: FORM_BYTES_MAX, onError: (c) => problem(c, bodyTooLarge(FORM_BYTES_MAX)) }),
    async (c) => {
      const opened = await openLink(c);
      if (opened instanceof Response) return opened;
      const { id, bearer } = opened;
      const caller: Caller = { actor: bearer, requestId: c.var.requestId, clientIp: clientIpOf(c) };
      // Read as what the page's own form sends, whatever the request says that it is.
      const form = new URLSearchParams(await c.req.text());
      const why = (form.get("reason") ?? "").trim().slice(0, REASON_MAX).toWellFormed();
      const said = await say(c, { id, what: form.get("say"), why: why === "" ? null : why, caller });
      return said.ok ? showOrder(c, said.value) : showTrouble(c, troubleOf(c, said.error));
    },
  );
}

type Opened = { readonly id: OrderId; readonly bearer: LinkBearer };

/** A link that was never made counts against the address it came from, like a wrong key. */
async function openLink(c: Context<AppEnv>): Promise<Opened | Response> {
  const id = OrderId.safeParse(c.req.param("id"));
  const known = { config: c.var.config, directory: directoryOf(c.env), nowMs: Date.now() };
  const opened = id.success ? await openApprovalLink(id.data, c.req.param("token") ?? "", known) : undefined;
  if (id.success && opened?.ok === true) return { id: id.data, bearer: opened.value };
  if (opened === undefined || (!opened.ok && opened.error === "not_sealed")) {
    return refuseUnproven(c, { reason: "link_not_sealed" });
  }
  return problem(c, NO_LINK);
}

const NO_LINK: Trouble = { code: "not_found", detail: "The link is not good any more." };

type Saying = { readonly id: OrderId; readonly what: unknown; readonly why: string | null; readonly caller: Caller };

async function say(c: Context<AppEnv>, { id, what, why, caller }: Saying) {
  const account = accountOf(id);
  if (what === "decline") return askTwice(async () => accountStub(c.env, account).decline(id, why, caller));
  if (what === "approve") {
    const approval = { quantity: undefined, why };
    return namingSetting(
      account,
      await askTwice(async () => accountStub(c.env, account).approve(id, approval, caller)),
    );
  }
  const errors = [{ pointer: "/say", code: INVALID_FIELD, message: "must be approve or decline" }];
  return { ok: false, error: { reason: "invalid_fields", errors } } as const;
}

const showOrder = (c: Context<AppEnv>, order: Order): Response | Promise<Response> =>
  c.html(
    page(
      <>
        <h1>{describe(order)}</h1>
        <dl>
          <dt>Account</dt>
          <dd>{order.account}</dd>
          <dt>Sent by</dt>
          <dd>{order.source}</dd>
          <dt>Order</dt>
          <dd>{order.id}</dd>
          {order.hold?.price === undefined || order.hold.price === null ? null : (
            <>
              <dt>Last trade then</dt>
              <dd>{order.hold.price}</dd>
            </>
          )}
        </dl>
        {order.delivery === "held" ? (
          <form method="post">
            <p>Held until {order.hold?.expires_at}.</p>
            <label>
              Reason <input name="reason" maxlength={REASON_MAX} />
            </label>
            <p>
              <button name="say" value="approve">
                Approve
              </button>{" "}
              <button name="say" value="decline">
                Decline
              </button>
            </p>
          </form>
        ) : (
          <p>{outcomeOf(order)}</p>
        )}
      </>,
    ),
  );

const showTrouble = (c: Context<AppEnv>, { code, detail }: Trouble): Response | Promise<Response> =>
  c.html(
    page(
      <>
        <h1>{PROBLEMS[code].title}</h1>
        <p>{detail}</p>
        <p>
          <a href="">Look at the order</a>
        </p>
      </>,
    ),
    PROBLEMS[code].status,
  );

function describe(order: Order): string {
  const { side, symbol, quantity, notional, type, limit_price: limit, stop_price: stop, time_in_force: until } = order;
  const size = quantity === undefined ? `${notional} of` : quantity;
  const prices = [stop === undefined ? [] : [`stop ${stop}`], limit === undefined ? [] : [`limit ${limit}`]].flat();
  const how = prices.length === 0 ? [type] : prices;
  return [side === "buy" ? "Buy" : "Sell", size, symbol, ...how, until].join(" ");
}

function outcomeOf({ hold, status, delivery }: Order): string {
  const decided = hold?.decided;
  if (decided === undefined || decided === null) return `It is ${status}: nobody has said anything in time.`;
  const word = status === "denied" ? "declined" : "approved";
  return `${decided.by} has ${word} it at ${decided.at}. It is ${status} (${delivery}).`;
}

const page = (content: JSX.Element) =>
  html`<!doctype html>${(
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="robots" content="noindex" />
          <title>Approval</title>
          <style>{STYLE}</style>
        </head>
        <body>{content}</body>
      </html>
    )}`;

const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }
  dt { opacity: .7; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
  button { font: inherit; padding: .5rem 1.5rem; }
`;
