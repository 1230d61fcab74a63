"""A heartbeat on Redis: SET of the worker's own key with a time to live, appended to its log and fsynced."""
import contextlib
import re
import shutil
import subprocess
import tempfile

from figures import missing
from peers import compare, end, free_port, start, until
from servers import WorkNotDone

NAME = "Redis SET with EX, fsync always"
# shape -> (connections, pipelined, what of ours to compare, its shape)
SHAPES = {
    "8x64": (8, 64, "Heartbeat sqlite", "8x64"),
    "1000x1": (1000, 1, "Heartbeat sqlite", "1000x1"),
    "8x100": (8, 100, "BatchHeartbeat sqlite", "8x2 of 1000"),
}


@contextlib.contextmanager
def running(bench, roll):
    """A Redis for the workers of `roll`; None where there is no roll, no Redis, or no time for one."""
    if roll is None or bench.options.quick or not is_installed():
        yield None
        return
    with tempfile.TemporaryDirectory(dir=bench.directory) as data:
        redis = Redis(data, roll.workers, bench.options.seconds)
        try:
            yield redis
        finally:
            redis.stop()


def measure(bench):
    """The single heartbeats; batches take turns with it in their own part."""
    if not is_installed():
        bench.add(missing("redis", "Redis", "not installed"))
        return
    workers = bench.options.fleets[-1]
    with tempfile.TemporaryDirectory(dir=bench.directory) as data:
        redis = Redis(data, workers, bench.options.seconds)
        try:
            for shape, (connections, pipelined, ours, our_shape) in SHAPES.items():
                rates = [redis.sets_per_second(connections, pipelined) for _ in range(bench.few_rounds)]
                compare(bench, "redis", NAME, shape, workers, rates, ours, our_shape)
            redis.check_kept()
        finally:
            redis.stop()


def is_installed():
    return shutil.which("redis-server") and shutil.which("redis-benchmark")


class Redis:
    """Its log is never rewritten while it is measured: that would be to our advantage."""

    def __init__(self, data, workers, seconds):
        self.port, self.workers, self.seconds = free_port(), workers, seconds
        self.rate = {}  # by (connections, pipelined), so that a measurement lasts about as long as it should
        self.command = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", data, "--save", "", "--appendonly", "yes",
                        "--appendfsync", "always", "--auto-aof-rewrite-percentage", 0, "--maxclients", 2000]
        self.start()

    def start(self):
        self.process = start(self.command)
        until(lambda: self.ask("PING") == "PONG", "Redis")

    def stop(self):
        end(self.process)

    def pipelined_by_1000(self):
        return self.sets_per_second(8, 1000)

    def sets_per_second(self, connections, pipelined):
        if (connections, pipelined) not in self.rate:
            self.rate[connections, pipelined] = self.load(connections, pipelined, 20_000)
        return self.load(connections, pipelined, self.rate[connections, pipelined] * self.seconds)

    def load(self, connections, pipelined, calls):
        before = self.sets()
        calls = max(int(calls), connections * pipelined)
        command = ["redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-c", connections, "-P", pipelined, "-n", calls,
                   "-r", self.workers, "--csv", "SET", "worker:__rand_int__", "1790000000123456", "EX", "3600"]
        said = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True).stdout
        done = self.sets() - before
        if done < calls:
            raise WorkNotDone(f"Redis: {calls} calls of SET, {done} were made")
        return float(said.strip().splitlines()[-1].split(",")[1].strip('"'))

    def sets(self):
        """How many calls of SET it counted."""
        found = re.search(r"^cmdstat_set:calls=(\d+).*failed_calls=0", self.ask("INFO", "commandstats"), re.MULTILINE)
        return int(found.group(1)) if found else 0

    def check_kept(self):
        """As many keys after kill -9 as before."""
        keys = self.ask("DBSIZE")
        self.process.kill()
        self.process.wait()
        self.start()
        if self.ask("DBSIZE") != keys:
            raise WorkNotDone(f"Redis: {keys} keys before kill -9, {self.ask('DBSIZE')} after it")

    def ask(self, *words):
        command = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *words]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
