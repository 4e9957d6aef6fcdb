CREATE TABLE `accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`revision` integer NOT NULL,
	`policy_version` integer NOT NULL,
	`settings` text NOT NULL,
	`created_at` text NOT NULL,
	`changed_at` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`sha256` text NOT NULL,
	`status` text NOT NULL,
	`revision` integer NOT NULL,
	`settings` text NOT NULL,
	`created_at` text NOT NULL,
	`changed_at` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `broker_connections` (
	`account` text PRIMARY KEY NOT NULL,
	`sealed` text NOT NULL,
	`key_version` integer NOT NULL,
	`key_id_masked` text NOT NULL,
	`venue_account_masked` text NOT NULL,
	`venue_account_sha256` text NOT NULL,
	`checked_at` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `key_uses` (
	`key` text PRIMARY KEY NOT NULL,
	`last_used_at` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `policies` (
	`account` text NOT NULL,
	`version` integer NOT NULL,
	`policy` text NOT NULL,
	`changed_by` text NOT NULL,
	`changed_at` text NOT NULL,
	`reason` text,
	PRIMARY KEY(`account`, `version`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `source_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`source` text NOT NULL,
	`sealed` text,
	`key_version` integer,
	`token_sha256` text,
	`created_at` text NOT NULL,
	`expires_at` text,
	`retired_at` text
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sources` (
	`id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`revision` integer NOT NULL,
	`settings` text NOT NULL,
	`created_at` text NOT NULL,
	`changed_at` text NOT NULL
) WITHOUT ROWID;
