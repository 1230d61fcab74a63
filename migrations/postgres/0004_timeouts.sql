-- By what silence is judged: a worker by the longest heartbeat timeout in force since it was last heard. Only adds:
-- programs that know version 1 go on, and judge by their own timeout.

ALTER TABLE roll
  ADD COLUMN timeout_in_force BIGINT   NOT NULL DEFAULT 0,     -- the longest of the daemons', in microseconds; 0: not said
  -- Those that were replaced, the oldest first, and when, on the listening clock: both in microseconds.
  ADD COLUMN told_timeouts    BIGINT[] NOT NULL DEFAULT '{}',
  ADD COLUMN replaced_at      BIGINT[] NOT NULL DEFAULT '{}';
