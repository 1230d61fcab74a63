"""Batches of 1,000 heartbeats: as many as go, against raw appends to an SQLite journal, 1,000 rows to a durable commit, and
against Redis; and at a steady pace that leaves time for all that has to be done later."""
import statistics
import tempfile

import peer_redis
from budgets import BUDGETS
from figures import Figure, compared, missing
from heartbeats import rates
from measuring import BATCH, BATCH_SHAPE, alternate, check_recorded, costs_of, measure as load_for_a_while, run_tool

# The journal is folded once there are some heartbeats for each worker. At full speed on a small fleet a fold has many for
# each, and on a large one a short run ends before it; at this pace it has the fewest, as in the life of a fleet.
STEADY_BEATS_EACH = 1.6  # a second
STEADY_SECONDS = 10
STEADY_FLEETS = range(50_000, 100_001)  # below, the daemon's idling is more than the heartbeats; above, so many are too many
SHAPE = "8x2 of 1000"


def measure_steady(bench, roll):
    if roll.workers not in STEADY_FLEETS and not bench.options.quick:
        return
    rate = roll.workers * STEADY_BEATS_EACH / BATCH
    seconds = 0.5 if bench.options.quick else STEADY_SECONDS
    steady = load_for_a_while(bench.options, roll, "batch", BATCH_SHAPE, "--rate", rate, "--seconds", seconds)
    check_recorded(bench.options, roll)
    bench.add(Figure("steady", "BatchHeartbeat sqlite, steady", f"for {seconds:g} s", roll.workers, "/s",
                     [steady["accepted_per_second"]], costs=costs_of([steady], items=BATCH)))


def measure(bench, roll):
    turns = {"batches": lambda: once(bench, roll), "journal": lambda: append(bench, roll)}
    with peer_redis.running(bench, roll if bench.is_largest(roll) else None) as redis:
        if redis:
            turns["redis"] = redis.pipelined_by_1000
        measured = alternate(bench.rounds(roll), **turns)
    batches = measured["batches"]
    rows = [figure["rows_per_second"] for figure in measured["journal"]]
    bench.add(Figure("batch", "raw journal append", "1000 a commit", roll.workers, "/s", rows,
                     costs={"cpu_us": statistics.median(figure["cpu_us_per_row"] for figure in measured["journal"])}))
    bench.add(Figure("batch", "BatchHeartbeat sqlite", SHAPE, roll.workers, "/s", rates(batches), to="raw journal",
                     ratios=compared(rates(batches), rows), budget=bench.budget("batch to the journal", roll),
                     costs=costs_of(batches, items=BATCH)))
    if redis:
        bench.add(Figure("batch", peer_redis.NAME, "8x1000", roll.workers, "/s", measured["redis"]))
        bench.add(Figure("batch", "BatchHeartbeat sqlite, in turn with Redis", SHAPE, roll.workers, "/s", rates(batches),
                         to="Redis 8x1000", ratios=compared(rates(batches), measured["redis"]), budget=BUDGETS["batch to Redis"]))
    elif bench.is_largest(roll) and not bench.options.quick:
        bench.add(missing("batch", peer_redis.NAME, "not installed", BUDGETS["batch to Redis"]))


def once(bench, roll):
    figure = load_for_a_while(bench.options, roll, "batch", BATCH_SHAPE)
    check_recorded(bench.options, roll)
    return figure


def append(bench, roll):
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        return run_tool(bench.options, "muster_bare_sqlite", "append", "--directory", directory, "--seconds", bench.options.seconds,
                        "--workers", roll.workers)
