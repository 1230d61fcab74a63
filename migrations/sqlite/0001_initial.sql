-- The roll of a fleet. docs/database.md is the guide to it.
--
-- All times are integers in microseconds: *_at is wall clock since 1970 (UTC); what is said to be on the listening
-- clock counts from the birth of the roll and stands still while the daemon cannot hear.
-- Status: 1 Pending, 2 Active, 3 Offline, 4 Failed. The views at the end show names and ISO times.

-- Who is registered, and what it said of itself.
CREATE TABLE workers (
  key                     INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused, so that a late row finds nobody else
  id                      TEXT    NOT NULL UNIQUE,
  region                  TEXT    NOT NULL,
  capacity                INTEGER NOT NULL CHECK (capacity > 0),
  capabilities            TEXT    NOT NULL,  -- a JSON array of strings: sorted, no duplicates
  metadata                TEXT    NOT NULL,  -- a JSON object of strings
  instance_id             TEXT    NOT NULL,  -- the process that holds the id
  registered_from         TEXT    NOT NULL,  -- its address; empty: unknown
  previous_instance_id    TEXT    NOT NULL,  -- who held the id before; empty: nobody
  registered_at           INTEGER NOT NULL,
  registered_at_listening INTEGER NOT NULL,  -- the same moment on the listening clock
  heartbeats_before       INTEGER NOT NULL   -- heartbeats of the id before this registration took it over
) STRICT;

-- What the jobs and the operators change: apart from the above and narrow, so that a million moves are cheap.
CREATE TABLE worker_states (
  key                  INTEGER PRIMARY KEY REFERENCES workers (key) ON DELETE CASCADE,
  status               INTEGER NOT NULL CHECK (status BETWEEN 1 AND 4),
  status_reason        TEXT    NOT NULL,
  status_changed_at    INTEGER NOT NULL,
  revision             INTEGER NOT NULL,
  activated_by_hand_at INTEGER,           -- on the listening clock; NULL: not by hand
  called_offline_at    INTEGER,           -- by stale detection, on the listening clock; NULL: it was not, or moved on
  clone_reported       INTEGER NOT NULL   -- 1: two processes on this id were reported
) STRICT;

-- What the heartbeats left behind, as of the last fold, minutes ago at most; newer ones wait in the journal.
-- A worker that was never heard has no row.
CREATE TABLE pulses (
  key        INTEGER PRIMARY KEY REFERENCES workers (key) ON DELETE CASCADE,
  total      INTEGER NOT NULL CHECK (total > 0),  -- heartbeats ever recorded
  last_at    INTEGER NOT NULL,
  heard_at   INTEGER NOT NULL,                    -- the last one, on the listening clock
  in_use     INTEGER,                             -- the latest that a heartbeat said; NULL: none did
  folded_seq INTEGER NOT NULL,                    -- the last journal.seq that is in here
  recent     BLOB    NOT NULL                     -- the times before last_at, newest first, packed as distances
) STRICT;

-- One row for each commit, appended; folded into pulses and deleted in the background, but for the newest.
CREATE TABLE journal (
  seq              INTEGER PRIMARY KEY,
  at               INTEGER,           -- of its heartbeats; NULL: it has none
  listening        INTEGER NOT NULL,  -- the listening clock
  allowance_credit INTEGER NOT NULL,  -- its reconnect allowance, in microseconds
  beats            BLOB    NOT NULL   -- its heartbeats in order, packed: workers.key and in_use of each
) STRICT;

-- Everything that changed, oldest first; trimmed at the old end.
CREATE TABLE events (
  cursor      INTEGER PRIMARY KEY,  -- ascending, without gaps
  type        INTEGER NOT NULL,     -- 1 registered, 2 replaced, 3 unregistered, 4 status changed,
                                    -- 5 region held, 6 region released, 7 clone detected
  at          INTEGER NOT NULL,
  worker_id   TEXT,                 -- NULL: an event of a region
  region      TEXT    NOT NULL,
  revision    INTEGER NOT NULL,     -- the worker's, after the change
  from_status INTEGER,
  to_status   INTEGER,
  reason      TEXT    NOT NULL,
  actor       TEXT    NOT NULL
) STRICT;

CREATE INDEX events_by_worker ON events (worker_id, cursor) WHERE worker_id IS NOT NULL;

-- Regions that the mass-failure guard holds.
CREATE TABLE region_holds (
  region TEXT    PRIMARY KEY NOT NULL,
  until  INTEGER NOT NULL  -- on the listening clock
) STRICT;

-- One row: what there is one of.
CREATE TABLE roll (
  only          INTEGER PRIMARY KEY CHECK (only = 1),
  token_key     BLOB    NOT NULL,  -- page tokens are signed with it
  last_revision INTEGER NOT NULL   -- the highest that was ever committed
) STRICT;

-- For people.

CREATE VIEW workers_v AS
SELECT
  w.id,
  CASE s.status WHEN 1 THEN 'Pending' WHEN 2 THEN 'Active' WHEN 3 THEN 'Offline' WHEN 4 THEN 'Failed' END AS status,
  w.region,
  w.capacity,
  p.in_use,
  w.capabilities,
  w.metadata,
  coalesce(p.total, 0) AS heartbeats,
  strftime('%Y-%m-%dT%H:%M:%S', p.last_at / 1000000, 'unixepoch')
    || printf('.%06dZ', p.last_at % 1000000) AS last_heartbeat_at,
  strftime('%Y-%m-%dT%H:%M:%S', w.registered_at / 1000000, 'unixepoch')
    || printf('.%06dZ', w.registered_at % 1000000) AS registered_at,
  strftime('%Y-%m-%dT%H:%M:%S', s.status_changed_at / 1000000, 'unixepoch')
    || printf('.%06dZ', s.status_changed_at % 1000000) AS status_changed_at,
  s.status_reason,
  s.revision,
  w.instance_id,
  w.registered_from
FROM workers w
JOIN worker_states s USING (key)
LEFT JOIN pulses p USING (key);

CREATE VIEW events_v AS
SELECT
  cursor,
  strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06dZ', at % 1000000) AS at,
  CASE type
    WHEN 1 THEN 'registered' WHEN 2 THEN 'replaced' WHEN 3 THEN 'unregistered' WHEN 4 THEN 'status-changed'
    WHEN 5 THEN 'region-held' WHEN 6 THEN 'region-released' WHEN 7 THEN 'clone-detected'
  END AS type,
  worker_id,
  region,
  CASE from_status WHEN 1 THEN 'Pending' WHEN 2 THEN 'Active' WHEN 3 THEN 'Offline' WHEN 4 THEN 'Failed' END AS "from",
  CASE to_status WHEN 1 THEN 'Pending' WHEN 2 THEN 'Active' WHEN 3 THEN 'Offline' WHEN 4 THEN 'Failed' END AS "to",
  reason,
  actor,
  revision
FROM events;
