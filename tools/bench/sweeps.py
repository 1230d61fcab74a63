"""Stale detection where nobody is silent, and where a whole fleet falls silent at once."""
import concurrent.futures
import pathlib
import signal
import time

from bench import CALM
from budgets import BUDGETS
from figures import Figure, compared, p99_figure, missing
from measuring import GIVING_WAY, OPEN_SHAPE, alternate, ask, load, refused_percent, run_tool
from servers import QUIET_FOR_GOOD, WorkNotDone

SCHEMA = sorted((pathlib.Path(__file__).resolve().parents[2] / "migrations" / "sqlite").glob("*.sql"))
STILL_HEARD = 1000  # workers that go on beating while all others expire
TIMEOUT_SECONDS = 10
# The daemon's own jobs come later than ours.
EXPIRING = f"""heartbeat-timeout = "{TIMEOUT_SECONDS}s"
activation-interval = "9s"
stale-interval = "9s"
reactivation-interval = "9s"
max-heartbeats-per-second = 1000000
guard-share = 1
"""


def measure_quiet(bench, roll):
    """All three jobs, as a client sees them: nobody is to be moved, and nobody is. The store's own work has come to rest: a
    call that comes between its steps waits for the end of one."""
    roll.wait_until_quiet(for_seconds=QUIET_FOR_GOOD)
    asked = empty_run(bench, roll, 5 if bench.options.quick else 50)
    bench.add(Figure("sweep", "RunScheduler, nobody expires", "", roll.workers, "ms", [asked["ms"]["p50"]],
                     costs={"p50_ms": asked["ms"]["p50"], "p99_ms": asked["ms"]["p99"]}))


def empty_run(bench, roll, times):
    asked = ask(bench.options, roll, "scheduler", "--times", times)
    if asked["called_offline"] or asked["activated"] or asked["reactivated"]:
        raise WorkNotDone(f"{roll.name}: workers were moved where none was to be: {asked}")
    return asked


def measure_own_time(bench, workers, large, small):
    """Of databases that no daemon holds any more: what remains of a run without the call and without the writer's turns."""
    said = run_tool(bench.options, "muster_empty_sweep", "--store", f"sqlite:{large}", "--store", f"sqlite:{small}",
                    "--rounds", bench.options.rounds)
    ours, theirs = said["us"]
    bench.add(Figure("sweep", "a run of all jobs, nobody expires: its own time", "", workers, "µs", ours, to="1k workers",
                     ratios=compared(ours, theirs), budget=BUDGETS["empty sweep"]))


def say_no_expiry(bench, roll):
    """A worker is judged by the timeout that it was told. So the way of measure_expiry, which lowers the timeout under a fleet
    that was silent for longer, moves nobody any more; the fleet has to be told the short timeout before it falls silent."""
    bench.add(missing("expire", "RunScheduler, all expire but 1000", "a lowered timeout does not count for who was told a longer one",
                      BUDGETS["expiry"]))


def measure_expiry(bench, roll):
    """The whole fleet falls silent and is called Offline, and beside the same heartbeats a bare loop writes the same rows."""
    still_heard = min(STILL_HEARD, roll.workers // 2)
    silent = roll.workers - still_heard
    rate = bench.peak(roll) / 4
    scratch = bench.directory / "expire.db"
    roll.all_heard_at = time.monotonic()
    bare_loop(bench, scratch, silent)  # makes the database
    measured = alternate(bench.few_rounds, quiet=lambda: quiet_beats(bench, roll, still_heard, rate),
                         expiry=lambda: expire_beside(bench, roll, still_heard, rate),
                         bare=lambda: beside(bench, roll, still_heard, rate, lambda: bare_loop(bench, scratch, silent))[0]["seconds"])
    scratch.unlink()
    expiries = measured["expiry"]
    seconds = [expiry["seconds"] for expiry in expiries]
    bench.add(Figure("expire", "a bare loop writes the same rows", "1000 a commit", roll.workers, "s", measured["bare"]))
    bench.add(Figure("expire", "RunScheduler, all expire but 1000", "", roll.workers, "s", seconds, to="bare loop",
                     ratios=compared(seconds, measured["bare"]), budget=bench.budget("expiry", roll), costs=expiries[-1]["costs"]))
    beats = [expiry["beats"] for expiry in expiries]
    bench.add(p99_figure("expire", "p99 of heartbeats, quiet", f"{rate:,.0f}/s", roll.workers, measured["quiet"]))
    bench.add(p99_figure("expire", "p99 of heartbeats meanwhile", f"{rate:,.0f}/s", roll.workers, beats, measured["quiet"], "quiet",
                         bench.budget("expiry p99", roll)))
    bench.add(Figure("expire", "refused meanwhile", f"{rate:,.0f}/s", roll.workers, "%", [refused_percent(beat) for beat in beats]))


def expire_beside(bench, roll, still_heard, rate):
    """Every worker is Active before, and again after. The timeout is lowered under a fleet that was silent for longer, but for
    the few that beat on."""
    silent = roll.workers - still_heard
    time.sleep(max(0, roll.all_heard_at + TIMEOUT_SECONDS + 1 - time.monotonic()))
    beat(bench, roll, still_heard, rate)
    change_settings(bench, roll, EXPIRING, TIMEOUT_SECONDS)
    cpu, written = roll.cpu_seconds(), roll.written_bytes()
    swept, beats = beside(bench, roll, still_heard, rate,
                          lambda: ask(bench.options, roll, "scheduler", "--times", 1, before=GIVING_WAY))
    costs = {"cpu_us": (roll.cpu_seconds() - cpu) * 1e6 / silent, "disk_bytes": (roll.written_bytes() - written) / silent}
    if swept["called_offline"] != silent:
        raise WorkNotDone(f"{roll.name}: {silent} workers are silent, {swept['called_offline']} were called Offline")
    now = ask(bench.options, roll, "summary", "--times", 1)["by_status"]
    if now["WORKER_STATUS_OFFLINE"] != silent or now["WORKER_STATUS_ACTIVE"] != still_heard:
        raise WorkNotDone(f"{roll.name}: {silent} workers are silent and {still_heard} are not, the roll says {now}")
    change_settings(bench, roll, CALM, 3600)
    bench.hear_all(roll)
    roll.wait_until_quiet()
    return {"seconds": swept["ms"]["max"] / 1000, "beats": beats, "costs": costs}


def beside(bench, roll, workers, rate, work):
    """What `work` gives, and the heartbeats while it lasts."""
    beats = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        working = pool.submit(work)
        while not beats or not working.done():
            beats.append(beat(bench, roll, workers, rate))
        given = working.result()
    return given, {"histogram_us": [bucket for each in beats for bucket in each["histogram_us"]],
                   "answered": sum(each["answered"] for each in beats),
                   "refused": {"8": sum(sum(each.get("refused", {}).values()) for each in beats)}}


def quiet_beats(bench, roll, workers, rate):
    """As long as an expiry takes, about."""
    return beside(bench, roll, workers, rate, lambda: time.sleep(min(5, bench.pooled_seconds)))[1]


def bare_loop(bench, database, workers):
    schema = [argument for path in SCHEMA for argument in ("--schema", path)]
    return run_tool(bench.options, "muster_bare_sqlite", "expire", "--database", database, *schema, "--workers", workers)


def beat(bench, roll, workers, rate):
    """Half a second of heartbeats."""
    connections, in_flight = OPEN_SHAPE
    done = load(bench.options, roll, "heartbeat", "--connections", connections, "--in-flight", in_flight, "--rate", rate,
                "--warmup", 0, "--seconds", 0.5, "--histogram", workers=workers)
    roll.answered_ok += done["accepted"]
    return done


def change_settings(bench, roll, settings, timeout_seconds):
    roll.configure(settings)
    roll.signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while ask(bench.options, roll, "summary", "--times", 1)["heartbeat_timeout_seconds"] != timeout_seconds:
        if time.monotonic() > deadline:
            raise WorkNotDone(f"{roll.name}: the new timeout was not taken over:\n{roll.log.read_text()[-2000:]}")
