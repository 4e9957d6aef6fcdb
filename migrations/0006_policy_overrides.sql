CREATE TABLE `policy_overrides` (
	`account` text NOT NULL,
	`revision` integer NOT NULL,
	`id` text NOT NULL,
	`override` text NOT NULL,
	`until` text NOT NULL,
	`ended_at` text,
	`ended_by` text,
	PRIMARY KEY(`account`, `revision`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `policy_overrides_id_unique` ON `policy_overrides` (`id`);