-- What accounts and sources have come to say: which orders wait for a person and whether they are sent, whose signals are, how they
-- are read, where they go, and how much they stop. What was stored before goes on as it did.
UPDATE accounts SET settings = json_set(settings, '$.policy.approval', 'auto') WHERE json_type(settings, '$.policy.approval') IS NULL;
--> statement-breakpoint
UPDATE accounts SET settings = json_set(settings, '$.mode', 'live') WHERE json_type(settings, '$.mode') IS NULL;
--> statement-breakpoint
UPDATE sources SET settings = json_set(settings, '$.owner', json('null')) WHERE json_type(settings, '$.owner') IS NULL;
--> statement-breakpoint
UPDATE sources SET settings = json_set(settings, '$.fan_out', json('[]')) WHERE json_type(settings, '$.fan_out') IS NULL;
--> statement-breakpoint
UPDATE sources SET settings = json_set(settings, '$.signals', json('{"format":"auto","symbols":{},"strip_exchange":true,"accounts":{},"default_size":null,"size_unit":"quantity","on_opposite":"exit","loosening":"refuse","max_age_sec":null,"delayed_feed":"deny","position_gap":"note","stop_reach":"source"}')) WHERE json_type(settings, '$.signals') IS NULL;
--> statement-breakpoint
UPDATE sources SET settings = json_set(settings, '$.signals.stop_reach', 'source') WHERE json_type(settings, '$.signals.stop_reach') IS NULL;
