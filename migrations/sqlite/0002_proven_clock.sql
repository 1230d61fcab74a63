-- The listening clock has two readings: journal.listening stamps the heartbeats of the row, and what is proven to count
-- is kept beside it. The newest row has the state of the clock.
ALTER TABLE journal ADD COLUMN proven         INTEGER;  -- NULL: an older program wrote the row; then it is `listening`
ALTER TABLE journal ADD COLUMN allowance_left INTEGER;  -- of the reconnect allowance that is under way, in microseconds
ALTER TABLE journal ADD COLUMN proven_at      INTEGER;  -- the proven moment: microseconds since the machine started
-- That start of the machine, as Linux names it; empty: unknown.
ALTER TABLE roll ADD COLUMN boot_id TEXT NOT NULL DEFAULT '';
