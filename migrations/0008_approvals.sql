-- Policies say which orders wait for a person, and sources whose they are: what was stored before either holds nothing, and is
-- nobody's.
UPDATE accounts SET settings = json_set(settings, '$.policy.approval', 'auto') WHERE json_type(settings, '$.policy.approval') IS NULL;
--> statement-breakpoint
UPDATE sources SET settings = json_set(settings, '$.owner', json('null')) WHERE json_type(settings, '$.owner') IS NULL;
