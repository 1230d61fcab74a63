"""Stale detection where nobody is silent, and where a whole fleet falls silent at once."""
import concurrent.futures
import signal
import time

from figures import Figure, at_most
from measuring import GIVING_WAY, OPEN_SHAPE, ask, load, refused_percent
from servers import WorkNotDone

STILL_HEARD = 1000  # workers that go on beating while all others expire
TIMEOUT_SECONDS = 10
# The daemon's own stale detection comes later than ours.
EXPIRING = f"""heartbeat-timeout = "{TIMEOUT_SECONDS}s"
activation-interval = "9s"
stale-interval = "9s"
reactivation-interval = "9s"
max-heartbeats-per-second = 1000000
guard-share = 1
"""


def measure_quiet(bench, roll):
    """All three jobs, as a client sees them: nobody is to be moved, and nobody is."""
    asked = ask(bench.options, roll, "scheduler", "--times", 5 if bench.options.quick else 50)
    if asked["called_offline"] or asked["activated"] or asked["reactivated"]:
        raise WorkNotDone(f"{roll.name}: workers were moved where none was to be: {asked}")
    bench.add(Figure("sweep", "RunScheduler, nobody expires", "", roll.workers, "ms", [asked["ms"]["p50"]],
                     budget=at_most(1), costs={"p50_ms": asked["ms"]["p50"], "p99_ms": asked["ms"]["p99"]}))


def measure_expiry(bench, roll):
    """The timeout is lowered under a fleet that was silent for longer, but for the few that beat on."""
    still_heard = min(STILL_HEARD, roll.workers // 2)
    silent = roll.workers - still_heard
    rate = bench.peak(roll) / 4
    time.sleep(TIMEOUT_SECONDS + 1)
    beat(bench, roll, still_heard, rate)
    roll.configure(EXPIRING)
    roll.signal(signal.SIGHUP)
    wait_for_timeout(bench, roll)
    beats = []
    cpu, written = roll.cpu_seconds(), roll.written_bytes()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        sweep = pool.submit(ask, bench.options, roll, "scheduler", "--times", 1, before=GIVING_WAY)
        while not sweep.done():
            beats.append(beat(bench, roll, still_heard, rate))
        swept = sweep.result()
    costs = {"cpu_us": (roll.cpu_seconds() - cpu) * 1e6 / silent, "disk_bytes": (roll.written_bytes() - written) / silent}
    if swept["called_offline"] != silent:
        raise WorkNotDone(f"{roll.name}: {silent} workers are silent, {swept['called_offline']} were called Offline")
    now = ask(bench.options, roll, "summary", "--times", 1)["by_status"]
    if now["WORKER_STATUS_OFFLINE"] != silent or now["WORKER_STATUS_ACTIVE"] != still_heard:
        raise WorkNotDone(f"{roll.name}: {silent} workers are silent and {still_heard} are not, the roll says {now}")
    bench.add(Figure("expire", "RunScheduler, all expire but 1000", "", roll.workers, "s", [swept["ms"]["max"] / 1000],
                     budget=at_most(5), costs=costs))
    worst = max(beat["latency_us"]["p99"] for beat in beats) / 1000
    bench.add(Figure("expire", "p99 of heartbeats meanwhile", f"{rate:,.0f}/s, the worst 0.5 s", roll.workers, "ms", [worst],
                     budget=at_most(50)))
    bench.add(Figure("expire", "refused meanwhile", f"{rate:,.0f}/s", roll.workers, "%",
                     [max(refused_percent(beat) for beat in beats)]))


def beat(bench, roll, workers, rate):
    """Half a second of heartbeats."""
    connections, in_flight = OPEN_SHAPE
    done = load(bench.options, roll, "heartbeat", "--connections", connections, "--in-flight", in_flight, "--rate", rate,
                "--warmup", 0, "--seconds", 0.5, workers=workers)
    roll.answered_ok += done["accepted"]
    return done


def wait_for_timeout(bench, roll):
    deadline = time.monotonic() + 10
    while ask(bench.options, roll, "summary", "--times", 1)["heartbeat_timeout_seconds"] != TIMEOUT_SECONDS:
        if time.monotonic() > deadline:
            raise WorkNotDone(f"{roll.name}: the new timeout was not taken over:\n{roll.log.read_text()[-2000:]}")
