// Who works on the gateway behind Cloudflare Access: the setting that lists them, and whom an assertion's claims speak of.
import * as z from "zod";
import { type Principal, Rights, UNBOUND } from "./access.ts";
import { type Result, err, ok } from "./result.ts";

const OPERATORS_MAX = 100;

/** ASCII only, so that no other letter can become one of these by being written small. */
const Email = z.email({ error: "must be an e-mail address" }).toLowerCase();

/** What Access calls a service token by in an assertion: its client id, which is no secret. */
const ServiceToken = z.string().regex(/^[0-9a-z]{1,64}\.access(\.[0-9a-z-]{1,63}){0,4}$/, {
  error: "must be a service token's client id, like 88bf3b6d86161464f6509f7219099e57.access",
});

const Operator = z
  .strictObject({
    email: Email.optional(),
    service_token: ServiceToken.optional(),
    scopes: Rights.scopes,
    accounts: Rights.accounts.default(null),
  })
  .refine(({ email, service_token }) => (email === undefined) !== (service_token === undefined), {
    error: "must have either email or service_token",
  });
type Operator = z.infer<typeof Operator>;

/** The name that Access knows an operator by. */
export const nameOf = ({ email, service_token }: Operator): string | undefined => email ?? service_token;

/** The setting. There is no operator where it is absent. */
export const CloudflareAccess = z.strictObject({
  team_domain: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.cloudflareaccess\.com$/, {
    error: "must be the team's domain without https://, like example.cloudflareaccess.com",
  }),
  audience: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: "must be the application's AUD tag: 64 lower-case hex digits" }),
  operators: z
    .array(Operator)
    .min(1, { error: "must name at least one operator" })
    .max(OPERATORS_MAX, { error: `must name at most ${OPERATORS_MAX} operators` })
    .superRefine((operators, context) => {
      const names = operators.map(nameOf);
      for (const [index, name] of names.entries()) {
        if (names.indexOf(name) === index) continue;
        context.addIssue({ code: "custom", path: [index], message: "is listed twice" });
      }
    }),
});
export type CloudflareAccess = z.infer<typeof CloudflareAccess>;

/** Who issues the team's assertions: their `iss`, and the host that publishes the keys. */
export const issuerOf = ({ team_domain }: CloudflareAccess): string => `https://${team_domain}`;

/** A team's keys sign two kinds of token: this one, for an application, and one for the team as a whole. */
const type = z.literal("app");

/** A person's. `sub` stays the same while the person is in the team. */
const PersonClaims = z.object({ type, email: Email, sub: z.string().regex(/^[0-9A-Za-z-]{1,64}$/) });

/** A program's, which has shown a service token and has no user. */
const ProgramClaims = z.object({
  type,
  common_name: ServiceToken,
  sub: z.literal(""),
  email: z.undefined().optional(),
});

/** An operator by the name that stands in the audit log. It is never an address. */
export type OperatorPrincipal = Principal & { readonly kind: "operator"; readonly id: `access:${string}` };

/** Whom claims speak of that have been proven, if the setting lists them. */
export function findOperator(
  { operators }: CloudflareAccess,
  claims: unknown,
): Result<OperatorPrincipal, "names_nobody" | "unknown_operator"> {
  const identity = identify(claims);
  if (identity === undefined) return err("names_nobody");
  const operator = operators.find((listed) => nameOf(listed) === identity.name);
  if (operator === undefined) return err("unknown_operator");
  const { scopes, accounts } = operator;
  const { name: person, id } = identity;
  return ok({ kind: "operator", id: `access:${id}`, person, scopes, accounts, ...UNBOUND });
}

/** The name to be listed under, and the one for the audit log. */
function identify(claims: unknown): { readonly name: string; readonly id: string } | undefined {
  const person = PersonClaims.safeParse(claims);
  if (person.success) return { name: person.data.email, id: person.data.sub };
  const program = ProgramClaims.safeParse(claims);
  return program.success ? { name: program.data.common_name, id: program.data.common_name } : undefined;
}
