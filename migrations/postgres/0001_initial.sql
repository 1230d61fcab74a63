-- The roll of a fleet, shared by any number of daemons. docs/database.md is the guide to it.
--
-- What is said to be on the listening clock is an integer in microseconds that counts from the birth of the roll and
-- stands still while nobody can hear. Text compares by its bytes, so that lists have one order everywhere.

CREATE TABLE workers (
  id                      TEXT COLLATE "C" PRIMARY KEY,
  region                  TEXT COLLATE "C" NOT NULL,
  capacity                INTEGER     NOT NULL CHECK (capacity > 0),
  capabilities            TEXT[]      NOT NULL,  -- sorted, no duplicates
  metadata                JSONB       NOT NULL,  -- an object of strings
  status                  TEXT        NOT NULL CHECK (status IN ('Pending', 'Active', 'Offline', 'Failed')),
  status_reason           TEXT        NOT NULL,
  status_changed_at       TIMESTAMPTZ NOT NULL,
  registered_at           TIMESTAMPTZ NOT NULL,
  registered_at_listening BIGINT      NOT NULL,  -- the same moment on the listening clock
  revision                BIGINT      NOT NULL,  -- of its last change; heartbeats are none
  instance_id             TEXT        NOT NULL,  -- the process that holds the id
  registered_from         TEXT        NOT NULL,  -- its address; empty: unknown
  previous_instance_id    TEXT        NOT NULL,  -- who held the id before; empty: nobody
  heartbeats_before       BIGINT      NOT NULL,  -- heartbeats of the id before this registration took it over
  activated_by_hand_at    BIGINT,                -- on the listening clock; NULL: not by hand
  called_offline_at       BIGINT,                -- by stale detection, on the listening clock
  clone_reported          BOOLEAN     NOT NULL,
  -- What the heartbeats left behind. No index has these, so that a heartbeat rewrites no index.
  heartbeats              BIGINT      NOT NULL DEFAULT 0,
  last_heartbeat_at       TIMESTAMPTZ,
  heard_at                BIGINT,                -- the last one, on the listening clock
  in_use                  INTEGER                -- the latest that a heartbeat said
) WITH (fillfactor = 70);

CREATE INDEX workers_by_status ON workers (status, id);
CREATE INDEX workers_by_region ON workers (region, id);
CREATE INDEX workers_by_capability ON workers USING gin (capabilities);
CREATE INDEX workers_by_metadata ON workers USING gin (metadata jsonb_path_ops);

-- The last heartbeats of each worker. Ordinal 1 was its first; two in the same microsecond are two.
CREATE TABLE worker_heartbeats (
  worker_id   TEXT COLLATE "C" NOT NULL,
  ordinal     BIGINT           NOT NULL,
  recorded_at TIMESTAMPTZ      NOT NULL,
  PRIMARY KEY (worker_id, ordinal)
);

CREATE INDEX worker_heartbeats_by_time ON worker_heartbeats (recorded_at DESC);

-- Everything that changed, oldest first; trimmed at the old end.
CREATE TABLE events (
  cursor      BIGINT           PRIMARY KEY,  -- ascending, without gaps: given under the lock of the roll's row
  type        TEXT             NOT NULL,
  at          TIMESTAMPTZ      NOT NULL,
  worker_id   TEXT COLLATE "C" NOT NULL,     -- empty: an event of a region
  region      TEXT COLLATE "C" NOT NULL,
  revision    BIGINT           NOT NULL,     -- the worker's, after the change
  from_status TEXT,
  to_status   TEXT,
  reason      TEXT             NOT NULL,
  actor       TEXT             NOT NULL
);

CREATE INDEX events_by_worker ON events (worker_id, cursor);

-- Regions that the mass-failure guard holds.
CREATE TABLE region_holds (
  region TEXT COLLATE "C" PRIMARY KEY,
  until  BIGINT NOT NULL  -- on the listening clock
);

-- One row: what there is one of. Whoever changes anything but a heartbeat locks it first.
CREATE TABLE roll (
  only_row         INTEGER     PRIMARY KEY CHECK (only_row = 1),
  token_key        BYTEA       NOT NULL,            -- page tokens are signed with it
  last_revision    BIGINT      NOT NULL DEFAULT 0,  -- the highest that was ever committed
  last_cursor      BIGINT      NOT NULL DEFAULT 0,
  workers          BIGINT      NOT NULL DEFAULT 0,  -- how many there are
  listening        BIGINT,                          -- the listening clock; NULL: it never ran
  allowance_credit BIGINT      NOT NULL DEFAULT 0,  -- its reconnect allowance, in microseconds
  advancing        BOOLEAN     NOT NULL DEFAULT false,
  not_listening    TEXT        NOT NULL DEFAULT '', -- why it stands still
  reported_at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  -- Which daemon leads, and which one runs the jobs at this moment (empty: none). Each counts its own number up
  -- while it lives: who sees it stand still may take over.
  leader           TEXT        NOT NULL DEFAULT '',
  leader_beat      BIGINT      NOT NULL DEFAULT 0,
  runner           TEXT        NOT NULL DEFAULT '',
  runner_beat      BIGINT      NOT NULL DEFAULT 0
);

-- The daemons that take part.
CREATE TABLE daemons (
  id     TEXT   PRIMARY KEY,
  holder TEXT   NOT NULL,  -- who that is, for people: "musterd 127.0.0.1:50051"
  beat   BIGINT NOT NULL
);
