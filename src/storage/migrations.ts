// What the database has to be made of for this code to be right. A unit test holds both lists against migrations/.

/** Every migration, in order. */
export const MIGRATIONS = [
  "0000_audit_log_and_source_keys.sql",
  "0001_audit_log_rules.sql",
  "0002_configuration.sql",
  "0003_configuration_rules.sql",
  "0004_instruments.sql",
  "0005_trading_stops.sql",
  "0006_policy_overrides.sql",
  "0007_policy_override_rules.sql",
  "0008_new_settings.sql",
] as const;

/** Every trigger, and the migration that makes it where it is missing. */
export const TRIGGERS: Readonly<Record<string, (typeof MIGRATIONS)[number]>> = {
  order_audit_log_no_update: "0001_audit_log_rules.sql",
  order_audit_log_no_delete: "0001_audit_log_rules.sql",
  order_audit_log_same_again: "0001_audit_log_rules.sql",
  order_audit_log_no_fork: "0001_audit_log_rules.sql",
  order_audit_log_no_gap: "0001_audit_log_rules.sql",
  order_audit_log_linked: "0001_audit_log_rules.sql",
  order_audit_log_labelled: "0001_audit_log_rules.sql",
  source_keys_no_update: "0001_audit_log_rules.sql",
  source_keys_no_delete: "0001_audit_log_rules.sql",
  source_keys_first_wins: "0001_audit_log_rules.sql",
  accounts_no_delete: "0003_configuration_rules.sql",
  sources_no_delete: "0003_configuration_rules.sql",
  api_keys_no_delete: "0003_configuration_rules.sql",
  policies_no_delete: "0003_configuration_rules.sql",
  policies_no_update: "0003_configuration_rules.sql",
  policy_overrides_no_delete: "0007_policy_override_rules.sql",
  policy_overrides_end_once: "0007_policy_override_rules.sql",
};

export type Structure = {
  /** By file name, as wrangler has noted them. */
  readonly migrations: readonly string[];
  readonly triggers: readonly string[];
};
