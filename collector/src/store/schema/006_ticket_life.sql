-- What a ticket goes through besides its states: how high it has climbed (Tabel 14), an estimate that passed, whether the
-- recovery plan was brought up, how often and since when it comes and goes, and an earlier ticket of the same thing.
ALTER TABLE ticket ADD COLUMN escalation_level INTEGER NOT NULL DEFAULT 1;
ALTER TABLE ticket ADD COLUMN estimate_missed_ms INTEGER;
ALTER TABLE ticket ADD COLUMN recovery_prompted_ms INTEGER;
ALTER TABLE ticket ADD COLUMN flapping_since_ms INTEGER;
ALTER TABLE ticket ADD COLUMN occurrences INTEGER NOT NULL DEFAULT 1;
ALTER TABLE ticket ADD COLUMN episode_ms INTEGER;
ALTER TABLE ticket ADD COLUMN related INTEGER;
