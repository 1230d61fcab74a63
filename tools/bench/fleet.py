"""What a fleet costs that is only there: memory, disk, a page of a list, and the time until it serves again after kill -9."""
import concurrent.futures
import pathlib
import time

from bench import CALM
from figures import Figure, at_most
from measuring import BATCH_SHAPE, ask, check_kept, load


def measure_page(bench, roll):
    pages = max(1, roll.workers // 1000)
    asked = ask(bench.options, roll, "page", "--times", min(pages, 200))
    bench.add(Figure("page", "ListWorkers, a page of 1000", "one by one", roll.workers, "ms", [asked["ms"]["p50"]],
                     budget=at_most(10), costs={"p50_ms": asked["ms"]["p50"], "p99_ms": asked["ms"]["p99"]}))


def measure_size(bench, roll):
    """After the other measurements, when every worker has a history."""
    beats = f"{roll.answered_ok / roll.workers:,.0f} heartbeats each"
    budget = at_most(1024) if roll.workers <= 1_000_000 else None
    bench.add(Figure("size", "resident memory", beats, roll.workers, "MiB", [roll.resident_mib()], budget=budget))
    bench.add(Figure("size", "resident memory at most", beats, roll.workers, "MiB", [roll.resident_mib("VmHWM")]))
    files = pathlib.Path(bench.directory).glob(f"{roll.workers}.db*")
    bench.add(Figure("size", "database with its WAL", beats, roll.workers, "MiB",
                     [sum(file.stat().st_size for file in files) / 2**20]))


def measure_restart(bench, roll):
    """Killed in the middle of its work, with a journal that is not folded."""
    connections, in_flight = BATCH_SHAPE
    roll.answered_ok += load(bench.options, roll, "batch", "--connections", connections, "--in-flight", in_flight,
                             "--seconds", bench.options.seconds)["accepted"]
    roll.configure(CALM)
    begin = time.monotonic()
    roll.kill_and_restart()
    ask(bench.options, roll, "summary", "--times", 1)
    ready = time.monotonic() - begin
    check_kept(bench.options, roll)
    measure_connections(bench, roll)
    bench.say(f"killed with -9 and restarted: all {roll.answered_ok:,} heartbeats of {roll.workers:,} workers are there")
    bench.add(Figure("restart", "ready after kill -9", "", roll.workers, "s", [ready], budget=at_most(10)))


def measure_connections(bench, roll):
    """What 1,000 agents take that are connected and say little; of a daemon that had none before."""
    connections = 1000
    before = roll.resident_mib()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        few = pool.submit(load, bench.options, roll, "heartbeat", "--connections", connections, "--in-flight", 1,
                          "--rate", connections, "--seconds", 1)
        resident = before
        while not few.done():
            resident = max(resident, roll.resident_mib())
            time.sleep(0.05)
    roll.answered_ok += few.result()["accepted"]
    bench.add(Figure("restart", "memory of one connection", f"{connections} of them", roll.workers, "KiB",
                     [(resident - before) * 1024 / connections]))
