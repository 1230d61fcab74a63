"""The disk fills up: writers are told, readers go on, nothing is corrupted, and writing resumes by itself."""
import contextlib
import os
import pathlib
import sqlite3
import subprocess
import time
import unittest

import harness
from harness import ACTIVE, OFFLINE, Code, grpc, until

MIB = 1 << 20
TIMEOUT = 4
WORKERS = [f"worker-{number}" for number in range(10)]


@contextlib.contextmanager
def small_disk(path, size):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "muster-test", path],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        raise unittest.SkipTest(f"cannot mount a small disk: {mounted.stderr.strip()}")
    try:
        yield pathlib.Path(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True)


class DiskFull(unittest.TestCase):
    def test_full_and_free_again(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        directory = self.enterContext(harness.Directory())
        disk_path = os.path.join(directory, "disk")
        os.mkdir(disk_path)
        disk = self.enterContext(small_disk(disk_path, 16 * MIB))
        database = disk / "roll.db"
        daemon = harness.Daemon(directory, f"sqlite:{database}", heartbeat_timeout=f"{TIMEOUT}s", stale_interval="1s",
                                activation_interval="1s", reactivation_interval="1s")
        with daemon:
            for worker_id in WORKERS:
                daemon.register(worker_id)
            with harness.Fleet(daemon, WORKERS):
                until(lambda: daemon.get("worker-0").status == ACTIVE, 60, "Active")
                self.fill(disk)
                for what, write in (("write", self.register_much), ("heartbeat", self.beat)):
                    refused = until(lambda: write(daemon), 60, f"a {what} that is refused")
                    print(f"{what} refused with {refused}")
                    self.assertIn(refused.code, (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED))
                    self.assertNotIn(str(directory), refused.message)
                self.assertEqual(daemon.get("worker-7").region, "eu")  # reads go on
                until(lambda: not daemon.summary().listening.listening, 60, "the listening clock to stand still")
                time.sleep(1.5 * TIMEOUT)  # longer than anybody may be silent
                total = daemon.get("worker-3").heartbeats.total

                (disk / "filler").unlink()
                until(lambda: self.beat(daemon) is None, 60, "writing to resume by itself")
                time.sleep(1.5 * TIMEOUT)
                self.assertNotIn(OFFLINE, [event.to_status for event in daemon.events()])
                self.assertGreater(daemon.get("worker-3").heartbeats.total, total)
            acknowledged = daemon.get("worker-3").heartbeats.total
            daemon.kill()
        with contextlib.closing(sqlite3.connect(database)) as connection:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        with daemon:
            self.assertEqual(daemon.get("worker-3").heartbeats.total, acknowledged)

    def fill(self, disk):
        with open(disk / "filler", "wb", buffering=0) as filler:
            for chunk in (MIB, 4096):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(b"x" * chunk)

    # Each makes a call and returns how it was refused, or None.

    def register_much(self, daemon):
        self.registered = getattr(self, "registered", 0) + 1
        try:
            daemon.register(f"big-{self.registered}", metadata={"k": "v" * 16000})
        except grpc.RpcError as error:
            return harness.Refused(error)

    def beat(self, daemon):
        try:
            daemon.beat("worker-1")
        except grpc.RpcError as error:
            return harness.Refused(error)


if __name__ == "__main__":
    harness.main()
