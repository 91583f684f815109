-- Further disturbances that belong to a ticket, each with its own impact, clock and recovery. `open_key` is set for as long
-- as the ticket holds its keys.
CREATE TABLE ticket_member (
    ticket              INTEGER NOT NULL REFERENCES ticket (number),
    position            INTEGER NOT NULL,
    key                 TEXT NOT NULL,
    open_key            TEXT UNIQUE,
    services            TEXT NOT NULL,
    impact              TEXT NOT NULL,
    priority            INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 6),
    onset_ms            INTEGER NOT NULL,
    detected_ms         INTEGER NOT NULL,
    restored_ms         INTEGER,
    resolution_seconds  INTEGER,
    resolution_operator TEXT,
    PRIMARY KEY (ticket, position)
) STRICT, WITHOUT ROWID;

-- The last day on which people were reminded that a restored ticket waits for its confirmation.
ALTER TABLE ticket ADD COLUMN reminded_ms INTEGER;
