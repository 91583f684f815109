-- What a receiver calls our ticket: looked up or answered once, kept for updates, pages and the API.
CREATE TABLE external_ticket (
    ticket    INTEGER NOT NULL REFERENCES ticket (number),
    target    TEXT NOT NULL,
    reference TEXT NOT NULL,
    url       TEXT,
    linked_ms INTEGER NOT NULL,
    PRIMARY KEY (ticket, target)
) STRICT, WITHOUT ROWID;

-- Who looked at a message that a receiver refused, and let it go.
ALTER TABLE outbox ADD COLUMN checked_ms INTEGER;
ALTER TABLE outbox ADD COLUMN checked_by TEXT;

DROP INDEX outbox_rejected;
CREATE INDEX outbox_refused ON outbox (target, id) WHERE state = 'rejected' AND checked_ms IS NULL;
CREATE INDEX outbox_settled ON outbox (target, settled_ms) WHERE state = 'delivered';
