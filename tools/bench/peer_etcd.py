"""A heartbeat on etcd: a Put of the worker's own key, attached to its lease, through the log and fsync."""
import base64
import json
import shutil
import tempfile
import urllib.error
import urllib.request

from figures import missing
from measuring import SHAPES, run_tool
from peers import compare, end, free_port, start, until
from servers import WorkNotDone


def measure(bench):
    if not shutil.which("etcd"):
        bench.add(missing("etcd", "etcd", "not installed"))
        return
    workers = min(bench.options.fleets[-1], 20_000)  # it grants a few thousand leases a second
    port, peer_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=bench.directory) as data:
        url, peer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
        etcd = start(["etcd", "--data-dir", data, "--listen-client-urls", url, "--advertise-client-urls", url,
                      "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
                      "--initial-cluster", f"default={peer_url}", "--quota-backend-bytes", str(8 << 30), "--log-level", "error"])
        try:
            until(lambda: etcd_keys(url), "etcd")
            load_etcd(bench, port, "lease", workers, 8, 64, 0)
            for shape, (connections, in_flight) in SHAPES.items():
                puts = []
                for _ in range(bench.few_rounds):
                    revision = etcd_keys(url)["header"]["revision"]
                    put = load_etcd(bench, port, "put", workers, connections, in_flight, bench.options.seconds)
                    puts.append(put["calls_per_second"])
                    keys = etcd_keys(url)
                    written = int(keys["header"]["revision"]) - int(revision)
                    if written != put["accepted"] or not 0 < int(keys["count"]) <= workers:
                        raise WorkNotDone(f"etcd: {put['accepted']} puts were answered OK, {written} were made: {keys}")
                compare(bench, "etcd", "etcd Put with a lease", shape, workers, puts, "Heartbeat sqlite", shape)
        finally:
            end(etcd)


def load_etcd(bench, port, call, workers, connections, in_flight, seconds):
    return run_tool(bench.options, "muster_etcd_load", call, "--port", port, "--workers", workers, "--connections", connections,
                    "--in-flight", in_flight, "--seconds", seconds)


def etcd_keys(url):
    """How many keys of workers there are; the revision grows by one with each write."""
    names = {"key": base64.b64encode(b"workers/").decode(), "range_end": base64.b64encode(b"workers0").decode()}
    try:
        with urllib.request.urlopen(f"{url}/v3/kv/range", json.dumps({**names, "count_only": True}).encode(), timeout=5) as answer:
            return {"count": "0", **json.load(answer)}
    except (urllib.error.URLError, OSError):
        return None
