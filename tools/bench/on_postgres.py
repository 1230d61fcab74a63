"""Muster on PostgreSQL, and SQL written by hand on the same server: a throw-away one, with its durability on. The yardsticks
are pgbench scripts, on tables of the schema that people write for this: one set-based statement for 1,000 heartbeats, and a
transaction of two statements for each."""
import concurrent.futures
import contextlib
import pathlib
import re
import subprocess
import time

from budgets import BUDGETS
from figures import Figure, compared, missing
from heartbeats import rates
from measuring import (BATCH_SHAPE, SHAPES, alternate, ask, check_kept, check_recorded, costs_of, load, measure as load_for_a_while)
from peers import Postgres, compare, newest_bin
from servers import WorkNotDone

WORKERS = 100_000
BAD_PER_SECOND = 200  # so that there is one in most commits, and no more is taken from the machine than that
MOST_SECONDS_LOCKED = 5

SCHEMA = """
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.workers (
  id TEXT PRIMARY KEY, region TEXT NOT NULL, capacity INT NOT NULL, capabilities TEXT[], metadata JSONB,
  status TEXT NOT NULL, registered_at TIMESTAMPTZ NOT NULL, last_heartbeat_at TIMESTAMPTZ);
CREATE TABLE by_hand.worker_heartbeats (
  worker_id TEXT NOT NULL, timestamp TIMESTAMPTZ NOT NULL, PRIMARY KEY (worker_id, timestamp));
CREATE INDEX ON by_hand.worker_heartbeats (timestamp DESC);
INSERT INTO by_hand.workers
  SELECT 'worker-' || lpad(n::text, 7, '0'), 'us-east-1', 10, '{compute,storage}', '{"datacenter": "dc-1"}', 'Active', now()
  FROM generate_series(0, %(workers)d - 1) n;
"""
# The ids of a batch are spread over the table, as those of a fleet are.
SET_BASED = """
\\set start random(0, %(workers)d - 1)
WITH ids AS (
  SELECT DISTINCT 'worker-' || lpad(((:start + n * 7919) %% %(workers)d)::text, 7, '0') AS id
  FROM generate_series(1, 1000) n),
beats AS (
  UPDATE by_hand.workers w SET last_heartbeat_at = now() FROM ids WHERE w.id = ids.id RETURNING w.id)
INSERT INTO by_hand.worker_heartbeats SELECT id, clock_timestamp() FROM beats;
"""
TWO_STATEMENTS = """
\\set n random(0, %(workers)d - 1)
BEGIN;
UPDATE by_hand.workers SET last_heartbeat_at = now() WHERE id = 'worker-' || lpad(:n::text, 7, '0');
INSERT INTO by_hand.worker_heartbeats VALUES ('worker-' || lpad(:n::text, 7, '0'), clock_timestamp());
COMMIT;
"""
# The same rows as an empty run has to judge, without an index: what it would cost to look at each of them once.
BARE_SCAN = """
SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;
EXPLAIN (ANALYZE, TIMING OFF) SELECT count(*) FROM workers WHERE status = 'Active' AND coalesce(heard_at, 0) <= -1;
"""
LOCK_ROLL = "BEGIN; SELECT only_row FROM roll FOR UPDATE; SELECT pg_sleep({seconds}); ROLLBACK;"


@contextlib.contextmanager
def server_with_roll(bench, workers, name="postgresql", bin=None):
    """A throw-away server, and a daemon on it with a fleet that was heard and is Active."""
    with Postgres(durable=True) as postgres:
        roll = bench.shared_roll(postgres.url, workers, name, bin)
        try:
            postgres.psql("VACUUM ANALYZE")
            yield postgres, roll
        finally:
            bench.stop(roll)


def measure(bench):
    if not is_installed(bench, "postgres", "batch on PostgreSQL", "bad client on PostgreSQL"):
        return
    workers = min(WORKERS, bench.options.fleets[-1])
    with server_with_roll(bench, workers) as (postgres, roll):
        measure_against_sql(bench, postgres, roll)
        measure_bad_client(bench, roll)
        roll.kill_and_restart()
        check_kept(bench.options, roll)


def measure_against_sql(bench, postgres, roll):
    postgres.psql(SCHEMA % {"workers": roll.workers})
    postgres.psql("VACUUM ANALYZE")
    measured = alternate(bench.options.rounds, by_hand=lambda: pgbench(bench, postgres, SET_BASED, roll.workers, 1000, 1),
                         batch=lambda: once(bench, roll, "batch", BATCH_SHAPE))
    set_based, batches = measured["by_hand"], rates(measured["batch"])
    bench.add(Figure("postgres", "BatchHeartbeat postgresql", "8x2 of 1000", roll.workers, "/s", batches, to="by hand: set-based",
                     ratios=compared(batches, set_based), budget=BUDGETS["batch on PostgreSQL"], costs=costs_of(measured["batch"], 1000)))
    singles = {shape: lambda shape=shape: once(bench, roll, "heartbeat", SHAPES[shape]) for shape in SHAPES}
    measured = alternate(bench.few_rounds, by_hand=lambda: pgbench(bench, postgres, TWO_STATEMENTS, roll.workers, 1, 8), **singles)
    two_statements = measured["by_hand"]
    for shape in SHAPES:
        beats = rates(measured[shape])
        bench.add(Figure("postgres", "Heartbeat postgresql", shape, roll.workers, "/s", beats, to="by hand: two statements",
                         ratios=compared(beats, two_statements), costs=costs_of(measured[shape])))
    compare(bench, "postgres", "PostgreSQL by hand: set-based", "1000 a commit", roll.workers, set_based, "BatchHeartbeat sqlite",
            "8x2 of 1000")
    compare(bench, "postgres", "PostgreSQL by hand: two statements", "8x1", roll.workers, two_statements, "Heartbeat sqlite", "8x64")


def measure_bad_client(bench, roll):
    """In a commit there are thousands of heartbeats in batches: the more there are, the more one bad one may cost."""
    measured = alternate(bench.options.rounds, alone=lambda: once(bench, roll, "batch", BATCH_SHAPE),
                         beside=lambda: beside_bad_client(bench, roll))
    beside = rates(measured["beside"])
    bench.add(Figure("postgres", "BatchHeartbeat postgresql, beside a client that sends bad ones", "8x2 of 1000", roll.workers, "/s",
                     beside, to="without that client", ratios=compared(beside, rates(measured["alone"])),
                     budget=BUDGETS["bad client on PostgreSQL"], costs=costs_of(measured["beside"], 1000)))


def beside_bad_client(bench, roll):
    seconds = bench.options.seconds + bench.options.warmup
    with concurrent.futures.ThreadPoolExecutor() as pool:
        bad = pool.submit(load, bench.options, roll, "bad", "--rate", BAD_PER_SECOND, "--connections", 1, "--warmup", 0,
                          "--seconds", seconds)
        figure = once(bench, roll, "batch", BATCH_SHAPE)
        if bad.result()["answered"] == 0:
            raise WorkNotDone("PostgreSQL: no bad heartbeat was answered")
    return figure


def measure_sweep(bench):
    """On a roll as large as the largest fleet: that takes a minute or two to fill."""
    budgets = "empty sweep on PostgreSQL", "locked sweep on PostgreSQL"
    if not is_installed(bench, "postgres-sweep", *budgets):
        return
    with server_with_roll(bench, bench.options.fleets[-1]) as (postgres, roll):
        measured = alternate(bench.options.rounds, scan=lambda: bare_scan_ms(postgres), sweep=lambda: empty_run_ms(bench, roll),
                             locked=lambda: locked_run_ms(bench, postgres, roll))
    what = "RunScheduler postgresql, nobody expires"
    bench.add(Figure("postgres-sweep", "PostgreSQL: a bare scan of the same rows", "", roll.workers, "ms", measured["scan"]))
    for name, to, shape, budget in (("sweep", "scan", "", budgets[0]), ("locked", "sweep", "a stranger locks the roll's row", budgets[1])):
        bench.add(Figure("postgres-sweep", what, shape, roll.workers, "ms", measured[name],
                         to={"scan": "bare scan", "sweep": "without the stranger"}[to],
                         ratios=compared(measured[name], measured[to]), budget=BUDGETS[budget]))


def is_installed(bench, part, *budgets):
    try:
        newest_bin()
    except RuntimeError:
        for name in budgets:
            bench.add(missing(part, "PostgreSQL", "not installed", BUDGETS[name]))
        return False
    return True


def once(bench, roll, what, shape):
    figure = load_for_a_while(bench.options, roll, what, shape)
    check_recorded(bench.options, roll)
    return figure


def pgbench(bench, postgres, script, workers, heartbeats, connections):
    """Heartbeats a second."""
    path = bench.directory / "script.sql"
    path.write_text(script % {"workers": workers})
    command = [pathlib.Path(postgres.bin) / "pgbench", "--no-vacuum", "--protocol", "prepared", "--client", connections,
               "--jobs", 1, "--time", max(1, round(bench.options.seconds)), "--file", path, postgres.url]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not rate:
        raise WorkNotDone(f"pgbench: {done.stdout}{done.stderr}")
    return float(rate.group(1)) * min(heartbeats, workers)


def bare_scan_ms(postgres):
    """As the server counts it, without psql's own start."""
    said = postgres.psql(BARE_SCAN)
    return float(re.search(r"Execution Time: ([0-9.]+) ms", said).group(1))


def empty_run_ms(bench, roll):
    asked = ask(bench.options, roll, "scheduler", "--times", 1)
    if asked["called_offline"] or asked["activated"] or asked["reactivated"]:
        raise WorkNotDone(f"{roll.name}: workers were moved where none was to be: {asked}")
    return asked["ms"]["p50"]


def locked_run_ms(bench, postgres, roll):
    """One run, while somebody else holds the row that orders all changes. A daemon that waits for it waits until he lets go."""
    command = [pathlib.Path(postgres.bin) / "psql", "-XqAt", "-d", postgres.url, "-c", LOCK_ROLL.format(seconds=MOST_SECONDS_LOCKED)]
    stranger = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + MOST_SECONDS_LOCKED
        while not holds_lock(postgres):
            if time.monotonic() > deadline:
                raise WorkNotDone("PostgreSQL: the stranger got no lock")
        return empty_run_ms(bench, roll)
    finally:
        # The session ends with its client.
        postgres.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%FOR UPDATE; SELECT pg_sleep%'"
                      " AND pid <> pg_backend_pid()")
        stranger.wait()


def holds_lock(postgres):
    return postgres.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1"
