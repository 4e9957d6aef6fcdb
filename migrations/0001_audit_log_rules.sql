-- Append-only and chained, enforced where the rows are. Each trigger is one line with upper-case BEGIN and END: the
-- statement splitter of remote migrations accepts no other spelling.
--
-- An index over the order id, for the one question everybody asks.
CREATE INDEX IF NOT EXISTS order_audit_log_order ON order_audit_log (json_extract(event, '$.order_id'));
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS order_audit_log_no_update BEFORE UPDATE ON order_audit_log BEGIN SELECT RAISE(ABORT, 'order_audit_log is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS order_audit_log_no_delete BEFORE DELETE ON order_audit_log BEGIN SELECT RAISE(ABORT, 'order_audit_log is append-only'); END;
--> statement-breakpoint
-- The same entry again is a writer that did not hear our answer: nothing happens, and nothing is an error. This also disarms INSERT OR REPLACE.
CREATE TRIGGER IF NOT EXISTS order_audit_log_same_again BEFORE INSERT ON order_audit_log WHEN EXISTS (SELECT 1 FROM order_audit_log WHERE chain = NEW.chain AND seq = NEW.seq AND hash = NEW.hash AND event = NEW.event) BEGIN SELECT RAISE(IGNORE); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS order_audit_log_no_fork BEFORE INSERT ON order_audit_log WHEN EXISTS (SELECT 1 FROM order_audit_log WHERE chain = NEW.chain AND seq = NEW.seq AND (hash <> NEW.hash OR event <> NEW.event)) BEGIN SELECT RAISE(ABORT, 'order_audit_log: another entry has this number'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS order_audit_log_no_gap BEFORE INSERT ON order_audit_log WHEN NEW.seq > 1 + COALESCE((SELECT MAX(seq) FROM order_audit_log WHERE chain = NEW.chain), 0) OR NEW.seq < 1 OR NEW.seq <> CAST(NEW.seq AS INTEGER) BEGIN SELECT RAISE(ABORT, 'order_audit_log: entries are missing before this one'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS order_audit_log_linked BEFORE INSERT ON order_audit_log WHEN json_extract(NEW.event, '$.prev') IS NOT COALESCE((SELECT hash FROM order_audit_log WHERE chain = NEW.chain AND seq = NEW.seq - 1), '0000000000000000000000000000000000000000000000000000000000000000') BEGIN SELECT RAISE(ABORT, 'order_audit_log: the entry does not follow the one before it'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS order_audit_log_labelled BEFORE INSERT ON order_audit_log WHEN json_extract(NEW.event, '$.chain') IS NOT NEW.chain OR json_extract(NEW.event, '$.seq') IS NOT NEW.seq BEGIN SELECT RAISE(ABORT, 'order_audit_log: the entry names another place than its row'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS source_keys_no_update BEFORE UPDATE ON source_keys BEGIN SELECT RAISE(ABORT, 'source_keys never change'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS source_keys_no_delete BEFORE DELETE ON source_keys BEGIN SELECT RAISE(ABORT, 'source_keys never change'); END;
--> statement-breakpoint
CREATE TRIGGER IF NOT EXISTS source_keys_first_wins BEFORE INSERT ON source_keys WHEN EXISTS (SELECT 1 FROM source_keys WHERE source = NEW.source AND key_id = NEW.key_id) BEGIN SELECT RAISE(IGNORE); END;
