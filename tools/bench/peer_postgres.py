"""Muster on PostgreSQL, and SQL written by hand on the same server."""
import json
import pathlib
import subprocess
import tempfile

from figures import Figure, missing
from peers import compare, newest_bin
from servers import WorkNotDone

HERE = pathlib.Path(__file__).resolve().parent
WORKERS = 100_000


def measure(bench):
    """tools/bench/postgres does it, and proves that it was done."""
    try:
        newest_bin()
    except RuntimeError:
        bench.add(missing("postgres", "PostgreSQL", "not installed"))
        return
    with tempfile.NamedTemporaryFile(dir=bench.directory, suffix=".json") as file:
        command = [HERE / "postgres", "--build", bench.options.build, "--directory", bench.options.parent, "--workers", WORKERS,
                   "--seconds", bench.options.seconds, "--rounds", bench.options.rounds, "--json", file.name]
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise WorkNotDone(f"PostgreSQL: {done.stdout}")
        figures = json.load(open(file.name))["figures"]
    rates = {what: [figure["per_second"] for figure in rounds] for what, rounds in figures.items()}
    set_based, two_statements = rates["set-based, 1 connection"], rates["two statements, 8 connections"]
    for what, values in rates.items():
        if what.startswith("BatchHeartbeat") or what.startswith("Heartbeat"):
            by_hand, to = (set_based, "set-based") if what.startswith("Batch") else (two_statements, "two statements")
            name, shape = what.split(" ", 1)
            bench.add(Figure("postgres", f"{name} postgresql", shape, WORKERS, "/s", values, to=f"PostgreSQL by hand: {to}",
                             ratios=[a / b for a, b in zip(values, by_hand)]))
    compare(bench, "postgres", "PostgreSQL by hand: set-based", "1000 a commit", WORKERS, set_based, "BatchHeartbeat sqlite", "8x2 of 1000")
    compare(bench, "postgres", "PostgreSQL by hand: two statements", "8x1", WORKERS, two_statements, "Heartbeat sqlite", "8x64")
