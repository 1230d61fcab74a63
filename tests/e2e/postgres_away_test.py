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
PROMPTLY = 10  # seconds for a call while the server is known to be away; who asked it would wait for 15 at least
HELD = 4  # seconds for which another program holds rows: longer than the timeout
HOLDS_UP = 8  # seconds; who waits for the other program waits for ever


def with_password(url):
    return url.replace("@", f":{PASSWORD}@", 1)


class OnPostgres(unittest.TestCase):
    """A daemon on a server of its own."""

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
            with urllib.request.urlopen(f"http://{self.daemon.http}/readyz", timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


class Away(OnPostgres):
    def go_away(self):
        self.server.kill9()
        until(lambda: self.daemon.health(COMMANDS) == NOT_SERVING, 30, "NOT_SERVING")

    def wait_until_back(self):
        """Two heartbeats are recorded."""
        begin = time.monotonic()
        until(self.is_recorded, 60, "a heartbeat to be recorded")
        took = time.monotonic() - begin
        until(lambda: self.daemon.health(COMMANDS) == SERVING, 30, "SERVING")
        self.daemon.beat("a")
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
        self.addCleanup(self.thaw, group)
        return group

    @staticmethod
    def thaw(group):
        for pid in group:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

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
        until(lambda: self.ready() == 200, 30, "ready")
        self.assertEqual(daemon.get("a").heartbeats.total, 1 + 2)
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
        # The writer waits for an answer; whoever asks how the daemon is learns of it at once.
        until(lambda: self.daemon.health(COMMANDS) == NOT_SERVING, 30, "NOT_SERVING")
        self.assertEqual(self.ready(), 503)
        self.assertEqual(refusal(self.daemon.beat, "a", timeout=60).reason, "STORE_UNAVAILABLE")
        self.assert_unavailable(self.daemon.beat, "a")
        self.thaw(group)
        self.wait_until_back()
        self.assertFalse([e for e in self.daemon.events() if e.to_status == harness.OFFLINE])

    def test_a_stop_does_not_wait_for_it(self):
        self.go_away()
        self.assertEqual(self.daemon.stop(), 0)

    def test_a_stop_does_not_wait_for_one_that_is_frozen(self):
        group = self.freeze()
        refusal(self.daemon.beat, "a", timeout=0.3)
        self.daemon.stop()  # in ten seconds; to wait for an answer would take it fifteen
        self.thaw(group)


class Held(OnPostgres):
    """Another program holds rows, for longer than anybody should, or refuses a value. Nobody suffers but those whom it is
    about."""

    def hold(self, rows):
        """In a transaction of another program, until it is told to end."""
        sql = f"BEGIN; SELECT FROM {rows} FOR UPDATE; SELECT pg_sleep(600); COMMIT"
        self.holder = subprocess.Popen([f"{self.server.bin}/psql", "-Xq", "-d", self.server.url, "-c", sql],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.let_go)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until(lambda: self.server.psql(waits) == "1", 60, "the rows to be held")

    def let_go(self):
        if self.holder.poll() is None:
            self.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            self.holder.wait()

    def slowest_while_held(self, call):
        """Makes the call again and again while the rows are held. So none of the calls can have waited for them."""
        slowest, end = 0, time.monotonic() + HELD
        while (begin := time.monotonic()) < end:
            call()
            slowest = max(slowest, time.monotonic() - begin)
            self.assertIsNone(self.holder.poll(), "the rows are held")
        return slowest

    def offline(self):
        return [event.worker_id for event in self.daemon.events() if event.to_status == harness.OFFLINE]

    def test_one_worker(self):
        for worker_id in ("b", "c"):
            self.daemon.register(worker_id)
        self.hold("workers WHERE id = 'a'")
        waiting = self.daemon.commands.Heartbeat.future(commands.HeartbeatRequest(worker_id="a"), timeout=60)

        def beat():
            self.daemon.beat("b")
            batch = self.daemon.commands.BatchHeartbeat(
                commands.BatchHeartbeatRequest(heartbeats=[commands.HeartbeatRequest(worker_id=i) for i in "abc"]), timeout=20)
            self.assertEqual([result.HasField("error") for result in batch.results[1:]], [False, False])
        slowest = self.slowest_while_held(beat)
        self.let_go()
        waiting.result()
        self.daemon.beat("a")
        print(f"\n  the slowest of the others: {slowest:.2f} s, while one row was held for {HELD} s")
        self.assertLess(slowest, HOLDS_UP)
        self.assertEqual(self.offline(), [])

    def test_the_row_that_orders_all_changes(self):
        self.hold("roll")

        def beat():
            self.daemon.beat("a")
            time.sleep(0.05)
        slowest = self.slowest_while_held(beat)
        until(lambda: "another program holds the roll's row" in self.daemon.log(), 10, "the reason in the log")
        self.let_go()
        print(f"\n  the slowest heartbeat: {slowest:.2f} s, while the roll's row was held for {HELD} s")
        self.assertLess(slowest, HOLDS_UP)
        self.daemon.register("b")
        self.assertEqual(self.offline(), [])

    def test_a_value_that_it_refuses(self):
        self.server.psql("ALTER TABLE workers ADD CHECK (region <> 'bad')")

        def register(number, region):
            request = commands.RegisterWorkerRequest(worker_id=f"{region}-{number}", region=region, capacity=1)
            return self.daemon.commands.RegisterWorker.future(request, timeout=20)
        calls = [(region, register(number, region)) for number in range(100) for region in ("good", "bad", "good-too")]
        for region, call in calls:
            if region == "bad":
                self.assertEqual(call.code(), Code.INVALID_ARGUMENT)
            else:
                call.result()
        self.assertEqual(self.daemon.health(COMMANDS), SERVING)
        self.assertEqual(self.ready(), 200)


class NeverThere(unittest.TestCase):
    def start(self, url):
        begin = time.monotonic()
        done = subprocess.run([MUSTERD, "--store", url, "--grpc-listen", "127.0.0.1:0", "--http-listen", ""],
                              capture_output=True, text=True, timeout=60)
        told = done.stdout + done.stderr
        self.assertNotIn(PASSWORD, told)
        self.assertLess(time.monotonic() - begin, 30)  # it tries for ten
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
