-- What a ticket was opened on: a bounded excerpt, because raw samples do not live as long as a ticket.
CREATE TABLE ticket_evidence (
    ticket INTEGER PRIMARY KEY REFERENCES ticket (number),
    body   TEXT NOT NULL
) STRICT;

-- What is known of groups of alerts that another program tells of.
CREATE TABLE alert_group (
    digest   TEXT PRIMARY KEY,
    heard_ms INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
