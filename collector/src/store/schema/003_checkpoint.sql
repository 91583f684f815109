-- What the engine knows of its hosts, in opaque slices: it starts from them and the facts after `cursor`.
CREATE TABLE checkpoint (
    slice   INTEGER PRIMARY KEY,
    cursor  INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body    BLOB NOT NULL
) STRICT;

-- What is due is asked for per target: one that is away for long does not stand in front of the others.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (target, next_attempt_ms) WHERE state = 'pending';
