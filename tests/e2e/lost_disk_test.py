"""The disk fails under a daemon, or its files are taken away: nothing is acknowledged that a start would not find."""
import contextlib
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import harness
from harness import CALM, Code, refusal, until

EXIT_DISK = 3
SHIM = os.environ["MUSTER_BAD_DISK"]


def free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as one:
        return one.getsockname()[1]


class OnBadDisk(harness.Daemon):
    """A daemon on SQLite whose disk is as `self.disk` says; see bad_disk.c."""

    def __init__(self, directory, **flags):
        self.database = pathlib.Path(directory) / "roll.db"
        self.control = pathlib.Path(directory) / "control"
        self.grpc_port, self.http_port = free_port(), free_port()
        super().__init__(directory, f"sqlite:{self.database}", http_listen=f"127.0.0.1:{self.http_port}", **{**CALM, **flags})

    def command(self):
        return ["env", f"LD_PRELOAD={SHIM}", f"BAD_DISK={self.control}", *super().command()]

    def disk(self, how=""):
        draft = self.control.with_suffix(".draft")
        draft.write_text(how)
        draft.rename(self.control)

    def ready(self):
        """The status of /readyz, and what it says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)


class FailedSync(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(harness.Directory())
        self.daemon = OnBadDisk(self.directory)

    def test_of_the_log(self):
        with self.daemon as daemon:
            daemon.register("kept")
            daemon.disk("fail roll.db-wal")
            refused = refusal(daemon.register, "in-doubt")
            self.assertEqual(refused.code, Code.UNAVAILABLE)
            self.assertIn("whether it was done is not known", refused.message)
            self.assertEqual(daemon.wait_for_the_end(), EXIT_DISK)
            self.assertIn("roll.db-wal: fsync failed: Input/output error", daemon.log())
            self.assertNotIn("not stopped in time", daemon.log())
        self.stays_up_and_recovers("fail roll.db-wal")

    def test_of_the_database(self):
        with self.daemon as daemon:
            daemon.register("kept")
            daemon.disk("fail roll.db")
            daemon.signal(signal.SIGTERM)  # a stop moves the log into the database
            self.assertEqual(daemon.wait_for_the_end(), EXIT_DISK)
        self.stays_up_and_recovers("fail roll.db")

    def stays_up_and_recovers(self, how):
        """A start into the same bad disk is not ready, does not end, and goes on once the disk is well."""
        daemon = self.daemon
        daemon.disk(how)
        with open(daemon.log_file, "ab") as log:
            daemon.process = subprocess.Popen(daemon.command(), stdout=log, stderr=log, cwd=daemon.directory)
        try:
            until(lambda: daemon.log().count("tries again") >= 2, 30, "a second try")
            self.assertFalse(daemon.has_ended())
            status, text = daemon.ready()
            self.assertEqual(status, 503, text)
            daemon.disk()
            until(lambda: daemon.ready()[0] == 200, 60, "ready")
            self.assertFalse(daemon.has_ended())
        finally:
            daemon.signal(signal.SIGTERM)
            self.assertEqual(daemon.process.wait(20), 0)
        with contextlib.closing(sqlite3.connect(daemon.database)) as connection:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            self.assertIn(("kept",), connection.execute("SELECT id FROM workers").fetchall())

    def test_stop_while_it_waits_for_the_disk(self):
        daemon = self.daemon
        daemon.disk("fail roll.db")
        with open(daemon.log_file, "ab") as log:
            daemon.process = subprocess.Popen(daemon.command(), stdout=log, stderr=log, cwd=daemon.directory)
        until(lambda: "tries again" in daemon.log(), 30, "a try that failed")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(10), 0)


class LostFiles(unittest.TestCase):
    def check_that_it_stops_writing(self, break_it):
        directory = self.enterContext(harness.Directory())
        with OnBadDisk(directory) as daemon:
            daemon.register("kept")
            self.assertEqual(daemon.ready()[0], 200)
            break_it(daemon.database)
            until(lambda: daemon.ready()[0] == 503, 20, "not ready")
            self.assertIn("removed, replaced or cut off", daemon.ready()[1])
            refused = refusal(daemon.register, "new")
            self.assertEqual(refused.code, Code.UNAVAILABLE)
            self.assertNotIn(str(directory), refused.message)
            self.assertEqual(daemon.get("kept").id, "kept")  # reads go on
            self.assertEqual(daemon.log().count("the store is not written any more"), 1)
            self.assertIn(str(daemon.database), daemon.log())
            self.assertFalse(daemon.has_ended())

    def test_removed(self):
        self.check_that_it_stops_writing(lambda database: database.unlink())

    def test_moved(self):
        self.check_that_it_stops_writing(lambda database: database.rename(f"{database}.moved"))

    def test_replaced(self):
        def replace(database):
            copy = database.with_suffix(".copy")
            copy.write_bytes(database.read_bytes())
            copy.rename(database)
        self.check_that_it_stops_writing(replace)

    def test_log_removed(self):
        self.check_that_it_stops_writing(lambda database: os.unlink(f"{database}-wal"))

    def test_log_cut_off(self):
        self.check_that_it_stops_writing(lambda database: os.truncate(f"{database}-wal", 0))

    def test_index_removed(self):
        self.check_that_it_stops_writing(lambda database: os.unlink(f"{database}-shm"))

    def test_lock_removed(self):
        self.check_that_it_stops_writing(lambda database: os.unlink(f"{database}-lock"))

    def test_index_cut_off(self):
        directory = self.enterContext(harness.Directory())
        daemon = OnBadDisk(directory)
        with daemon:
            daemon.register("kept")
            os.truncate(f"{daemon.database}-shm", 0)
            with contextlib.suppress(harness.grpc.RpcError):
                daemon.register("new")
            self.assertEqual(daemon.wait_for_the_end(), EXIT_DISK)
            self.assertIn("SIGBUS", daemon.log())
            self.assertIn("docs/database.md", daemon.log())
        with daemon:
            self.assertEqual(daemon.get("kept").id, "kept")
            daemon.register("after")


class SlowSync(unittest.TestCase):
    def test_slow_is_not_failed(self):
        directory = self.enterContext(harness.Directory())
        with OnBadDisk(directory) as daemon:
            daemon.disk("slow roll.db-wal 700")
            begun = time.monotonic()
            daemon.register("slow")
            self.assertGreater(time.monotonic() - begun, 0.6)
            self.assertEqual(daemon.ready()[0], 200)
            daemon.disk()


if __name__ == "__main__":
    harness.main()
