PRAGMA application_id = 1346457172;
PRAGMA user_version = 19;
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
INSERT INTO host VALUES (1, 'web-01', x'0707070707070707070707070707070707070707070707070707070707070707', 'm', 1780000001000, NULL, NULL, 'boot', x'1203776562', 1780000011000, 0, 0);
INSERT INTO host VALUES (2, 'db-01', x'0707070707070707070707070707070707070707070707070707070707070707', 'm', 1780000001000, 1780000500000, NULL, 'boot', x'1203776562', 1780000011000, 0, 0);
CREATE TABLE join_token (
    secret_hash BLOB PRIMARY KEY CHECK (length(secret_hash) = 32),
    host        TEXT NOT NULL,
    may_replace INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    used_ms     INTEGER,
    used_key    BLOB
) STRICT, WITHOUT ROWID;
INSERT INTO join_token VALUES (x'0b9d9f06cc8cf44765a12c0aa01a6e2217130979f4dfeda24e22b0af7e8d237e', 'web-01', 0, 1780000000000, 1780000009000, 1780000001000, x'0707070707070707070707070707070707070707070707070707070707070707');
INSERT INTO join_token VALUES (x'82cf7f0efd2059fab88ef0bd227131f5e90ffd5e383fc038878a17fcdeb9e28e', 'db-01', 0, 1780000000000, 1780000009000, 1780000001000, x'0707070707070707070707070707070707070707070707070707070707070707');
CREATE TABLE stream (
    host      INTEGER NOT NULL REFERENCES host (num),
    name      BLOB NOT NULL CHECK (length(name) = 16),
    acked_seq INTEGER NOT NULL,
    used_ms   INTEGER NOT NULL, accepted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;
INSERT INTO stream VALUES (1, x'01010101010101010101010101010101', 15, 1780000016000, 15, 3);
INSERT INTO stream VALUES (2, x'01010101010101010101010101010101', 15, 1780000016000, 15, 3);
CREATE TABLE "frame" (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
INSERT INTO frame VALUES (3, 1, 1780000003000, 1780000006000, x'');
INSERT INTO frame VALUES (8, 1, 1780000008000, 1780000011000, x'');
INSERT INTO frame VALUES (13, 1, 1780000013000, 1780000016000, x'');
INSERT INTO frame VALUES (18, 2, 1780000003000, 1780000006000, x'');
INSERT INTO frame VALUES (23, 2, 1780000008000, 1780000011000, x'');
INSERT INTO frame VALUES (28, 2, 1780000013000, 1780000016000, x'');
CREATE TABLE check_name (
    num INTEGER PRIMARY KEY,
    id  TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO check_name VALUES (1, 'simpeg-http');
CREATE TABLE check_vantage (
    check_num INTEGER NOT NULL REFERENCES check_name (num),
    host      INTEGER NOT NULL REFERENCES host (num),
    PRIMARY KEY (check_num, host)
) STRICT, WITHOUT ROWID;
INSERT INTO check_vantage VALUES (1, 1);
INSERT INTO check_vantage VALUES (1, 2);
CREATE TABLE probe (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    check_num   INTEGER NOT NULL REFERENCES check_name (num),
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
INSERT INTO probe VALUES (4, 1, 1, 1780000004000, 1780000006000, x'0a0b73696d7065672d6874747010012282016a61776162616e203020787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
INSERT INTO probe VALUES (9, 1, 1, 1780000009000, 1780000011000, x'0a0b73696d7065672d6874747010012282016a61776162616e203120787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
INSERT INTO probe VALUES (14, 1, 1, 1780000014000, 1780000016000, x'0a0b73696d7065672d6874747010012282016a61776162616e203220787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
INSERT INTO probe VALUES (19, 2, 1, 1780000004000, 1780000006000, x'0a0b73696d7065672d6874747010012282016a61776162616e203020787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
INSERT INTO probe VALUES (24, 2, 1, 1780000009000, 1780000011000, x'0a0b73696d7065672d6874747010012282016a61776162616e203120787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
INSERT INTO probe VALUES (29, 2, 1, 1780000014000, 1780000016000, x'0a0b73696d7065672d6874747010012282016a61776162616e203220787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878');
CREATE INDEX probe_by_check ON probe (check_num, host, at_ms);
CREATE TABLE backup (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    backup_set  TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
INSERT INTO backup VALUES (5, 1, 'simpeg-db', 1780000005000, 1780000006000, x'0a0973696d7065672d6462');
INSERT INTO backup VALUES (10, 1, 'simpeg-db', 1780000010000, 1780000011000, x'0a0973696d7065672d6462');
INSERT INTO backup VALUES (15, 1, 'simpeg-db', 1780000015000, 1780000016000, x'0a0973696d7065672d6462');
INSERT INTO backup VALUES (20, 2, 'simpeg-db', 1780000005000, 1780000006000, x'0a0973696d7065672d6462');
INSERT INTO backup VALUES (25, 2, 'simpeg-db', 1780000010000, 1780000011000, x'0a0973696d7065672d6462');
INSERT INTO backup VALUES (30, 2, 'simpeg-db', 1780000015000, 1780000016000, x'0a0973696d7065672d6462');
CREATE INDEX backup_by_set ON backup (backup_set, at_ms);
CREATE TABLE agent_event (
    id          INTEGER PRIMARY KEY,
    host        INTEGER NOT NULL REFERENCES host (num),
    kind        TEXT NOT NULL CHECK (kind IN ('gap', 'started')),
    at_ms       INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;
INSERT INTO agent_event VALUES (1, 1, 'started', 1780000001000, 1780000006000, x'1203776562');
INSERT INTO agent_event VALUES (2, 1, 'gap', 1780000002000, 1780000006000, x'080110011a0a73706f6f6c2066756c6c');
INSERT INTO agent_event VALUES (6, 1, 'started', 1780000006000, 1780000011000, x'1203776562');
INSERT INTO agent_event VALUES (7, 1, 'gap', 1780000007000, 1780000011000, x'080610061a0a73706f6f6c2066756c6c');
INSERT INTO agent_event VALUES (11, 1, 'started', 1780000011000, 1780000016000, x'1203776562');
INSERT INTO agent_event VALUES (12, 1, 'gap', 1780000012000, 1780000016000, x'080b100b1a0a73706f6f6c2066756c6c');
INSERT INTO agent_event VALUES (16, 2, 'started', 1780000001000, 1780000006000, x'1203776562');
INSERT INTO agent_event VALUES (17, 2, 'gap', 1780000002000, 1780000006000, x'080110011a0a73706f6f6c2066756c6c');
INSERT INTO agent_event VALUES (21, 2, 'started', 1780000006000, 1780000011000, x'1203776562');
INSERT INTO agent_event VALUES (22, 2, 'gap', 1780000007000, 1780000011000, x'080610061a0a73706f6f6c2066756c6c');
INSERT INTO agent_event VALUES (26, 2, 'started', 1780000011000, 1780000016000, x'1203776562');
INSERT INTO agent_event VALUES (27, 2, 'gap', 1780000012000, 1780000016000, x'080b100b1a0a73706f6f6c2066756c6c');
CREATE TABLE ledger (
    service TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT,
    PRIMARY KEY (service, from_ms),
    CHECK (from_ms < to_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger VALUES ('simpeg', 1780000000000, 1780000010000, 'up', '{"id":"why","args":[]}');
INSERT INTO ledger VALUES ('simpeg', 1780000010000, 1780000030000, 'down', '{"id":"why","args":[]}');
INSERT INTO ledger VALUES ('simpeg', 1780000035000, 1780000040000, 'degraded', '{"id":"why","args":[]}');
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
, escalation_level INTEGER NOT NULL DEFAULT 1, estimate_missed_ms INTEGER, recovery_prompted_ms INTEGER, flapping_since_ms INTEGER, occurrences INTEGER NOT NULL DEFAULT 1, episode_ms INTEGER, related INTEGER, reminded_ms INTEGER) STRICT;
INSERT INTO ticket VALUES (8701603741697, 1, 'service:simpeg', 'akses', 'service:simpeg|akses', 'baru', NULL, 1780000001000, 1780000002000, 1780000002000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'sistem_pemantauan', 'aplikasi', '{"id":"symptom-service-down","args":[["service","simpeg"]]}', 'mayor', NULL, 2, NULL, '["web-01"]', '[]', NULL, 900, 'below', NULL, NULL, 'bangka-2025.1', 0, 0, 1, NULL, NULL, NULL, 1, 1780000001000, NULL, NULL);
CREATE INDEX ticket_by_state ON ticket (state, number);
CREATE TABLE ticket_service (
    ticket   INTEGER NOT NULL REFERENCES ticket (number),
    position INTEGER NOT NULL,
    service  TEXT NOT NULL,
    PRIMARY KEY (ticket, position)
) STRICT, WITHOUT ROWID;
INSERT INTO ticket_service VALUES (8701603741697, 1, 'a-second');
INSERT INTO ticket_service VALUES (8701603741697, 0, 'simpeg');
CREATE INDEX ticket_by_service ON ticket_service (service, ticket);
CREATE TABLE ticket_number (
    year INTEGER PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;
INSERT INTO ticket_number VALUES (2026, 1);
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
INSERT INTO activity VALUES (1, 8701603741697, 1780000005000, 'Sari', 'comment', NULL, 'cek "disk"');
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
    last_error      TEXT, checked_ms INTEGER, checked_by TEXT,
    UNIQUE (ticket, target, version)
) STRICT;
INSERT INTO outbox VALUES (1, 8701603741697, 'meja-bantuan', 1, 'opened', '{}', 1780000003000, 0, 1780000003000, 'pending', NULL, NULL, NULL, NULL);
CREATE INDEX outbox_order ON outbox (ticket, target, version) WHERE state = 'pending';
CREATE TABLE catalogue_revision (
    revision   INTEGER PRIMARY KEY,
    applied_ms INTEGER NOT NULL,
    text       TEXT NOT NULL
) STRICT;
INSERT INTO catalogue_revision VALUES (1, 1780000002000, '# katalog');
CREATE TABLE user (
    name          TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL,
    disabled_ms   INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO user VALUES ('sari', '$argon2id$1', 'admin', NULL);
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    user       TEXT NOT NULL REFERENCES user (name),
    csrf       TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO session VALUES (x'0505050505050505050505050505050505050505050505050505050505050505', 'sari', 'c', 1780000900000);
CREATE TABLE api_token (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO api_token VALUES (x'0606060606060606060606060606060606060606060606060606060606060606', 'grafana', 'read', 1780000001000, NULL);
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES ('a', '1');
CREATE TABLE evaluation (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    cursor       INTEGER NOT NULL,
    evaluated_ms INTEGER
) STRICT;
INSERT INTO evaluation VALUES (1, 3, 1780000003000);
CREATE TABLE chunk (
    key  INTEGER PRIMARY KEY,
    upto INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
INSERT INTO chunk VALUES (8295393787905, 13, x'01573a46cc0f030001001302b8a79282e733904e01');
INSERT INTO chunk VALUES (8295393787906, 28, x'01573a46cc0f030001001302b8a79282e733904e01');
CREATE TABLE rollup_hour (
    key  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
INSERT INTO rollup_hour VALUES (8295075020801, x'81caf63ea8050000000101');
CREATE TABLE rollup_day (
    key  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
INSERT INTO rollup_day VALUES (345627426817, x'81caf63ea8050000000101');
INSERT INTO rollup_day VALUES (345627426818, x'81caf63ea8050000000101');
CREATE TABLE rollup_month (
    key  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
INSERT INTO rollup_month VALUES (11341398017, x'82caf63ea8050000000101');
INSERT INTO rollup_month VALUES (11341398018, x'82caf63ea8050000000101');
CREATE TABLE kept_from (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    hour  INTEGER NOT NULL,
    day   INTEGER NOT NULL,
    month INTEGER NOT NULL
) STRICT;
INSERT INTO kept_from VALUES (1, 0, 0, 0);
CREATE TABLE checkpoint (
    slice   INTEGER PRIMARY KEY,
    cursor  INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body    BLOB NOT NULL
) STRICT;
INSERT INTO checkpoint VALUES (0, 1, 1, x'010203');
CREATE INDEX outbox_due ON outbox (target, next_attempt_ms) WHERE state = 'pending';
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
INSERT INTO ledger_days VALUES ('simpeg', 24317, 1780000009000, NULL, 1, x'0101973b969c81088108');
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    actor     TEXT,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    detail    TEXT NOT NULL,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash      BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO audit VALUES (1, 1780000005000, 'rina', 'maintenance.propose', 'maintenance/1', '{"title":"Tambalan"}', x'0000000000000000000000000000000000000000000000000000000000000000', x'1b1ed2b6eca9b90fa3ef00c7b4f1c7b4268d3714b1d314965d5e96d3a8ed19e1');
INSERT INTO audit VALUES (2, 1780000005000, 'rina', 'problem.open', 'problem/1', '{"title":"Tambalan"}', x'1b1ed2b6eca9b90fa3ef00c7b4f1c7b4268d3714b1d314965d5e96d3a8ed19e1', x'a4b28ff095a41109ba9599d7f5cb0920483b5540c63150af30d0548a3b74a9c3');
CREATE INDEX audit_by_subject ON audit (subject, seq);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is never cut'); END;
CREATE TABLE maintenance (
    number           INTEGER PRIMARY KEY,
    state            TEXT NOT NULL,
    services         TEXT NOT NULL,
    hosts            TEXT NOT NULL,
    title            TEXT NOT NULL,
    reason           TEXT NOT NULL,
    evidence         TEXT NOT NULL,
    from_ms          INTEGER NOT NULL,
    to_ms            INTEGER NOT NULL CHECK (to_ms > from_ms),
    recurrence       TEXT NOT NULL,
    until            TEXT,
    proposed_by      TEXT NOT NULL,
    proposed_ms      INTEGER NOT NULL,
    decided_by       TEXT,
    decided_ms       INTEGER,
    decided_reason   TEXT,
    announced_ms     INTEGER,
    channel          TEXT,
    told_by          TEXT,
    told_ms          INTEGER,
    cancelled_by     TEXT,
    cancelled_ms     INTEGER,
    cancelled_reason TEXT
) STRICT;
INSERT INTO maintenance VALUES (1, 'cancelled', '["a-second","simpeg"]', '["web-01"]', 'Tambalan', 'Keamanan', 'ND-7', 1780090000000, 1780097200000, 'weekly:tue+fri', '2026-07-01', 'rina', 1780000001000, 'budi', 1780000003000, 'karena', 1780000002000, 'Surat', 'rina', 1780000003000, 'rina', 1780100000000, 'karena');
CREATE TABLE maintenance_window (
    maintenance INTEGER NOT NULL REFERENCES maintenance (number),
    begins_ms   INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    PRIMARY KEY (maintenance, begins_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO maintenance_window VALUES (1, 1780090000000, 'ended_early', 'rina', 1780095000000);
INSERT INTO maintenance_window VALUES (1, 1780176400000, 'cancelled', 'budi', 1780099000000);
CREATE TABLE correction (
    number         INTEGER PRIMARY KEY,
    service        TEXT NOT NULL,
    claim          TEXT NOT NULL,
    from_ms        INTEGER,
    to_ms          INTEGER,
    withdraws      INTEGER REFERENCES correction (number),
    observed       TEXT,
    reason         TEXT NOT NULL,
    evidence       TEXT NOT NULL,
    proposed_by    TEXT,
    proposed_ms    INTEGER NOT NULL,
    state          TEXT NOT NULL,
    decided_by     TEXT,
    decided_ms     INTEGER,
    decided_reason TEXT,
    approval       INTEGER UNIQUE,
    withdrawn_by   INTEGER,
    figures        TEXT NOT NULL, backup_set TEXT, rpo_figures TEXT NOT NULL DEFAULT '[]',
    CHECK ((from_ms IS NULL) = (to_ms IS NULL)),
    CHECK ((from_ms IS NULL) <> (withdraws IS NULL)),
    CHECK (to_ms > from_ms)
) STRICT;
INSERT INTO correction VALUES (1, 'simpeg', 'up', 1780000000000, 1780000060000, NULL, NULL, 'Salah ukur', 'Log', 'rina', 1780000100000, 'withdrawn', 'budi', 1780000101000, '', 1, 3, '[["2026-05-01",[5,1,2,3,4],[9,1,2,3,4]]]', NULL, '[]');
INSERT INTO correction VALUES (2, 'simpeg', 'excluded', 1780000060000, 1780000070000, NULL, 'unknown', 'Salah ukur', 'Log', NULL, 1780000100000, 'proposed', NULL, NULL, NULL, NULL, NULL, '[]', NULL, '[]');
INSERT INTO correction VALUES (3, 'simpeg', 'withdraw', NULL, NULL, 1, 'unknown', 'Salah ukur', 'Log', NULL, 1780000100000, 'proposed', NULL, NULL, NULL, 2, NULL, '[]', NULL, '[]');
INSERT INTO correction VALUES (4, 'simpeg', 'backups', 1780000100000, 1780000500000, NULL, NULL, 'Salah ukur', 'Log', NULL, 1780000100000, 'proposed', NULL, NULL, NULL, NULL, NULL, '[]', 'db', '[["2026-05-01",null,[900,90,9,2,99,900000]]]');
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
    verified_ms INTEGER, builds_on TEXT NOT NULL DEFAULT '[]', gapless INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (backup_set, artefact, generation)
) STRICT, WITHOUT ROWID;
INSERT INTO backup_record VALUES ('simpeg-db', 'a.sql', 0, NULL, NULL, 7, 0, 0, NULL, 'db-01', 0, 1780000009000, 1780000009000, NULL, NULL, '["\"awal\".sql"]', 1);
CREATE INDEX backup_record_by_time ON backup_record (backup_set, ifnull(data_ms, ifnull(ended_ms, first_ms)));
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
INSERT INTO backup_look VALUES ('simpeg-db', 1780000009000, 1780000009000, 1780000009000, NULL, NULL, NULL, NULL, 1);
CREATE TABLE heartbeat (
    backup_set TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    begins_ms  INTEGER NOT NULL,
    made_ms    INTEGER NOT NULL,
    made_by    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO heartbeat VALUES ('simpeg-db', 'k', 1780000001000, 1780000002000, 'sari');
CREATE TABLE heartbeat_signal (
    id         INTEGER PRIMARY KEY,
    backup_set TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('start', 'success', 'fail', 'log')),
    run        TEXT,
    exit_code  INTEGER,
    body       BLOB
) STRICT;
INSERT INTO heartbeat_signal VALUES (1, 'simpeg-db', 1780000003000, 'fail', 'r', 3, x'07');
CREATE INDEX heartbeat_signal_by_set ON heartbeat_signal (backup_set, id);
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
INSERT INTO backup_verification VALUES (1, 'simpeg-db', 'a.sql', 0, 1780000001000, 1780000004000, 'checksum', 1, 'cocok', 'sari', 1780000005000);
CREATE INDEX backup_verification_by_set ON backup_verification (backup_set, id);
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
INSERT INTO recovery VALUES (1, 'simpeg', 1, 'server mati', 1780000001000, NULL, 1780000002000, NULL, 1780000003000, 1780000000000, 1, '[1780000001000,null,null,null,null,null,1780000003000]', '', 9, NULL, 'sari', 1780000004000);
CREATE INDEX recovery_by_service ON recovery (service, id);
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
INSERT INTO frozen_report VALUES ('2026-05', 1, 1780000007000, 'Sari', '', 'ab', 'k1', '{}');
CREATE TRIGGER frozen_report_stays BEFORE UPDATE ON frozen_report
BEGIN SELECT raise(ABORT, 'a frozen report is never changed'); END;
CREATE TRIGGER frozen_report_is_kept BEFORE DELETE ON frozen_report
BEGIN SELECT raise(ABORT, 'a frozen report is never deleted'); END;
CREATE TABLE report_note (
    period     TEXT NOT NULL,
    service    TEXT NOT NULL,
    written_ms INTEGER NOT NULL,
    author     TEXT NOT NULL,
    text       TEXT NOT NULL,
    PRIMARY KEY (period, service, written_ms)
) WITHOUT ROWID;
INSERT INTO report_note VALUES ('2026-05', 'simpeg', 1780000006000, 'Sari', 'ganti disk');
CREATE TABLE report_key (
    key_id     TEXT PRIMARY KEY,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    secret     BLOB,
    made_ms    INTEGER NOT NULL,
    retired_ms INTEGER,
    CHECK ((secret IS NULL) = (retired_ms IS NOT NULL))
);
INSERT INTO report_key VALUES ('k1', x'0909090909090909090909090909090909090909090909090909090909090909', NULL, 1780000001000, 1780000001000);
INSERT INTO report_key VALUES ('k2', x'0909090909090909090909090909090909090909090909090909090909090909', x'0102', 1780000001000, NULL);
CREATE TABLE external_ticket (
    ticket    INTEGER NOT NULL REFERENCES ticket (number),
    target    TEXT NOT NULL,
    reference TEXT NOT NULL,
    url       TEXT,
    linked_ms INTEGER NOT NULL,
    PRIMARY KEY (ticket, target)
) STRICT, WITHOUT ROWID;
INSERT INTO external_ticket VALUES (8701603741697, 'meja-bantuan', '4711', NULL, 1780000007000);
CREATE INDEX outbox_refused ON outbox (target, id) WHERE state = 'rejected' AND checked_ms IS NULL;
CREATE INDEX outbox_settled ON outbox (target, settled_ms) WHERE state = 'delivered';
CREATE TABLE ticket_evidence (
    ticket INTEGER PRIMARY KEY REFERENCES ticket (number),
    body   TEXT NOT NULL
) STRICT;
INSERT INTO ticket_evidence VALUES (8701603741697, '{"answers":[{"at_ms":1780000009000,"check":"HTTP","host":"web-01","verdict":"failed","phase":"connect","reason":"ditolak","duration_ms":12}],"last_good":{"at_ms":1780000009000,"check":"HTTP","host":"web-01","verdict":"failed","phase":"connect","reason":"ditolak","duration_ms":12},"readings":[{"metric":"storage","part":"/var","limit":900,"points":[[1780000001000,910]]}],"booted":[["web-01",1780000002000]],"catalogue":[3,1780000004000]}');
CREATE TABLE alert_group (
    digest   TEXT PRIMARY KEY,
    heard_ms INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO alert_group VALUES ('0123456789abcdef', 1780000006000, '{"title":"alertname=DiskFull","class":"keamanan","hidden":2,"good_ms":null,"alerts":{"f":{"starts_ms":1780000005000,"ends_ms":null,"name":"DiskFull","summary":"penuh","instance":"web-01:9100","services":["simpeg"],"host":"web-01","impact":"mayor"}}}');
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
INSERT INTO held_back VALUES ('host:web-01:storage:/var|kapasitas', 1780000004000, 'storage', 'observed', 1780000003000, NULL, 1, '{"id":"symptom-threshold-storage","args":[["part","/var"]]}');
CREATE INDEX held_back_by_time ON held_back (noted_ms);
CREATE INDEX held_back_by_rule ON held_back (rule, noted_ms);
CREATE INDEX held_back_by_end ON held_back (ended_ms);
CREATE TABLE rule_begun (
    rule     TEXT PRIMARY KEY,
    begun_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO rule_begun VALUES ('storage', 1780000002000);
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
    last_error      TEXT, checked_ms INTEGER, checked_by TEXT,
    UNIQUE (backup_set, episode_ms, event, target)
) STRICT;
INSERT INTO notice VALUES (1, 'simpeg-db', 1780000006000, 'at_risk', 'piket', 7, '{}', 1780000008000, 1, 1780000008000, 'delivered', 1780000009000, NULL, NULL, NULL);
CREATE INDEX notice_due ON notice (target, next_attempt_ms) WHERE state = 'pending';
CREATE TABLE backup_risk (
    backup_set TEXT PRIMARY KEY,
    episode_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO backup_risk VALUES ('simpeg-db', 1780000006000);
CREATE TABLE problem (
    number       INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL CHECK (version > 0),
    service      TEXT NOT NULL,
    cause        TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    action       TEXT NOT NULL,
    owner        TEXT NOT NULL,
    due          TEXT,
    state        TEXT NOT NULL,
    verification TEXT NOT NULL,
    opened_by    TEXT NOT NULL,
    opened_ms    INTEGER NOT NULL,
    changed_by   TEXT NOT NULL,
    changed_ms   INTEGER NOT NULL
) STRICT;
INSERT INTO problem VALUES (1, 1, 'simpeg', 'disk penuh', '["SPBE-GGN-2026-0001"]', '', '', NULL, 'diusulkan', '', 'sari', 1780000008000, 'sari', 1780000008000);
CREATE UNIQUE INDEX problem_open ON problem (service, cause) WHERE state <> 'ditutup';
CREATE INDEX ticket_recorded ON ticket (recorded_ms);
CREATE TABLE ticket_member (
    ticket              INTEGER NOT NULL REFERENCES ticket (number),
    position            INTEGER NOT NULL,
    key                 TEXT NOT NULL,
    open_key            TEXT UNIQUE,
    services            TEXT NOT NULL,
    impact              TEXT NOT NULL,
    priority            INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 6),
    onset_ms            INTEGER NOT NULL,
    detected_ms         INTEGER NOT NULL,
    restored_ms         INTEGER,
    resolution_seconds  INTEGER,
    resolution_operator TEXT,
    PRIMARY KEY (ticket, position)
) STRICT, WITHOUT ROWID;
INSERT INTO ticket_member VALUES (8701603741697, 0, 'service:kasda|akses', 'service:kasda|akses', '["kasda"]', 'mayor', 1, 1780000002000, 1780000003000, NULL, 86400, 'below');
CREATE TABLE ledger_part (
    service TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL CHECK (to_ms > from_ms),
    states  TEXT NOT NULL,
    PRIMARY KEY (service, from_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_part VALUES ('simpeg', 1780000010000, 1780000030000, '[["simpeg-web","down"]]');
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
INSERT INTO late_backup VALUES (4, 0, 1780000500000, 0, 'dump-1', 1, NULL, NULL, NULL, 0, 0, NULL, '', 0, 0, 0, NULL, NULL, '[]', 0);
INSERT INTO late_backup VALUES (4, 1, 1780000500000, 1, 'dump-2', 1, 1780000090000, 1780000110000, 1780000090000, 1, 1, 7, 'a', 1, 1780000120000, 1780000130000, 1780000400000, 1780000125000, '["dump-1"]', 1);
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
INSERT INTO external_standing VALUES (8701603741697, 'meja-bantuan', 'tertunda', 'Rina', '3', 'Rina', 1780000008000, 'Budi', 1780000009000, NULL, NULL, 1780000010000);
