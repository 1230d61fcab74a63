"""A heartbeat on Redis: SET of the worker's own key with a time to live, appended to its log and fsynced."""
import re
import shutil
import subprocess
import tempfile

from figures import missing, ratio_at_least
from peers import compare, end, free_port, start, until
from servers import WorkNotDone

# shape -> (connections, pipelined, what of ours to compare, its shape, the budget)
REDIS_SHAPES = {
    "8x64": (8, 64, "Heartbeat sqlite", "8x64", None),
    "1000x1": (1000, 1, "Heartbeat sqlite", "1000x1", None),
    "8x100": (8, 100, "BatchHeartbeat sqlite", "8x2 of 1000", ratio_at_least(2)),
    "8x1000": (8, 1000, "BatchHeartbeat sqlite", "8x2 of 1000", ratio_at_least(2)),
}


def measure(bench):
    if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
        bench.add(missing("redis", "Redis", "not installed"))
        return
    workers, port = bench.options.fleets[-1], free_port()
    with tempfile.TemporaryDirectory(dir=bench.directory) as data:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", data, "--save", "", "--appendonly", "yes",
                   "--appendfsync", "always", "--maxclients", "2000"]
        redis = start(command)
        try:
            until(lambda: redis_cli(port, "PING") == "PONG", "Redis")
            for shape, (connections, pipelined, ours, our_shape, budget) in REDIS_SHAPES.items():
                rate = load_redis(port, workers, connections, pipelined, 20_000)
                rates = [load_redis(port, workers, connections, pipelined, rate * bench.options.seconds)
                         for _ in range(bench.options.rounds)]
                compare(bench, "redis", "Redis SET with EX, fsync always", shape, workers, rates, ours, our_shape, budget)
            keys = redis_cli(port, "DBSIZE")
            redis.kill()
            redis.wait()
            redis = start(command)
            until(lambda: redis_cli(port, "PING") == "PONG", "Redis after kill -9")
            if redis_cli(port, "DBSIZE") != keys:
                raise WorkNotDone(f"Redis: {keys} keys before kill -9, {redis_cli(port, 'DBSIZE')} after it")
        finally:
            end(redis)


def load_redis(port, workers, connections, pipelined, calls):
    before = redis_sets(port)
    calls = max(int(calls), connections * pipelined)
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-c", str(connections), "-P", str(pipelined), "-n", str(calls),
               "-r", str(workers), "--csv", "SET", "worker:__rand_int__", "1790000000123456", "EX", "3600"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    done = redis_sets(port) - before
    if done < calls:
        raise WorkNotDone(f"Redis: {calls} calls of SET, {done} were made")
    return float(said.strip().splitlines()[-1].split(",")[1].strip('"'))


def redis_sets(port):
    """How many calls of SET it counted."""
    found = re.search(r"^cmdstat_set:calls=(\d+).*failed_calls=0", redis_cli(port, "INFO", "commandstats"), re.MULTILINE)
    return int(found.group(1)) if found else 0


def redis_cli(port, *words):
    return subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(port), *words], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout.strip()
