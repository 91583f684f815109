-- What a stream brought is counted with it, so that a batch changes one row and no other: the totals of a host are its
-- own (from before this step, and of streams that were forgotten) plus those of its streams; it was last seen when its
-- last used stream was.
ALTER TABLE stream ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
