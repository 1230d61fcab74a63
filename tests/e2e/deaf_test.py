"""A listening socket that no client reaches: the daemon finds it out by itself, says so, and blames nobody.

Runs in a network of its own, where it takes addresses away from its loopback.
"""
import fcntl
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

IN_OWN_NETWORK = "MUSTER_TEST_IN_OWN_NETWORK"
if IN_OWN_NETWORK not in os.environ:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        print("no network of its own: this needs unprivileged user namespaces")
        sys.exit(77)
    os.environ[IN_OWN_NETWORK] = "1"
    os.execvp("unshare", ["unshare", "-rn", sys.executable, *sys.argv])

import harness  # noqa: E402
from harness import ACTIVE, OFFLINE, SERVING, until  # noqa: E402

TIMEOUT = 3
FLAGS = {"heartbeat_timeout": f"{TIMEOUT}s", "activation_interval": "1s", "stale_interval": "1s",
         "reactivation_interval": "1s"}
WORKERS = [f"worker-{number}" for number in range(3)]
ADDRESS = "10.9.9.9"
NOT_SERVING = b"\x08\x02"


def interface(name, up):
    """Takes an interface up or down, or one more address of it ("lo:1")."""
    get, put = 0x8913, 0x8914  # SIOCGIFFLAGS, SIOCSIFFLAGS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", name.encode(), 0)
        flags = struct.unpack_from("16sH", fcntl.ioctl(any_socket, get, request))[1]
        fcntl.ioctl(any_socket, put, struct.pack("16sH22x", name.encode(), flags | 1 if up else flags & ~1))


def give(name, address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sHH4s16x", name.encode(), socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(any_socket, 0x8916, request)  # SIOCSIFADDR


class OverPath(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))

    def get(self, target):
        self.request("GET", target)
        answer = self.getresponse()
        return answer.status, json.loads(answer.read())


class Deaf(unittest.TestCase):
    def start(self, http_listen):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="muster-"))  # such a path must be short
        self.daemon = self.enterContext(harness.Daemon(self.directory, f"sqlite:{self.directory}/roll.db",
                                                       http_listen=http_listen, **FLAGS))
        for worker_id in WORKERS:
            self.daemon.register(worker_id)
        self.fleet = self.enterContext(harness.Fleet(self.daemon, WORKERS))
        until(lambda: all(self.daemon.get(w).status == ACTIVE for w in WORKERS), 60, "everybody Active")

    def setUp(self):
        interface("lo", up=True)

    def gone_offline(self):
        return {event.worker_id for event in self.daemon.events() if event.to_status == OFFLINE}

    def finds_the_dead(self):
        self.fleet.alive.remove("worker-1")
        until(lambda: self.daemon.get("worker-1").status == OFFLINE, 60, "worker-1 Offline")
        self.assertEqual(self.gone_offline(), {"worker-1"})

    def test_grpc_is_dead(self):
        # HTTP is on a path, where it can still be asked.
        self.start("unix:web")
        web = OverPath(f"{self.directory}/web")
        self.addCleanup(web.close)
        self.assertEqual(web.get("/readyz")[0], 200)
        interface("lo", up=False)
        _, why = until(lambda: (answer := web.get("/readyz"))[0] == 503 and answer, 20, "not ready")
        print(why["detail"])
        self.assertIn("grpc 127.0.0.1", why["detail"])
        self.assertEqual(web.get("/healthz")[0], 200)
        stood = web.get("/summary")[1]["listening"]
        self.assertFalse(stood["listening"])
        self.assertIn("grpc 127.0.0.1", stood["reason"])
        time.sleep(1.5 * TIMEOUT)  # long enough to call everybody Offline
        self.assertEqual(web.get("/readyz")[0], 503)
        self.assertEqual(web.get("/summary")[1]["listening"]["clock"], stood["clock"])
        interface("lo", up=True)
        until(lambda: web.get("/readyz")[0] == 200, 20, "ready")
        # Ready at once, while the workers still have time to come back.
        until(lambda: web.get("/summary")[1]["listening"]["listening"], 60, "listening")
        time.sleep(1.5 * TIMEOUT)
        self.assertEqual(self.gone_offline(), set())
        self.finds_the_dead()

    def test_http_is_dead(self):
        give("lo:1", ADDRESS)
        self.start(f"{ADDRESS}:8080")
        commands = b"muster.v1.WorkerCommands"
        self.assertEqual(self.daemon.health(commands), SERVING)
        interface("lo:1", up=False)
        until(lambda: self.daemon.health(commands) == NOT_SERVING, 20, "not ready")
        listening = self.daemon.summary().listening
        print(listening.reason)
        self.assertFalse(listening.listening)
        self.assertIn(f"http {ADDRESS}:8080", listening.reason)
        # The dead are not found while some cannot be heard.
        self.fleet.alive.remove("worker-2")
        time.sleep(1.5 * TIMEOUT)
        self.assertEqual(self.gone_offline(), set())
        give("lo:1", ADDRESS)
        until(lambda: self.daemon.health(commands) == SERVING, 20, "ready")
        until(lambda: self.daemon.get("worker-2").status == OFFLINE, 60, "worker-2 Offline")
        self.assertEqual(self.gone_offline(), {"worker-2"})

    def test_it_appears_nowhere(self):
        self.start("unix:web")
        time.sleep(2)  # many probes
        self.fleet.alive.clear()
        until(lambda: sum(self.daemon.get(w).heartbeats.total for w in WORKERS) ==
              self.daemon.summary().heartbeats_recorded, 20, "no heartbeat but the workers'")
        listed = self.daemon.queries.ListWorkers(harness.queries.ListWorkersRequest(), timeout=20).workers
        self.assertEqual({each.id for each in listed}, set(WORKERS))
        self.assertEqual({event.worker_id for event in self.daemon.events()}, set(WORKERS))
        self.assertNotIn("~probe~", self.daemon.log())


if __name__ == "__main__":
    harness.main()
