-- Instants are UTC milliseconds since 1970 (`_ms`). Enums are kept by their codes, phrases as JSON, observations as
-- the protobuf they arrived as. Hosts and checks have short numbers because millions of rows name them.

CREATE TABLE host (
    num             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    public_key      BLOB NOT NULL CHECK (length(public_key) = 32),
    machine_id_hash TEXT NOT NULL,
    joined_ms       INTEGER NOT NULL,
    revoked_ms      INTEGER,
    last_seen_ms    INTEGER,
    boot_id         TEXT,
    started         BLOB,
    started_at_ms   INTEGER,
    accepted        INTEGER NOT NULL DEFAULT 0,
    lost            INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE join_token (
    secret_hash BLOB PRIMARY KEY CHECK (length(secret_hash) = 32),
    host        TEXT NOT NULL,
    may_replace INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    used_ms     INTEGER,
    used_key    BLOB
) STRICT, WITHOUT ROWID;

-- How far each spool of a host is durable here: the memory that makes a second delivery harmless.
CREATE TABLE stream (
    host      INTEGER NOT NULL REFERENCES host (num),
    name      BLOB NOT NULL CHECK (length(name) = 16),
    acked_seq INTEGER NOT NULL,
    used_ms   INTEGER NOT NULL,
    PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;

-- Facts. `id` rises over all four tables together, in the order of commit: one cursor reads them all.
CREATE TABLE sample (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
CREATE INDEX sample_by_host ON sample (host, at_ms);

CREATE TABLE check_name (
    num INTEGER PRIMARY KEY,
    id  TEXT NOT NULL UNIQUE
) STRICT;

-- Who has ever answered a check: a few hosts, so that a check's answers are found without asking for every host.
CREATE TABLE check_vantage (
    check_num INTEGER NOT NULL REFERENCES check_name (num),
    host      INTEGER NOT NULL REFERENCES host (num),
    PRIMARY KEY (check_num, host)
) STRICT, WITHOUT ROWID;

CREATE TABLE probe (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    check_num   INTEGER NOT NULL REFERENCES check_name (num),
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
CREATE INDEX probe_by_check ON probe (check_num, host, at_ms);

CREATE TABLE backup (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    backup_set  TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
CREATE INDEX backup_by_set ON backup (backup_set, at_ms);

-- What agents tell of themselves: `gap`, `started`.
CREATE TABLE agent_event (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    kind        TEXT NOT NULL CHECK (kind IN ('gap', 'started')),
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;

-- Per service disjoint intervals [from, to); what none covers is unknown.
CREATE TABLE ledger (
    service TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT,
    PRIMARY KEY (service, from_ms),
    CHECK (from_ms < to_ms)
) STRICT, WITHOUT ROWID;

-- `number` is year * 2^32 + number in the year: it sorts by age. `open_key` is null once a ticket does not hold its
-- key any more, so UNIQUE allows one holder per key.
CREATE TABLE ticket (
    number                INTEGER PRIMARY KEY,
    version               INTEGER NOT NULL,
    scope                 TEXT NOT NULL,
    class                 TEXT NOT NULL,
    open_key              TEXT UNIQUE,
    state                 TEXT NOT NULL,
    state_before_restored TEXT,
    onset_ms              INTEGER NOT NULL,
    reported_ms           INTEGER NOT NULL,
    recorded_ms           INTEGER NOT NULL,
    first_response_ms     INTEGER,
    estimated_ms          INTEGER,
    restored_ms           INTEGER,
    confirmed_ms          INTEGER,
    confirmed_by          TEXT,
    closed_ms             INTEGER,
    reporter              TEXT,
    reporting_method      TEXT NOT NULL,
    category              TEXT NOT NULL,
    symptom               TEXT NOT NULL,
    impact                TEXT NOT NULL,
    impact_text           TEXT,
    priority              INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 6),
    cause                 TEXT,
    components            TEXT NOT NULL,
    handlers              TEXT NOT NULL,
    confirmation_method   TEXT,
    response_seconds      INTEGER,
    response_operator     TEXT,
    resolution_seconds    INTEGER,
    resolution_operator   TEXT,
    sla_version           TEXT NOT NULL,
    recurrences           INTEGER NOT NULL,
    false_alarm           INTEGER NOT NULL
) STRICT;
CREATE INDEX ticket_by_state ON ticket (state, number);

CREATE TABLE ticket_service (
    ticket   INTEGER NOT NULL REFERENCES ticket (number),
    position INTEGER NOT NULL,
    service  TEXT NOT NULL,
    PRIMARY KEY (ticket, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_by_service ON ticket_service (service, ticket);

-- The last number given out in a local year. A number is never given twice, even when its ticket was not made.
CREATE TABLE ticket_number (
    year INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;

-- The append-only log of a ticket; no actor is the system; a text is a phrase or as a person wrote it.
CREATE TABLE activity (
    id      INTEGER PRIMARY KEY,
    ticket  INTEGER NOT NULL REFERENCES ticket (number),
    at_ms   INTEGER NOT NULL,
    actor   TEXT,
    kind    TEXT NOT NULL,
    phrase  TEXT,
    written TEXT,
    CHECK ((phrase IS NULL) <> (written IS NULL))
) STRICT;
CREATE INDEX activity_by_ticket ON activity (ticket, id);

CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket          INTEGER NOT NULL REFERENCES ticket (number),
    target          TEXT NOT NULL,
    version         INTEGER NOT NULL,
    event           TEXT NOT NULL,
    payload         TEXT NOT NULL,
    created_ms      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_ms INTEGER NOT NULL,
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'rejected')),
    settled_ms      INTEGER,
    last_error      TEXT,
    UNIQUE (ticket, target, version)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_ms) WHERE state = 'pending';
CREATE INDEX outbox_order ON outbox (ticket, target, version) WHERE state = 'pending';
CREATE INDEX outbox_rejected ON outbox (id) WHERE state = 'rejected';

CREATE TABLE catalogue_revision (
    revision   INTEGER PRIMARY KEY,
    applied_ms INTEGER NOT NULL,
    text       TEXT NOT NULL
) STRICT;

CREATE TABLE user (
    name          TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL,
    disabled_ms   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    user       TEXT NOT NULL REFERENCES user (name),
    csrf       TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_token (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: how far the engine has read the facts, and when it last decided.
CREATE TABLE evaluation (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    cursor       INTEGER NOT NULL,
    evaluated_ms INTEGER
) STRICT;
INSERT INTO evaluation (only, cursor) VALUES (1, 0);
