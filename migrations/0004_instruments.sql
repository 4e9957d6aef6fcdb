CREATE TABLE `instrument_lists` (
	`broker` text PRIMARY KEY NOT NULL,
	`listed` integer NOT NULL,
	`refreshed_at` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `instruments` (
	`broker` text NOT NULL,
	`symbol` text NOT NULL,
	`settings` text NOT NULL,
	`changed_at` text NOT NULL,
	PRIMARY KEY(`broker`, `symbol`)
) WITHOUT ROWID;
