-- The listening clock has two readings: `listening` is what is proven to count, `running` stamps heartbeats. Only adds:
-- programs that know version 1 go on.
ALTER TABLE roll
  ADD COLUMN running        BIGINT,                      -- NULL: the leader does not say
  ADD COLUMN allowance_left BIGINT NOT NULL DEFAULT 0,   -- of the allowance that is under way, in microseconds
  ADD COLUMN boot_id        TEXT   NOT NULL DEFAULT '',  -- the start of the leader's machine; empty: unknown
  ADD COLUMN proven_at      BIGINT NOT NULL DEFAULT 0;   -- the proven moment: microseconds since that start
