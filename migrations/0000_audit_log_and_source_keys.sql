CREATE TABLE `order_audit_log` (
	`chain` text NOT NULL,
	`seq` integer NOT NULL,
	`hash` text NOT NULL,
	`event` text NOT NULL,
	PRIMARY KEY(`chain`, `seq`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `source_keys` (
	`source` text NOT NULL,
	`key_id` text NOT NULL,
	`account` text NOT NULL,
	`first_used_at` text NOT NULL,
	PRIMARY KEY(`source`, `key_id`)
) WITHOUT ROWID;
