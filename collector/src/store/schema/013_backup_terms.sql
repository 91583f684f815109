-- What an increment builds upon (names in its set, as JSON), and whether a record is the archive of a log.
ALTER TABLE backup_record ADD COLUMN builds_on TEXT NOT NULL DEFAULT '[]';
ALTER TABLE backup_record ADD COLUMN gapless INTEGER NOT NULL DEFAULT 0;
