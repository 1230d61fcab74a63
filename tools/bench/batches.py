"""Batches of 1,000 heartbeats against raw appends to an SQLite journal, 1,000 rows to a durable commit."""
import tempfile

from figures import Figure, ratio_at_least
from measuring import BATCH, BATCH_SHAPE, check_recorded, costs_of, measure as load_for_a_while, run_tool


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
