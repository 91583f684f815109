-- Samples live as frames until their hour is over, then as one chunk per host and hour, with roll-ups beside it.
-- A key is `unit << 24 | host number`, where the unit is the number of the hour, the day or the month (UTC) since 1970:
-- the oldest rows are at the front of the table, and a host's rows are point look-ups.

-- A table without an index: a live batch dirties one page.
DROP INDEX sample_by_host;
ALTER TABLE sample RENAME TO frame;

-- `upto` is the highest frame number in the chunk: frames of that host and hour with a number up to it are in it.
CREATE TABLE chunk (
    key  INTEGER PRIMARY KEY,
    upto INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Roll-ups of an hour, until its day is packed.
CREATE TABLE rollup_hour (
    key  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- Five-minute points of a day.
CREATE TABLE rollup_day (
    key  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- One-hour points of a month.
CREATE TABLE rollup_month (
    key  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- One row: the first hour, day and month of which nothing has been deleted.
CREATE TABLE kept_from (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    hour  INTEGER NOT NULL,
    day   INTEGER NOT NULL,
    month INTEGER NOT NULL
) STRICT;
INSERT INTO kept_from (only, hour, day, month) VALUES (1, 0, 0, 0);
