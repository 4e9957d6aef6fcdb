CREATE TABLE `trading_stops` (
	`id` text PRIMARY KEY NOT NULL,
	`stop` text NOT NULL,
	`released_at` text,
	`released_by` text
);
