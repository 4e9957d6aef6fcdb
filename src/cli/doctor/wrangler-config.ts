// Whether wrangler.toml says everything the Worker needs, for the laptop and for each environment: named environments inherit
// nothing, so a line that is added in one place is easily forgotten in the other. Pure.
import * as z from "zod";
import { type Check, failed, listed, passed } from "../../domain/check.ts";
import { SECRETS } from "../setting-names.ts";

/** Binding and class. */
const DURABLE_OBJECTS = {
  ACCOUNTS_DO: "AccountObject",
  PAPER_VENUES_DO: "PaperVenueObject",
  LIMITERS_DO: "LimiterObject",
  GATEWAY_DO: "GatewayObject",
} as const;
const DATABASE = "DB";
/** As wrangler.toml comes. */
const PLACEHOLDER_ID = "00000000-0000-0000-0000-000000000000";
const PLACEHOLDER_DOMAIN = /(^|\.)example\.com$/;

/** Only what is looked at; all of it may be missing. */
const Section = z.object({
  vars: z.record(z.string(), z.unknown()).default({}),
  secrets: z.object({ required: z.array(z.string()).default([]) }).prefault({}),
  triggers: z.object({ crons: z.array(z.string()).default([]) }).prefault({}),
  routes: z.array(z.union([z.string(), z.object({ pattern: z.string() })])).default([]),
  d1_databases: z.array(z.object({ binding: z.string(), database_id: z.string().default("") })).default([]),
  durable_objects: z
    .object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })).default([]) })
    .prefault({}),
  migrations: z.array(z.object({ tag: z.string(), new_sqlite_classes: z.array(z.string()).default([]) })).default([]),
});
type Section = z.infer<typeof Section>;

/** The file as wrangler has read it: what is said at the top, and per environment. */
export const WranglerConfig = Section.extend({ env: z.record(z.string(), Section).default({}) });
export type WranglerConfig = z.infer<typeof WranglerConfig>;

/** The environment that is meant: `undefined` for a laptop, which goes by the top of the file. */
export type Meant = string | undefined;

export function checkWranglerConfig(config: WranglerConfig, meant: Meant): Check[] {
  const sections: [string, Section][] = [
    ["the top of the file", config],
    ...Object.entries(config.env).map(([name, section]): [string, Section] => [`env.${name}`, section]),
  ];
  const everywhere = (problemsOf: (section: Section) => readonly string[]): string[] =>
    sections.flatMap(([where, section]) => problemsOf(section).map((problem) => `${problem} in ${where}`));
  return [
    judge("local.bindings", everywhere(missingBindings), "Every binding is there."),
    judge("local.durable_objects", everywhere(missingClasses), "Every Durable Object class has its migration."),
    judge("local.crons", everywhere(missingCrons), "The cron trigger is there."),
    judge("local.secrets", everywhere(missingSecrets), "A deployment without one of the secrets is refused."),
    ...(meant === undefined ? [] : checkDeployment(config.env[meant], meant)),
  ];
}

const judge = (check: string, problems: readonly string[], fine: string): Check =>
  problems.length === 0
    ? passed(check, fine)
    : failed(check, `wrangler.toml lacks ${listed(problems)}.`, "Put it back: git diff HEAD -- wrangler.toml");

const missingBindings = (section: Section): string[] => [
  ...(section.d1_databases.some(({ binding }) => binding === DATABASE) ? [] : [DATABASE]),
  ...Object.entries(DURABLE_OBJECTS).flatMap(([name, className]) => {
    const bound = section.durable_objects.bindings.find((binding) => binding.name === name);
    return bound?.class_name === className ? [] : [`${name} (class ${className})`];
  }),
];

const missingClasses = ({ migrations }: Section): string[] => {
  const made = new Set(migrations.flatMap(({ new_sqlite_classes: classes }) => classes));
  return Object.values(DURABLE_OBJECTS).filter((name) => !made.has(name));
};

const missingCrons = ({ triggers }: Section): string[] => (triggers.crons.length > 0 ? [] : ["a cron trigger"]);

const missingSecrets = ({ secrets }: Section): string[] => SECRETS.filter((name) => !secrets.required.includes(name));

/** What nobody but the operator can know, and a laptop does not need. */
function checkDeployment(section: Section | undefined, name: string): Check[] {
  if (section === undefined) {
    return [
      failed("local.environment", `wrangler.toml has no [env.${name}].`, "npx sallyport doctor --env production"),
    ];
  }
  const { database_id: databaseId } = section.d1_databases.find(({ binding }) => binding === DATABASE) ?? {};
  const domains = section.routes.map((route) => (typeof route === "string" ? route : route.pattern));
  return [
    databaseId === undefined || databaseId === "" || databaseId === PLACEHOLDER_ID
      ? failed(
          "local.database_id",
          `The database_id in env.${name} is a placeholder.`,
          `npx wrangler d1 create sallyport-${name}, and put the id it prints under [[env.${name}.d1_databases]].`,
        )
      : passed("local.database_id", `env.${name} names a database.`),
    domains.some((domain) => PLACEHOLDER_DOMAIN.test(domain))
      ? failed("local.domain", `The domain in env.${name} is a placeholder.`, `Put yours into routes of [env.${name}].`)
      : passed("local.domain", domains.length === 0 ? `env.${name} has no domain.` : `env.${name} has a domain.`),
  ];
}
