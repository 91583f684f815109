-- Masalah: what lies behind disturbances that come back, and what is done about it. `evidence` lists ticket numbers.
CREATE TABLE problem (
    number       INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL CHECK (version > 0),
    service      TEXT NOT NULL,
    cause        TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    action       TEXT NOT NULL,
    owner        TEXT NOT NULL,
    due          TEXT,
    state        TEXT NOT NULL,
    verification TEXT NOT NULL,
    opened_by    TEXT NOT NULL,
    opened_ms    INTEGER NOT NULL,
    changed_by   TEXT NOT NULL,
    changed_ms   INTEGER NOT NULL
) STRICT;

-- At most one open record of a service and cause.
CREATE UNIQUE INDEX problem_open ON problem (service, cause) WHERE state <> 'ditutup';

-- The tickets of a period.
CREATE INDEX ticket_recorded ON ticket (recorded_ms);
