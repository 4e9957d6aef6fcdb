-- Names are never used again, so rows that carry them are never deleted; and what a policy was, it was. Each trigger is one
-- line with upper-case BEGIN and END: the statement splitter of remote migrations accepts no other spelling.
CREATE TRIGGER IF NOT EXISTS accounts_no_delete BEFORE DELETE ON accounts BEGIN SELECT RAISE(ABORT, 'accounts keep their names'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS sources_no_delete BEFORE DELETE ON sources BEGIN SELECT RAISE(ABORT, 'sources keep their names'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS api_keys_no_delete BEFORE DELETE ON api_keys BEGIN SELECT RAISE(ABORT, 'api_keys keep their names'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS policies_no_delete BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'policies are append-only'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS policies_no_update BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'policies are append-only'); END;
