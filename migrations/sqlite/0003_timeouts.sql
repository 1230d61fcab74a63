-- By what silence is judged: a worker by the longest heartbeat timeout in force since it was last heard. A few rows for
-- the whole roll.

CREATE TABLE timeouts (
  number      INTEGER PRIMARY KEY,                       -- in the order in which they were in force
  timeout     INTEGER NOT NULL CHECK (timeout > 0),      -- microseconds
  replaced_at INTEGER                                    -- on the listening clock; NULL: in force
) STRICT;
