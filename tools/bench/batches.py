"""Batches of 1,000 heartbeats: as many as go, against raw appends to an SQLite journal, 1,000 rows to a durable commit; and
at a steady pace that leaves time for all that has to be done later."""
import tempfile

from figures import Figure, ratio_at_least
from measuring import BATCH, BATCH_SHAPE, check_recorded, costs_of, measure as load_for_a_while, run_tool

# The journal is folded once there are some heartbeats for each worker. At full speed on a small fleet a fold has many for
# each, and on a large one a short run ends before it; at this pace it has the fewest, as in the life of a fleet.
STEADY_BEATS_EACH = 1.6  # a second
STEADY_SECONDS = 10
STEADY_FLEETS = range(10_000, 100_001)  # below, the daemon's idling is more than the heartbeats; above, so many are too many


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
    batches, journal = [], []
    for _ in range(bench.options.rounds):
        batches.append(load_for_a_while(bench.options, roll, "batch", BATCH_SHAPE))
        check_recorded(bench.options, roll)
        with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
            journal.append(run_tool(bench.options, "muster_journal_append", "--directory", directory,
                                    "--seconds", bench.options.seconds, "--workers", roll.workers))
    rows = [figure["rows_per_second"] for figure in journal]
    beats = [figure["accepted_per_second"] for figure in batches]
    bench.add(Figure("batch", "raw journal append", "1000 a commit", roll.workers, "/s", rows,
                     costs={"cpu_us": sorted(figure["cpu_us_per_row"] for figure in journal)[len(journal) // 2]}))
    bench.add(Figure("batch", "BatchHeartbeat sqlite", "8x2 of 1000", roll.workers, "/s", beats, to="raw journal",
                     ratios=[a / b for a, b in zip(beats, rows)], budget=ratio_at_least(0.6),
                     costs=costs_of(batches, items=BATCH)))
