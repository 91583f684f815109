-- Messages about backup sets that are at risk, before anything is broken: a set, an episode, no ticket.
CREATE TABLE notice (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    backup_set      TEXT NOT NULL,
    episode_ms      INTEGER NOT NULL,
    event           TEXT NOT NULL CHECK (event IN ('at_risk', 'risk_over')),
    target          TEXT NOT NULL,
    version         INTEGER NOT NULL,
    payload         TEXT NOT NULL,
    created_ms      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_ms INTEGER NOT NULL,
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'rejected')),
    settled_ms      INTEGER,
    last_error      TEXT,
    UNIQUE (backup_set, episode_ms, event, target)
) STRICT;
CREATE INDEX notice_due ON notice (target, next_attempt_ms) WHERE state = 'pending';

-- The episode of risk that a set is in, by when it began.
CREATE TABLE backup_risk (
    backup_set TEXT PRIMARY KEY,
    episode_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
