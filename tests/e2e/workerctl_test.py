"""workerctl against the real daemon: every command, its outputs and its exit codes."""
import json
import re
import subprocess
import unittest

import harness
from harness import ACTIVE, WORKERCTL

OK, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3


class Workerctl(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(directory, **harness.CALM))

    def run_ctl(self, *arguments, code=OK):
        done = self.daemon.workerctl(*arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        if code != OK:
            self.assertNotEqual(done.stderr.strip(), "", f"{arguments} failed without a word")
        return done.stdout if code == OK else done.stderr

    def test_every_command(self):
        self.run_ctl("register", "worker-1", "--region", "eu", "--capacity", 4, "--capability", "gpu",
                     "--metadata", "rack=r1")
        self.run_ctl("register", "worker-2", "--region", "us", "--capacity", 2)
        self.run_ctl("heartbeat", "worker-1")
        self.assertIn("1", self.run_ctl("run-scheduler"))
        self.assertEqual(self.daemon.get("worker-1").status, ACTIVE)

        got = json.loads(self.run_ctl("get", "worker-1", "-o", "json"))
        self.assertEqual((got["id"], got["status"], got["metadata"]), ("worker-1", "Active", {"rack": "r1"}))
        self.assertIn("id: worker-1", self.run_ctl("get", "worker-1", "-o", "yaml"))
        table = self.run_ctl("list")
        self.assertRegex(table, r"worker-1 .*Active")
        self.assertRegex(table, r"worker-2 .*Pending")
        self.assertNotIn("\x1b", table)
        self.assertIn("worker-1", self.run_ctl("list", "-o", "wide"))
        self.assertEqual(self.run_ctl("list", "-o", "name").split(), ["worker-1", "worker-2"])
        for filters in (["--status", "Active"], ["--region", "eu"], ["--capability", "gpu"], ["--metadata", "rack=r1"]):
            self.assertEqual(self.run_ctl("list", *filters, "-o", "name").split(), ["worker-1"], filters)

        self.run_ctl("history", "worker-1")
        self.assertIn("registered", self.run_ctl("events"))
        self.run_ctl("set-status", "worker-1", "Offline", "--reason", "maintenance")
        self.assertIn("maintenance", self.run_ctl("get", "worker-1"))
        self.assertIn("2", self.run_ctl("summary"))
        for command in (["history", "worker-1"], ["events"], ["summary"], ["list"], ["run-scheduler"]):
            json.loads(self.run_ctl(*command, "-o", "json"))
        self.run_ctl("unregister", "worker-2")
        self.assertEqual(self.daemon.summary().workers, 1)

    def test_refused_by_the_server_is_1(self):
        self.assertIn("ghost", self.run_ctl("get", "ghost", code=REFUSED))
        self.run_ctl("heartbeat", "ghost", code=REFUSED)
        self.run_ctl("register", "a", "--region", "eu", "--capacity", 1)
        self.run_ctl("register", "a", "--region", "eu", "--capacity", 1, code=REFUSED)
        self.run_ctl("set-status", "a", "Offline", code=REFUSED)  # Pending does not go Offline

    def test_wrong_usage_is_2(self):
        for arguments in ([], ["frobnicate"], ["get"], ["list", "--status", "Sleeping"], ["list", "-o", "papyrus"]):
            self.run_ctl(*arguments, code=USAGE)

    def test_unreachable_is_3(self):
        self.daemon.kill()
        for arguments in (["list"], ["heartbeat", "a"], ["summary"]):
            self.assertIn(self.daemon.address, self.run_ctl(*arguments, code=UNREACHABLE))

    def test_help_and_completion(self):
        for command in ("register", "unregister", "heartbeat", "get", "list", "history", "events", "set-status",
                        "run-scheduler", "summary", "demo"):
            self.assertIn(command, self.run_ctl("--help"))
            self.run_ctl(command, "--help")
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("workerctl", self.run_ctl("completion", shell))
        self.daemon.register("worker-1")
        self.assertEqual(self.run_ctl("__complete", "--", "get", "wor"), "worker-1\n")


class Demo(unittest.TestCase):
    FINAL = {"worker-1": "Active", "worker-2": "Offline", "worker-3": "Pending"}

    def test_with_a_daemon_of_its_own(self):
        done = subprocess.run([WORKERCTL, "--no-color", "demo"], capture_output=True, text=True, timeout=90)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        for worker_id, status in self.FINAL.items():
            lines = [line for line in done.stdout.splitlines() if re.search(rf"\b{worker_id}\b.*\b(Active|Offline|Pending|Failed)\b", line)]
            self.assertTrue(lines and status in lines[-1], f"{worker_id} does not end {status}:\n{done.stdout}")
        self.assertNotIn("\x1b", done.stdout)

    def test_against_a_server(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, heartbeat_timeout="3s", activation_interval="1s",
                                                  stale_interval="1s", reactivation_interval="1s"))
        done = subprocess.run([WORKERCTL, "--server", daemon.address, "demo"], capture_output=True, text=True, timeout=90)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        self.assertNotIn("worker-3", [w.id for w in daemon.queries.ListWorkers(harness.queries.ListWorkersRequest()).workers])


if __name__ == "__main__":
    harness.main()
