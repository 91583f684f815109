-- Frozen reports with their seals: written once, for ever. `body` is the canonical JSON of report and seal.
CREATE TABLE frozen_report (
    period    TEXT NOT NULL,
    revision  INTEGER NOT NULL CHECK (revision > 0),
    frozen_ms INTEGER NOT NULL,
    approver  TEXT NOT NULL,
    reason    TEXT NOT NULL,
    sha256    TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (period, revision)
);

CREATE TRIGGER frozen_report_stays BEFORE UPDATE ON frozen_report
BEGIN SELECT raise(ABORT, 'a frozen report is never changed'); END;

CREATE TRIGGER frozen_report_is_kept BEFORE DELETE ON frozen_report
BEGIN SELECT raise(ABORT, 'a frozen report is never deleted'); END;

-- What people write on a service's opportunities (regulation 3.6, field 6); the newest counts, none is lost.
CREATE TABLE report_note (
    period     TEXT NOT NULL,
    service    TEXT NOT NULL,
    written_ms INTEGER NOT NULL,
    author     TEXT NOT NULL,
    text       TEXT NOT NULL,
    PRIMARY KEY (period, service, written_ms)
) WITHOUT ROWID;

-- Keys that sign reports. The one without `retired_ms` signs; of a retired one only the public half is kept.
CREATE TABLE report_key (
    key_id     TEXT PRIMARY KEY,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    secret     BLOB,
    made_ms    INTEGER NOT NULL,
    retired_ms INTEGER,
    CHECK ((secret IS NULL) = (retired_ms IS NOT NULL))
);
