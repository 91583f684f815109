-- What is known of the office's backups, for ever: a row per backup (a name that came to hold other data is its next
-- generation). Looks are its source; of those only the ones that changed something stay.
CREATE TABLE backup_record (
    backup_set  TEXT NOT NULL,
    artefact    TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    started_ms  INTEGER,
    ended_ms    INTEGER,
    data_ms     INTEGER,
    basis       INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    size_bytes  INTEGER,
    location    TEXT NOT NULL,
    claimed     INTEGER NOT NULL,
    first_ms    INTEGER NOT NULL,
    last_ms     INTEGER NOT NULL,
    deleted_ms  INTEGER,
    verified_ms INTEGER,
    PRIMARY KEY (backup_set, artefact, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX backup_record_by_time ON backup_record (backup_set, ifnull(data_ms, ifnull(ended_ms, first_ms)));

-- The newest look at each set. `fact` is its observation, while that is kept; `kept` says that it changed something.
CREATE TABLE backup_look (
    backup_set  TEXT PRIMARY KEY,
    observed_ms INTEGER,
    looked_ms   INTEGER,
    begins_ms   INTEGER,
    listed_ms   INTEGER,
    error       TEXT,
    error_ms    INTEGER,
    fact        INTEGER,
    kept        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The address at which a job tells of itself. Whoever knows the key may signal, and can do nothing else.
CREATE TABLE heartbeat (
    backup_set TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    begins_ms  INTEGER NOT NULL,
    made_ms    INTEGER NOT NULL,
    made_by    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE heartbeat_signal (
    id         INTEGER PRIMARY KEY,
    backup_set TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('start', 'success', 'fail', 'log')),
    run        TEXT,
    exit_code  INTEGER,
    body       BLOB
) STRICT;
CREATE INDEX heartbeat_signal_by_set ON heartbeat_signal (backup_set, id);

-- Entries of people; never changed, never deleted.
CREATE TABLE backup_verification (
    id          INTEGER PRIMARY KEY,
    backup_set  TEXT NOT NULL,
    artefact    TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    data_ms     INTEGER,
    at_ms       INTEGER NOT NULL,
    method      TEXT NOT NULL,
    passed      INTEGER NOT NULL,
    note        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX backup_verification_by_set ON backup_verification (backup_set, id);

-- Restore drills and real recoveries. `steps`: the instants of the seven steps of Tabel 9 in their order, as JSON.
CREATE TABLE recovery (
    id           INTEGER PRIMARY KEY,
    service      TEXT NOT NULL,
    drill        INTEGER NOT NULL,
    scenario     TEXT NOT NULL,
    disaster_ms  INTEGER NOT NULL,
    decided_ms   INTEGER,
    started_ms   INTEGER,
    up_ms        INTEGER,
    confirmed_ms INTEGER,
    data_ms      INTEGER,
    succeeded    INTEGER NOT NULL,
    steps        TEXT NOT NULL,
    note         TEXT NOT NULL,
    rto_s        INTEGER,
    rpo_s        INTEGER,
    actor        TEXT NOT NULL,
    recorded_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX recovery_by_service ON recovery (service, id);
