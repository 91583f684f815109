-- Conditions that got no ticket of their own: their rule only watched a new host, or its ticket budget was spent. What
-- ended is kept as long as there is room (see `held_back.rs`); what goes on is kept.
CREATE TABLE held_back (
    key         TEXT NOT NULL,
    noted_ms    INTEGER NOT NULL,
    rule        TEXT NOT NULL,
    cause       TEXT NOT NULL CHECK (cause IN ('observed', 'folded')),
    onset_ms    INTEGER NOT NULL,
    ended_ms    INTEGER,
    occurrences INTEGER NOT NULL,
    symptom     TEXT NOT NULL,
    PRIMARY KEY (key, noted_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_back_by_time ON held_back (noted_ms);
CREATE INDEX held_back_by_rule ON held_back (rule, noted_ms);
CREATE INDEX held_back_by_end ON held_back (ended_ms);

-- Until when a person let a rule begin for the hosts there were: they are no longer only watched.
CREATE TABLE rule_begun (
    rule     TEXT PRIMARY KEY,
    begun_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
