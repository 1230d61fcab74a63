"""PostgreSQL goes away and comes back: every call is answered in time and in plain words, the daemon lives on, says so
once, and recovers by itself. A password never shows."""
import os
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import harness
import postgres
from harness import MUSTERD, SERVING, Code, commands, grpc, queries, refusal, until

PASSWORD = "s3same-0pen"
NOT_SERVING = b"\x08\x02"
COMMANDS, QUERIES = b"muster.v1.WorkerCommands", b"muster.v1.WorkerQueries"
PROMPTLY = 5  # seconds for a call while the server is known to be away


def with_password(url):
    return url.replace("@", f":{PASSWORD}@", 1)


class Away(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(postgres.Postgres(durable=False))

    def setUp(self):
        if self.server.pid is None:
            self.server.start()
        self.server.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(directory, with_password(self.server.url), http=True,
                                                       heartbeat_timeout="3s", activation_interval="1s",
                                                       stale_interval="1s", reactivation_interval="1s"))
        self.addCleanup(lambda: self.assertNotIn(PASSWORD, self.daemon.log()))
        self.daemon.register("a")
        self.daemon.beat("a")

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.daemon.http}/readyz", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def go_away(self):
        self.server.kill9()
        until(lambda: self.daemon.health(COMMANDS) == NOT_SERVING, 5, "NOT_SERVING")

    def wait_until_back(self):
        begin = time.monotonic()
        until(self.is_recorded, 15, "a heartbeat to be recorded")
        took = time.monotonic() - begin
        until(lambda: self.daemon.health(COMMANDS) == SERVING, 3, "SERVING")
        self.assertEqual(self.daemon.get("a").heartbeats.fresh, True)
        return took

    def is_recorded(self):
        try:
            return self.daemon.beat("a")
        except grpc.RpcError as error:
            self.assertEqual(error.code(), Code.UNAVAILABLE)

    def freeze(self):
        """As a server that is cut off: it takes what comes, and says nothing."""
        group = [self.server.pid, *self.children()]
        for pid in group:
            os.kill(pid, signal.SIGSTOP)
        return group

    def children(self):
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.server.pid)], capture_output=True, text=True)
        return [int(pid) for pid in listed.stdout.split()]

    def assert_unavailable(self, call, *arguments, **fields):
        begin = time.monotonic()
        refused = refusal(call, *arguments, **fields)
        self.assertLess(time.monotonic() - begin, PROMPTLY)
        self.assertEqual((refused.code, refused.reason, refused.domain), (Code.UNAVAILABLE, "STORE_UNAVAILABLE", "muster"))
        self.assertIsNotNone(refused.retry_after)
        for inside in (PASSWORD, "127.0.0.1", str(self.server.port), "SELECT", "libpq"):
            self.assertNotIn(inside, refused.message)
        return refused

    def test_every_call_is_refused_in_time(self):
        daemon = self.daemon
        self.go_away()
        for call, arguments in ((daemon.register, ["b"]), (daemon.beat, ["a"]), (daemon.unregister, ["a"]),
                                (daemon.set_status, ["a", harness.FAILED]), (daemon.run_scheduler, [])):
            refused = self.assert_unavailable(call, *arguments)
            self.assertIn("nothing was done", refused.message)
        batch = commands.BatchHeartbeatRequest(heartbeats=[commands.HeartbeatRequest(worker_id="a")] * 1000)
        self.assert_unavailable(daemon.commands.BatchHeartbeat, batch)
        for call, request in ((daemon.queries.GetWorker, queries.GetWorkerRequest(worker_id="a")),
                              (daemon.queries.ListWorkers, queries.ListWorkersRequest()),
                              (daemon.queries.GetLastHeartbeat, queries.GetLastHeartbeatRequest(worker_id="a")),
                              (daemon.queries.ListHeartbeats, queries.ListHeartbeatsRequest(worker_id="a")),
                              (daemon.queries.ListEvents, queries.ListEventsRequest()),
                              (daemon.queries.GetFleetSummary, queries.GetFleetSummaryRequest())):
            self.assert_unavailable(call, request)
        self.assertEqual(daemon.health(), SERVING)
        self.assertEqual(daemon.health(QUERIES), SERVING)
        self.assertEqual(self.ready(), 503)
        self.server.start()
        took = self.wait_until_back()
        until(lambda: self.ready() == 200, 2, "ready")
        self.assertEqual(daemon.get("a").heartbeats.total, 2)
        print(f"\n  served {took:.1f} s after the server was back")

    def test_the_log_tells_and_does_not_flood(self):
        before = len(self.daemon.log().splitlines())
        self.go_away()
        end = time.monotonic() + 4
        asked = 0
        while time.monotonic() < end:
            refusal(self.daemon.beat, "a")
            refusal(self.daemon.get, "a")
            asked += 2
        lines = self.daemon.log().splitlines()[before:]
        print(f"\n  {len(lines)} lines in 4 s, with {asked} calls refused")
        self.assertLess(len(lines), 40)
        self.assertTrue(any(str(self.server.port) in line for line in lines), "the operator is told which server")
        self.server.start()
        self.wait_until_back()

    def test_a_server_that_restarts_costs_seconds(self):
        self.server.restart()
        took = self.wait_until_back()
        print(f"\n  served {took:.1f} s after the restart")

    def test_a_frozen_server_is_survived(self):
        group = self.freeze()
        refusal(self.daemon.beat, "a", timeout=1)
        until(lambda: self.daemon.health(COMMANDS) == NOT_SERVING, 20, "NOT_SERVING")
        self.assert_unavailable(self.daemon.beat, "a")
        for pid in group:
            os.kill(pid, signal.SIGCONT)
        self.wait_until_back()
        self.assertFalse([e for e in self.daemon.events() if e.to_status == harness.OFFLINE])

    def test_a_stop_does_not_wait_for_it(self):
        self.go_away()
        begin = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_stop_does_not_wait_for_one_that_is_frozen(self):
        group = self.freeze()
        refusal(self.daemon.beat, "a", timeout=0.3)
        begin = time.monotonic()
        self.daemon.stop()
        took = time.monotonic() - begin
        for pid in group:
            os.kill(pid, signal.SIGCONT)
        self.assertLess(took, 5)


class NeverThere(unittest.TestCase):
    def start(self, url):
        begin = time.monotonic()
        done = subprocess.run([MUSTERD, "--store", url, "--grpc-listen", "127.0.0.1:0", "--http-listen", ""],
                              capture_output=True, text=True, timeout=40)
        told = done.stdout + done.stderr
        self.assertNotIn(PASSWORD, told)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertLess(len(told.splitlines()), 5, told)
        return done.returncode, told

    def test_nobody_listens(self):
        code, told = self.start(f"postgresql://muster:{PASSWORD}@127.0.0.1:1/muster")
        self.assertEqual(code, 1)
        self.assertIn("cannot open the PostgreSQL store", told)
        self.assertIn("port 1 failed", told)

    def test_a_url_that_makes_no_sense(self):
        for url in (f"postgresql://muster:{PASSWORD}@127.0.0.1:x/muster", f"postgresql://muster:{PASSWORD}@[::1/muster",
                    f"postgresql://muster:{PASSWORD}@127.0.0.1/muster?no_such=1", f"postgresql://muster:{PASSWORD}%zz@h/d"):
            code, told = self.start(url)
            self.assertIn(code, (1, 2), told)

    def test_no_such_database(self):
        with postgres.Postgres(durable=False) as server:
            code, told = self.start(with_password(server.url).removesuffix("muster") + "nowhere")
            self.assertEqual(code, 1)
            self.assertRegex(told, "nowhere.* does not exist")


if __name__ == "__main__":
    harness.main()
