-- What was overridden, by whom and until when is never rewritten: a row is added, and ended once. Each trigger is one line with
-- upper-case BEGIN and END: the statement splitter of remote migrations accepts no other spelling.
CREATE TRIGGER IF NOT EXISTS policy_overrides_no_delete BEFORE DELETE ON policy_overrides BEGIN SELECT RAISE(ABORT, 'policy_overrides are kept'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS policy_overrides_end_once BEFORE UPDATE ON policy_overrides WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.account IS NOT OLD.account OR NEW.revision IS NOT OLD.revision OR NEW.id IS NOT OLD.id OR NEW.override IS NOT OLD.override OR NEW.until IS NOT OLD.until BEGIN SELECT RAISE(ABORT, 'policy_overrides are ended once, and nothing else'); END;
