-- Registers of maintenance and corrections, and the audit trail of what people and the system put on record. The trail is
-- append-only and chained by hash; the other tables show what it led to.

CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    actor     TEXT,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    detail    TEXT NOT NULL,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash      BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, seq);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is never cut'); END;

CREATE TABLE maintenance (
    number           INTEGER PRIMARY KEY,
    state            TEXT NOT NULL,
    services         TEXT NOT NULL,
    hosts            TEXT NOT NULL,
    title            TEXT NOT NULL,
    reason           TEXT NOT NULL,
    evidence         TEXT NOT NULL,
    from_ms          INTEGER NOT NULL,
    to_ms            INTEGER NOT NULL CHECK (to_ms > from_ms),
    recurrence       TEXT NOT NULL,
    until            TEXT,
    proposed_by      TEXT NOT NULL,
    proposed_ms      INTEGER NOT NULL,
    decided_by       TEXT,
    decided_ms       INTEGER,
    decided_reason   TEXT,
    announced_ms     INTEGER,
    channel          TEXT,
    told_by          TEXT,
    told_ms          INTEGER,
    cancelled_by     TEXT,
    cancelled_ms     INTEGER,
    cancelled_reason TEXT
) STRICT;

CREATE TABLE maintenance_window (
    maintenance INTEGER NOT NULL REFERENCES maintenance (number),
    begins_ms   INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    PRIMARY KEY (maintenance, begins_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE correction (
    number         INTEGER PRIMARY KEY,
    service        TEXT NOT NULL,
    claim          TEXT NOT NULL,
    from_ms        INTEGER,
    to_ms          INTEGER,
    withdraws      INTEGER REFERENCES correction (number),
    observed       TEXT,
    reason         TEXT NOT NULL,
    evidence       TEXT NOT NULL,
    proposed_by    TEXT,
    proposed_ms    INTEGER NOT NULL,
    state          TEXT NOT NULL,
    decided_by     TEXT,
    decided_ms     INTEGER,
    decided_reason TEXT,
    approval       INTEGER UNIQUE,
    withdrawn_by   INTEGER,
    figures        TEXT NOT NULL,
    CHECK ((from_ms IS NULL) = (to_ms IS NULL)),
    CHECK ((from_ms IS NULL) <> (withdraws IS NULL)),
    CHECK (to_ms > from_ms)
) STRICT;
