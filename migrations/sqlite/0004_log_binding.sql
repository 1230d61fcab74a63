-- Binds the database to its write-ahead log: SQLite would replay the log of another database, or an old one.
--
-- The first transaction of each log changes this row. So a log says to which state of the database it belongs: the
-- database without its log shows the name of the log, or that of the log before it.
CREATE TABLE log_binding (
  only    INTEGER PRIMARY KEY CHECK (only = 1),
  binding TEXT NOT NULL  -- 'muster log <16 hex digits> after <16 hex digits>', always of this length
) STRICT;

INSERT INTO log_binding (only, binding) VALUES (1, 'muster log 0000000000000000 after 0000000000000000');
