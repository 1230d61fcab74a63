-- For daemons of different settings and different versions on one roll, and for numbers that are kept. Only adds:
-- programs that know version 1 go on.

-- One row: which version of the schema a program must know at least to use it. A step that shuts older programs out
-- raises it. docs/database.md has the rule.
CREATE TABLE schema_use (
  only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
  min_version INTEGER NOT NULL
);
INSERT INTO schema_use VALUES (1, 1);

-- Those of its settings that should be the same on all daemons; NULL: it does not say.
ALTER TABLE daemons ADD COLUMN settings JSONB;

-- How many workers there are, and their capacity. Kept by whoever changes a worker, in the same transaction.
CREATE TABLE region_totals (
  region   TEXT COLLATE "C" NOT NULL,
  status   TEXT             NOT NULL,
  workers  BIGINT           NOT NULL,
  capacity BIGINT           NOT NULL,  -- of all of them
  PRIMARY KEY (region, status)
);

-- What the Active workers of a region have in use, by their heartbeats. The leader counts it now and then, where the
-- fleet is large.
CREATE TABLE region_usage (
  region        TEXT COLLATE "C" PRIMARY KEY,
  in_use        BIGINT      NOT NULL,
  free_capacity BIGINT      NOT NULL,  -- capacity - in_use, worker by worker, never below 0
  counted_at    TIMESTAMPTZ NOT NULL
);

-- As of which change region_totals was kept. Where a program that does not know the table made changes since, these
-- differ from last_revision and last_cursor, and it has to be counted anew.
ALTER TABLE roll
  ADD COLUMN totals_revision BIGINT NOT NULL DEFAULT -1,
  ADD COLUMN totals_cursor   BIGINT NOT NULL DEFAULT -1;
