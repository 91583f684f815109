-- What the closed days of a ledger sum up to, packed per service and calendar month of the office; see
-- store/ledger_days.rs. Nothing here is a fact: every row can be made anew from the ledger.
-- `month` is year * 12 + month in the year from 0. A row that is claimed is being made and holds no days yet.
CREATE TABLE ledger_days (
    service        TEXT NOT NULL,
    month          INTEGER NOT NULL,
    valid_until_ms INTEGER NOT NULL,
    claim          INTEGER,
    revision       INTEGER,
    body           BLOB,
    PRIMARY KEY (service, month),
    CHECK ((claim IS NULL) = (body IS NOT NULL)),
    CHECK ((revision IS NULL) = (body IS NULL))
) STRICT, WITHOUT ROWID;
