-- How the checks of a service with components stood while it was down: disjoint stretches, none outside of it. By these
-- facts it is told whether maintenance of a component explains an outage. `states`: JSON, check and state, those not up.
CREATE TABLE ledger_part (
    service TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL CHECK (to_ms > from_ms),
    states  TEXT NOT NULL,
    PRIMARY KEY (service, from_ms)
) STRICT, WITHOUT ROWID;
