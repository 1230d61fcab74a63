"""Heartbeats while operators ask for everything: twenty pages and twenty summaries a second, and a full `workerctl list` after
the other."""
import contextlib
import subprocess
import threading

from figures import Figure, p99_figure
from measuring import GIVING_WAY, OPEN_SHAPE, alternate, ask, check_recorded, measure as load_for_a_while, refused_percent
from servers import QUIET_FOR_GOOD, WorkNotDone

PAUSE_SECONDS = 0.05


def measure(bench, roll):
    rate = bench.peak(roll) / 4
    roll.wait_until_quiet(for_seconds=QUIET_FOR_GOOD)
    measured = alternate(bench.options.rounds, quiet=lambda: heartbeats(bench, roll, rate), asked=lambda: beside(bench, roll, rate))
    quiet, asked = measured["quiet"], measured["asked"]
    shape = f"{rate:,.0f}/s"
    bench.add(p99_figure("queries", "p99 of heartbeats, nobody asks", shape, roll.workers, quiet))
    bench.add(p99_figure("queries", "p99 of heartbeats, pages, summaries and lists", shape, roll.workers, asked, quiet, "quiet",
                         bench.budget("queries p99", roll)))
    bench.add(Figure("queries", "refused meanwhile", shape, roll.workers, "%", [refused_percent(figure) for figure in asked]))


def beside(bench, roll, rate):
    with asking(bench, roll):
        figure = heartbeats(bench, roll, rate)
    roll.wait_until_quiet()
    return figure


def heartbeats(bench, roll, rate):
    figure = load_for_a_while(bench.options, roll, "heartbeat", OPEN_SHAPE, "--rate", rate, "--seconds", bench.pooled_seconds,
                              "--histogram", settle=False)
    check_recorded(bench.options, roll)
    return figure


@contextlib.contextmanager
def asking(bench, roll):
    """Three who ask until the block ends."""
    ended = threading.Event()
    failures = []

    def again_and_again(question):
        try:
            while not ended.is_set():
                question()
        except WorkNotDone as error:
            failures.append(error)

    def full_list():
        command = [*GIVING_WAY, bench.options.bin / "workerctl", "--server", f"127.0.0.1:{roll.port}",
                   "--timeout", "5m", "list", "-o", "name"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                if ended.wait(0.05):
                    process.terminate()
                    return
            if process.returncode != 0:
                raise WorkNotDone(f"workerctl list: exit code {process.returncode}")

    def now_and_then(what):
        ask(bench.options, roll, what, "--seconds", 0.5, "--pause", PAUSE_SECONDS, before=GIVING_WAY)

    questions = [lambda: now_and_then("page"), lambda: now_and_then("summary"), full_list]
    threads = [threading.Thread(target=again_and_again, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
