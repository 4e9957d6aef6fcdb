// The account's own tables. The list only grows: an entry that has been applied anywhere never changes.
import { assert } from "../domain/result.ts";

export const MIGRATIONS: readonly string[] = [
  `
  -- Which account this object is: an alarm that wakes it does not say. What it goes by, and which revision of a source is
  -- the least that may still send here.
  CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), account TEXT NOT NULL);
  CREATE TABLE configuration (id INTEGER PRIMARY KEY CHECK (id = 1), configuration TEXT NOT NULL);
  CREATE TABLE source_floors (source TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;

  -- Nonces seen, until no timestamp that carries them can be fresh any more, and what became of the request that used it.
  CREATE TABLE nonces (
    key TEXT PRIMARY KEY,
    expires_at_ms INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    order_id TEXT
  ) WITHOUT ROWID;

  -- Bodies that came with a body-only signature. Nothing in them says when they were made, so they are remembered for good.
  CREATE TABLE used_bodies (key TEXT PRIMARY KEY) WITHOUT ROWID;

  CREATE TABLE source_buckets (source TEXT PRIMARY KEY, tokens REAL NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;

  -- One row per intent. 'request' is what the sender asked for, compared when the same id comes again. 'state' is the
  -- order as the API shows it. 'due_at_ms' is when to look at the order next, and 'purpose' what for; an order that is
  -- over has none. 'executions_since_ms' is set while the trades behind its fills have not all been read: from then on.
  CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    client_order_id TEXT NOT NULL,
    source TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    symbol TEXT NOT NULL,
    status TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    looks INTEGER NOT NULL,
    absences INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    due_at_ms INTEGER,
    executions_since_ms INTEGER,
    is_exit INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX orders_client_order_id ON orders (client_order_id);
  CREATE INDEX orders_due ON orders (purpose, due_at_ms) WHERE due_at_ms IS NOT NULL;
  CREATE INDEX orders_executing ON orders (executions_since_ms) WHERE executions_since_ms IS NOT NULL;

  -- The idempotency keys that requests for an order came with, one source's apart from another's.
  CREATE TABLE order_keys (
    source TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    order_id TEXT NOT NULL,
    PRIMARY KEY (source, idempotency_key)
  ) WITHOUT ROWID;

  -- Every trade of our orders, by the broker's own id. One that is listed before its order's fills add up does not count yet.
  CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT NOT NULL,
    executed_at_ms INTEGER NOT NULL,
    venue_order_id TEXT NOT NULL,
    counts INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX executions_order ON executions (order_id);
  CREATE INDEX executions_time ON executions (executed_at_ms, id);
  CREATE INDEX executions_kept ON executions (order_id) WHERE counts = 0;

  -- Batches by the key they came with, so that the same one again is the same orders.
  CREATE TABLE batches (
    source TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (source, idempotency_key)
  ) WITHOUT ROWID;

  -- When the account's own work is due: one row per kind of work that waits.
  CREATE TABLE timers (name TEXT PRIMARY KEY, due_at_ms INTEGER NOT NULL) WITHOUT ROWID;

  -- How the connection to the broker is doing, what the broker last said it holds, and which differences are not believed yet.
  CREATE TABLE circuit_breaker (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL);
  CREATE TABLE broker_view (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at_ms INTEGER NOT NULL,
    holdings TEXT NOT NULL,
    balances TEXT NOT NULL,
    suspects TEXT NOT NULL
  );

  -- Units held, counted from our own fills; negative when short. 'adopted_at_ms' is when the broker's count was last believed.
  CREATE TABLE positions (symbol TEXT PRIMARY KEY, quantity TEXT NOT NULL, adopted_at_ms INTEGER) WITHOUT ROWID;

  -- Every event, chained, as the exact text that was hashed. Rows above the outbox mark are not yet in D1.
  CREATE TABLE journal (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, event TEXT NOT NULL);
  CREATE TABLE outbox_mark (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL);
  INSERT INTO outbox_mark (id, seq) VALUES (1, 0);
  `,
  `
  -- What each source may still send, and how many orders and messages came of it lately.
  DROP TABLE source_buckets;
  CREATE TABLE senders (source TEXT PRIMARY KEY, tokens REAL, at_ms INTEGER, activity TEXT NOT NULL) WITHOUT ROWID;

  -- Signals that are more than one order: what they asked for, and what became of it. What an order was placed for.
  CREATE TABLE signals (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    request_id TEXT NOT NULL,
    request TEXT NOT NULL,
    signal TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE signal_keys (
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    signal TEXT NOT NULL,
    PRIMARY KEY (source, key)
  ) WITHOUT ROWID;
  CREATE TABLE goals (
    id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    signal TEXT NOT NULL,
    source TEXT NOT NULL,
    request_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    goal TEXT NOT NULL,
    detail TEXT,
    expires_at_ms INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    is_due INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX goals_open ON goals (symbol) WHERE is_open = 1;
  ALTER TABLE orders ADD COLUMN goal TEXT;
  CREATE INDEX orders_goal ON orders (goal) WHERE goal IS NOT NULL;

  -- What losses are measured from: equity when the trading day began, and its highest under the present policy. When the
  -- broker was asked for it, and when something was filled last: figures from before that are out of date.
  CREATE TABLE equity_marks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    date TEXT NOT NULL,
    asked_at_ms INTEGER NOT NULL,
    filled_at_ms INTEGER NOT NULL,
    day_start TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    peak TEXT NOT NULL
  );

  -- The stops that bind this account, its own and the gateway's, and when one was released.
  CREATE TABLE stops (id TEXT PRIMARY KEY, stop TEXT NOT NULL, released_at_ms INTEGER);
  `,
  `
  -- A configuration names the overrides of its policy; what was stored before there were any knows of none.
  UPDATE configuration SET configuration = json_set(configuration, '$.overrides', json('[]'));
  `,
  `
  -- A policy says which orders wait for a person; one that was stored before holds none.
  UPDATE configuration SET configuration = json_set(configuration, '$.policy.approval', 'auto')
  WHERE json_type(configuration, '$.policy.approval') IS NULL;
  `,
  `
  -- A configuration says whether orders are sent. One that was stored before it could say so is of an account that sends them.
  UPDATE configuration SET configuration = json_set(configuration, '$.mode', 'live');
  `,
  `
  -- What came of the request that used a body up, where that is known.
  ALTER TABLE used_bodies ADD COLUMN order_id TEXT;
  `,
  `
  -- What was to be done as a stop was set, and who asked for it, for those who hear of the stop later.
  ALTER TABLE stops ADD COLUMN asked TEXT;
  `,
  `
  -- What a signal asks for after something else in the same symbol, until its turn comes: which of the signal's steps it is, and
  -- all that it takes to carry it out.
  CREATE TABLE sequels (
    signal TEXT NOT NULL,
    place INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    request_id TEXT NOT NULL,
    sequel TEXT NOT NULL,
    is_overtaken INTEGER NOT NULL,
    PRIMARY KEY (signal, place)
  ) WITHOUT ROWID;

  -- It is overtaken by whatever anybody else wants of the symbol meanwhile, whichever way that comes: a goal, or an order that the
  -- rules let pass. What a goal orders it may have wanted before, and a leg comes with its order.
  CREATE TRIGGER sequels_overtaken_by_goal AFTER INSERT ON goals
  BEGIN
    UPDATE sequels SET is_overtaken = 1 WHERE symbol = NEW.symbol AND request_id <> NEW.request_id;
  END;
  CREATE TRIGGER sequels_overtaken_by_order AFTER INSERT ON orders WHEN NEW.goal IS NULL AND NEW.status <> 'denied'
  BEGIN
    UPDATE sequels SET is_overtaken = 1
    WHERE symbol = NEW.symbol AND request_id <> json_extract(NEW.state, '$.request_id')
      AND json_extract(NEW.state, '$.parent') IS NULL;
  END;
  `,
  `
  -- A step says which stop it has set. Steps that were stored before said so in words only, like "reducing, stop 1f0c2a4e-…".
  UPDATE signals SET signal = json_set(signal, '$.steps', json((
    SELECT json_group_array(json_set(value, '$.stop',
      CASE WHEN value ->> '$.action' = 'stop' AND value ->> '$.outcome' = 'done' THEN json_object(
        'id', substr(value ->> '$.detail', -36),
        'state', substr(value ->> '$.detail', 1, instr(value ->> '$.detail', ',') - 1)
      ) ELSE json('null') END))
    FROM json_each(signal, '$.steps'))));
  `,
  `
  -- The side that what waits orders on, where it only takes something off. An order on the other side, which opens more, does not
  -- overtake that: a goal does, and an order that takes something off as well. Nor does an older signal's goal overtake anything.
  ALTER TABLE sequels ADD COLUMN takes_off TEXT;
  DROP TRIGGER sequels_overtaken_by_goal;
  CREATE TRIGGER sequels_overtaken_by_goal AFTER INSERT ON goals
  BEGIN
    UPDATE sequels SET is_overtaken = 1
    WHERE symbol = NEW.symbol AND request_id <> NEW.request_id AND signal < NEW.signal;
  END;
  DROP TRIGGER sequels_overtaken_by_order;
  CREATE TRIGGER sequels_overtaken_by_order AFTER INSERT ON orders WHEN NEW.goal IS NULL AND NEW.status <> 'denied'
  BEGIN
    UPDATE sequels SET is_overtaken = 1
    WHERE symbol = NEW.symbol AND request_id <> json_extract(NEW.state, '$.request_id')
      AND json_extract(NEW.state, '$.parent') IS NULL
      AND (takes_off IS NULL OR takes_off = json_extract(NEW.state, '$.side'));
  END;
  `,
  `
  -- A step's stop says whom it stops, as the stop itself has it; no stop is ever deleted.
  UPDATE signals SET signal = json_set(signal, '$.steps', json((
    SELECT json_group_array(json_set(value, '$.stop', json(COALESCE((
      SELECT json_object(
        'id', stops.id,
        'state', value ->> '$.stop.state',
        'account', stop ->> '$.account',
        'source', stop ->> '$.source'
      ) FROM stops WHERE stops.id = value ->> '$.stop.id'), value -> '$.stop'))))
    FROM json_each(signal, '$.steps'))));
  `,
  `
  -- What newer has come to the symbol while it waits; what that means for it is asked when its turn comes. What was overtaken
  -- before the kinds were told apart stays so, and what was held as its signal came is taken from what is held now.
  UPDATE sequels SET sequel = json_set(sequel, '$.heldBefore',
    COALESCE((SELECT quantity FROM positions WHERE positions.symbol = sequels.symbol), '0'));
  DROP TRIGGER sequels_overtaken_by_goal;
  DROP TRIGGER sequels_overtaken_by_order;
  ALTER TABLE sequels DROP COLUMN takes_off;
  ALTER TABLE sequels RENAME COLUMN is_overtaken TO newer_goal;
  ALTER TABLE sequels ADD COLUMN newer_buy INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE sequels ADD COLUMN newer_sell INTEGER NOT NULL DEFAULT 0;
  CREATE TRIGGER sequels_newer_goal AFTER INSERT ON goals
  BEGIN
    UPDATE sequels SET newer_goal = 1
    WHERE symbol = NEW.symbol AND request_id <> NEW.request_id AND signal < NEW.signal;
  END;
  CREATE TRIGGER sequels_newer_order AFTER INSERT ON orders WHEN NEW.goal IS NULL AND NEW.status <> 'denied'
  BEGIN
    UPDATE sequels
    SET newer_buy = newer_buy OR json_extract(NEW.state, '$.side') = 'buy',
        newer_sell = newer_sell OR json_extract(NEW.state, '$.side') = 'sell'
    WHERE symbol = NEW.symbol AND request_id <> json_extract(NEW.state, '$.request_id')
      AND json_extract(NEW.state, '$.parent') IS NULL;
  END;
  `,
  `
  -- A step has the verdicts of the rules about a signal; of one from before, they are not on the record.
  UPDATE signals SET signal = json_set(signal, '$.steps', json((
    SELECT json_group_array(json_set(value, '$.verdicts', json('[]'))) FROM json_each(signal, '$.steps'))));
  `,
];

/** Brings the object's tables up to date, all steps or none. */
export function migrate(storage: DurableObjectStorage, migrations = MIGRATIONS): void {
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS _migrations (id INTEGER PRIMARY KEY, statements TEXT NOT NULL)");
    const applied = storage.sql.exec("SELECT statements FROM _migrations ORDER BY id").toArray();
    assert(applied.length <= migrations.length, "the account's tables are newer than this code");
    migrations.forEach((statements, id) => {
      const before = applied[id]?.["statements"];
      if (before === undefined) {
        storage.sql.exec(statements);
        storage.sql.exec("INSERT INTO _migrations (id, statements) VALUES (?, ?)", id, statements);
      } else {
        assert(before === statements, `account migration ${id} changed after it was applied`);
      }
    });
  });
}
