-- How a ticket of ours stands at a help desk, as it was heard last: what others change there is told by the difference.
CREATE TABLE external_standing (
    ticket     INTEGER NOT NULL REFERENCES ticket (number),
    target     TEXT NOT NULL,
    stage      TEXT NOT NULL,
    assignee   TEXT,
    priority   TEXT,
    changed_by TEXT,
    changed_ms INTEGER,
    entry_by   TEXT,
    entry_ms   INTEGER,
    solved_by  TEXT,
    solved_ms  INTEGER,
    asked_ms   INTEGER NOT NULL,
    PRIMARY KEY (ticket, target)
) STRICT, WITHOUT ROWID;
