-- Corrections about late records of a backup set: which set, and its figures at the approval, month by month.
ALTER TABLE correction ADD COLUMN backup_set TEXT;
ALTER TABLE correction ADD COLUMN rpo_figures TEXT NOT NULL DEFAULT '[]';

-- How records of the set count before `until_ms` until people agree: as they were known then (`known`), or not at all.
CREATE TABLE late_backup (
    correction  INTEGER NOT NULL REFERENCES correction (number),
    position    INTEGER NOT NULL,
    until_ms    INTEGER NOT NULL,
    known       INTEGER NOT NULL,
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
    builds_on   TEXT NOT NULL,
    gapless     INTEGER NOT NULL,
    PRIMARY KEY (correction, position)
) STRICT, WITHOUT ROWID;

-- Who looked at a notice that its receiver refused for good, and sent it again or let it go.
ALTER TABLE notice ADD COLUMN checked_ms INTEGER;
ALTER TABLE notice ADD COLUMN checked_by TEXT;
