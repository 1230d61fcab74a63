"""What a fleet costs that is only there: memory, disk, a page of a list, and the time until it serves again after kill -9."""
import concurrent.futures
import pathlib
import time

from bench import CALM, SMALL
from figures import Figure, compared
from measuring import BATCH_SHAPE, alternate, ask, check_kept, load, run_tool

FULL_HISTORY = 100  # heartbeats of each worker


def measure_page(bench, roll):
    turns = {"here": lambda: pages(bench, roll)}
    if bench.is_largest(roll):
        turns["small"] = lambda: pages(bench, bench.small)
    measured = alternate(bench.rounds(roll), **turns)
    here = measured["here"]
    values = [asked["p50"] for asked in here]
    against = {}
    if "small" in measured:
        against = {"to": "1k workers", "ratios": compared(values, [asked["p50"] for asked in measured["small"]]),
                   "budget": bench.budget("page", roll)}
    bench.add(Figure("page", "ListWorkers, a page of 1000", "one by one", roll.workers, "ms", values,
                     costs={"p50_ms": sorted(values)[len(values) // 2], "p99_ms": max(asked["p99"] for asked in here)}, **against))


def pages(bench, roll):
    return ask(bench.options, roll, "page", "--times", 5 if bench.options.quick else 100)["ms"]


def measure_size(bench, roll):
    """After the other measurements, when every worker has a history; a full one on the largest fleet, whose memory is judged."""
    if bench.is_largest(roll) and not bench.options.quick:
        fill_histories(bench, roll)
    beats = f"{roll.answered_ok / roll.workers:,.0f} heartbeats each"
    bench.add(Figure("size", "resident memory", beats, roll.workers, "MiB", [roll.resident_mib()]))
    bench.add(Figure("size", "resident memory at most", beats, roll.workers, "MiB", [roll.resident_mib("VmHWM")]))
    files = pathlib.Path(bench.directory).glob(f"sqlite-{roll.workers}.db*")
    bench.add(Figure("size", "database with its WAL", beats, roll.workers, "MiB",
                     [sum(file.stat().st_size for file in files) / 2**20]))
    if bench.is_largest(roll):
        each = (roll.resident_mib() - bench.small.resident_mib()) * 1024 / (roll.workers - SMALL)
        bench.add(Figure("size", "memory of one worker", f"{beats}, above a daemon of 1k", roll.workers, "KiB", [each],
                         budget=bench.budget("memory of a worker", roll)))


def fill_histories(bench, roll):
    connections, in_flight = BATCH_SHAPE
    while roll.answered_ok < FULL_HISTORY * roll.workers:
        roll.answered_ok += load(bench.options, roll, "batch", "--connections", connections, "--in-flight", in_flight, "--warmup", 0,
                                 "--seconds", 2)["accepted"]
    roll.wait_until_quiet()


def measure_restart(bench, roll):
    """Killed in the middle of its work, with a journal that is not folded. Before it is started again, SQLite alone reads the
    same files."""
    roll.configure(CALM)
    measured = [restart(bench, roll) for _ in range(bench.few_rounds)]
    ready, read = zip(*measured)
    check_kept(bench.options, roll)
    bench.say(f"killed with -9 and restarted: all {roll.answered_ok:,} heartbeats of {roll.workers:,} workers are there")
    bench.add(Figure("restart", "bare read of the database", "", roll.workers, "s", list(read)))
    bench.add(Figure("restart", "ready after kill -9", "", roll.workers, "s", list(ready), to="bare read",
                     ratios=compared(ready, read), budget=bench.budget("restart", roll)))
    measure_connections(bench, roll)


def restart(bench, roll):
    """The seconds until it answers again, and those of a bare read."""
    connections, in_flight = BATCH_SHAPE
    roll.answered_ok += load(bench.options, roll, "batch", "--connections", connections, "--in-flight", in_flight,
                             "--seconds", bench.options.seconds)["accepted"]
    roll.kill()
    # Twice: the first one warms the cache for both.
    read = [run_tool(bench.options, "muster_bare_sqlite", "read", "--database", bench.database(roll.workers, roll.name))["seconds"]
            for _ in range(2)][-1]
    begin = time.monotonic()
    roll.start()
    ask(bench.options, roll, "summary", "--times", 1)
    return time.monotonic() - begin, read


def measure_connections(bench, roll):
    """What 1,000 agents take that are connected and say little; of a daemon that had none before."""
    each = memory_of_connections(bench, roll, 1000)
    bench.add(Figure("restart", "memory of one connection", "1000 of them", roll.workers, "KiB", [each],
                     budget=bench.budget("memory of a connection", roll)))


def memory_of_connections(bench, roll, connections):
    before = roll.resident_mib()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        few = pool.submit(load, bench.options, roll, "heartbeat", "--connections", connections, "--in-flight", 1,
                          "--rate", connections, "--seconds", 1)
        resident = before
        while not few.done():
            resident = max(resident, roll.resident_mib())
            time.sleep(0.05)
    roll.answered_ok += few.result()["accepted"]
    return (resident - before) * 1024 / connections
