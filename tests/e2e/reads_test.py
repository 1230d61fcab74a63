"""Reads never hold anything up: large fleets are paged in pieces that every client can take, a daemon that is flooded with
slow reads stops in time, and one whose store hangs says so."""
import contextlib
import http.client
import json
import signal
import sqlite3
import threading
import time
import unittest

import harness
import postgres
from harness import POSTGRES, SERVING, Code, commands, grpc, queries, until

NOT_SERVING = b"\x08\x02"
COMMANDS, QUERIES = b"muster.v1.WorkerCommands", b"muster.v1.WorkerQueries"
STREAMS = 48  # that one connection may have in flight


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


class LargeWorkers(unittest.TestCase):
    WORKERS = 300
    METADATA = {f"k{number:02}": "v" * 253 for number in range(64)}  # 16 KiB, keys and values together

    def setUp(self):
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(directory, http=True))
        self.ids = [f"w{number:03}" for number in range(self.WORKERS)]
        calls = [self.daemon.commands.RegisterWorker.future(
            commands.RegisterWorkerRequest(worker_id=each, region="eu", capacity=1, metadata=self.METADATA), timeout=60)
            for each in self.ids]
        for call in calls:
            call.result()

    def test_a_client_as_it_comes_pages_through_all_of_them(self):
        for view in (harness.worker.WORKER_VIEW_BASIC, harness.worker.WORKER_VIEW_HEARTBEATS):
            seen, pages, token = [], 0, None
            while token != "":
                page = self.daemon.queries.ListWorkers(
                    queries.ListWorkersRequest(page_size=1000, page_token=token or "", view=view), timeout=60)
                self.assertLess(page.ByteSize(), 1.2 * 2**20)
                seen += [each.id for each in page.workers]
                pages, token = pages + 1, page.next_page_token
            self.assertEqual(seen, self.ids)
            self.assertGreaterEqual(pages, 5)

    def test_so_does_http(self):
        seen, token = [], None
        while token != "":
            status, page = get(self.daemon.http, f"/workers?pageSize=1000&view=heartbeats&pageToken={token or ''}")
            self.assertEqual(status, 200)
            self.assertLess(len(json.dumps(page)), 1.3 * 2**20)
            seen += [each["id"] for each in page["workers"]]
            token = page["nextPageToken"]
        self.assertEqual(seen, self.ids)

    def test_so_does_workerctl(self):
        listed = json.loads(self.daemon.workerctl("list", "-o", "json").stdout)
        self.assertEqual([each["id"] for each in listed], self.ids)


class Flooded(unittest.TestCase):
    FLEET = 100_000 if POSTGRES else 300_000
    CONNECTIONS = 210
    # One that matches nobody looks at everybody, but for PostgreSQL, which has an index.
    SLOW = (queries.ListWorkersRequest(page_size=1000) if POSTGRES
            else queries.ListWorkersRequest(region="eu", capability="nobody-has-this"))

    def daemon_with_a_large_fleet(self):
        directory = self.enterContext(harness.Directory())
        daemon = harness.Daemon(directory, harness.any_store(f"sqlite:{directory}/roll.db"))
        with daemon:
            self.assertEqual(daemon.stop(), 0)
        if POSTGRES:
            postgres.psql(daemon.store, f"""
                INSERT INTO workers SELECT 'w' || to_char(n, 'FM0000000'), 'eu', 1, '{{}}', '{{}}', 'Pending', '', now(), now(), 0,
                  n, 'i', '', '', 0, NULL, NULL, false FROM generate_series(1, {self.FLEET}) AS n;
                UPDATE roll SET last_revision = {self.FLEET}, workers = {self.FLEET};
                ANALYZE workers""")
        else:
            self.fill(f"{directory}/roll.db")
        return self.enterContext(daemon)

    def fill(self, path):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute(f"""
                INSERT INTO workers SELECT value, printf('w%07d', value), 'eu', 1, '[]', '{{}}', 'i', '', '', 0, 0, 0
                FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT {self.FLEET})
                      SELECT value FROM n)""")
            database.execute("INSERT INTO worker_states SELECT key, 1, '', 0, key, NULL, NULL, 0 FROM workers")
            database.execute(f"UPDATE roll SET last_revision = {self.FLEET}")

    def test_a_flood_of_slow_reads_holds_no_stop_up_and_no_heartbeat(self):
        daemon = self.daemon_with_a_large_fleet()
        self.assertEqual(daemon.get(f"w{self.FLEET:07}").region, "eu")
        codes, lock, stopping, asked = {}, threading.Lock(), threading.Event(), [0]

        def ask(stub):
            call = stub.ListWorkers.future(self.SLOW)
            with lock:
                asked[0] += 1
            call.add_done_callback(lambda done: ended(stub, done))

        def ended(stub, done):
            with lock:
                codes[done.code()] = codes.get(done.code(), 0) + 1
            if done.code() == Code.OK and not stopping.is_set():
                ask(stub)

        channels = [daemon.connect() for _ in range(self.CONNECTIONS)]
        for channel in channels:
            stub = harness.queries_pb2_grpc.WorkerQueriesStub(channel)
            for _ in range(STREAMS):
                ask(stub)
        until(lambda: sum(codes.values()) > 100, 60, "answers")
        self.assertGreaterEqual(asked[0], 10_000)
        daemon.beat("w0000001", timeout=20)  # behind the reads it would wait for minutes
        self.assertEqual(daemon.health(), SERVING)
        stopping.set()
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_the_end(), 0, daemon.log()[-2000:])
        took = time.monotonic() - begin
        until(lambda: sum(codes.values()) == asked[0], 60, "the end of every call")
        for channel in channels:
            channel.close()
        print(f"\n  stopped in {took:.2f} s; {({code.name: count for code, count in codes.items()})}")
        self.assertLessEqual(set(codes), {Code.OK, Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE, Code.CANCELLED})


@unittest.skipIf(POSTGRES, "is about SQLite")
class LockedStore(unittest.TestCase):
    def test_a_database_that_a_stranger_locks_shows_and_recovers(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, f"sqlite:{directory}/roll.db", http=True))
        daemon.register("a")
        self.assertEqual(get(daemon.http, "/readyz")[0], 200)
        stranger = sqlite3.connect(f"{directory}/roll.db", isolation_level=None)
        stranger.execute("BEGIN IMMEDIATE")
        hangs = daemon.commands.Heartbeat.future(commands.HeartbeatRequest(worker_id="a"), timeout=120)
        begin = time.monotonic()
        until(lambda: daemon.health(COMMANDS) == NOT_SERVING, 30, "NOT_SERVING")
        status, problem = get(daemon.http, "/readyz")
        print(f"\n  not ready after {time.monotonic() - begin:.1f} s: {problem.get('detail')}")
        self.assertEqual((status, problem["reason"]), (503, "STORE_UNAVAILABLE"))
        self.assertEqual(daemon.health(QUERIES), SERVING)
        self.assertEqual(get(daemon.http, "/healthz")[0], 200)
        self.assertEqual(get(daemon.http, "/workers")[0], 200)
        self.assertEqual(daemon.get("a").id, "a")
        stranger.execute("ROLLBACK")
        stranger.close()
        until(lambda: daemon.health(COMMANDS) == SERVING, 30, "SERVING")
        until(lambda: get(daemon.http, "/readyz")[0] == 200, 30, "ready")
        try:
            hangs.result()
        except grpc.RpcError as error:
            self.assertEqual(error.code(), Code.UNAVAILABLE)
        daemon.beat("a")


if __name__ == "__main__":
    harness.main()
