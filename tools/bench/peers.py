"""What the comparisons with other people's programs share. Those are never needed: where one is not installed, its row says
so (tools/install bench installs them)."""
import pathlib
import subprocess
import sys
import time

from figures import Figure
from servers import WorkNotDone

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from throwaway_postgres import Postgres, free_port, newest_bin  # noqa: E402, F401


def compare(bench, part, what, shape, workers, values, ours, our_shape):
    """How many times theirs our figure is, which the same run measured on its largest fleet."""
    our = bench.value_of(ours, our_shape)
    bench.add(Figure(part, what, shape, workers, "/s", values, to=f"{ours}, durable, to it" if our else "",
                     ratios=[our / value for value in values] if our else []))


def start(command):
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise WorkNotDone(f"{what} did not start")
        time.sleep(0.05)


def end(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
