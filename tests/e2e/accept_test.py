"""Accepting never ends: limits of connections and files, and the owner of an address."""
import contextlib
import http.client
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time
import unittest

import harness
from harness import grpc, queries, until

REFUSED = "a connection was refused"


class LowLimit(harness.Daemon):
    """A daemon that may open 256 files, and no more."""

    def command(self):
        return ["/bin/sh", "-c", 'ulimit -n 256; exec "$0" "$@"', *super().command()]


def at(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def connect(address, source="127.0.0.1"):
    client = socket.create_connection(at(address), timeout=20, source_address=(source, 0))
    client.settimeout(20)
    return client


def is_closed(client):
    """Whether the daemon closes the connection. A connection that it keeps says nothing, or begins with SETTINGS."""
    try:
        while said := client.recv(4096):
            if b"HTTP/1.1 503" not in said:
                return False
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def ask(address, source="127.0.0.1"):
    with contextlib.closing(http.client.HTTPConnection(*at(address), timeout=20, source_address=(source, 0))) as client:
        client.request("GET", "/healthz")
        return client.getresponse().status


def call(daemon):
    """One call on a new connection; refused if it cannot be made."""
    with daemon.connect() as channel:
        try:
            harness.queries_pb2_grpc.WorkerQueriesStub(channel).GetFleetSummary(queries.GetFleetSummaryRequest(), timeout=20)
        except grpc.RpcError as error:
            return error.code()
    return None


def open_files(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def processor_time(daemon):
    fields = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Crowds(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(harness.Directory())

    def test_a_full_table_is_not_the_end(self):
        daemon = self.enterContext(LowLimit(self.directory, http=True, max_connections_per_address="200"))
        daemon.says("the hard limit of open files is low")
        daemon.says("files=256")
        daemon.register("w-1")
        at_rest = open_files(daemon)
        for _ in range(3):
            crowd = [connect(address) for _ in range(300) for address in (daemon.address, daemon.http)]
            until(lambda: daemon.log().count(REFUSED) >= 2, 20, "refusals")
            daemon.beat("w-1")  # a client that is there is served
            self.assertLess(open_files(daemon), 256)
            for client in crowd:
                client.close()
            until(lambda: open_files(daemon) <= at_rest, 20, "the crowd to be gone")
            self.assertIsNone(call(daemon))
            self.assertEqual(ask(daemon.http), 200)
        # A line for each server, however many were refused, and one more should a minute pass.
        self.assertLessEqual(daemon.log().count(REFUSED), 4)

    def test_a_process_without_files_accepts_again(self):
        daemon = self.enterContext(harness.Daemon(self.directory, http=True))
        usual = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (open_files(daemon) + 6, usual[1]))
        for address in (daemon.address, daemon.http):
            crowd = [connect(address) for _ in range(30)]
            # None waits in the queue, not even the last.
            self.assertTrue(is_closed(crowd[-1]))
            for client in crowd:
                client.close()
            until(lambda: is_served(daemon, address), 20, "a file")
        daemon.says("too many files are open")
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, usual)
        self.assertIsNone(call(daemon))

    def test_a_client_that_cannot_be_accepted_costs_nothing(self):
        daemon = self.enterContext(harness.Daemon(self.directory, http=True))
        usual = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        # Not even the reserve can be opened again.
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (3, usual[1]))
        waiting = [connect(daemon.address), connect(daemon.http)]
        before = processor_time(daemon)
        time.sleep(0.5)
        self.assertLess(processor_time(daemon) - before, 0.25)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, usual)
        self.assertIsNone(call(daemon))
        self.assertEqual(ask(daemon.http), 200)
        for client in waiting:
            client.close()

    def test_one_address_does_not_take_the_place_of_another(self):
        daemon = self.enterContext(harness.Daemon(self.directory, http=True, max_connections_per_address="3"))
        for address in (daemon.address, daemon.http):
            there = 1 if address == daemon.address else 0  # the harness's own
            crowd = [connect(address) for _ in range(3 - there)]
            with connect(address) as one_more:
                self.assertTrue(is_closed(one_more))
            if address == daemon.http:
                self.assertEqual(ask(address), 503)
                self.assertEqual(ask(address, "127.0.0.2"), 200)
            else:
                with connect(address, "127.0.0.2") as other:
                    self.assertFalse(is_closed(other))  # gRPC says its SETTINGS
            for client in crowd:
                client.close()
        until(lambda: ask(daemon.http) == 200, 20, "room")
        daemon.says("from=127.0.0.1")
        self.assertNotIn("from=127.0.0.2", daemon.log())

    def test_more_than_the_files_hold_is_told_with_the_number(self):
        daemon = self.enterContext(LowLimit(self.directory, max_grpc_connections="5000"))
        daemon.says("files-needed=11000")

    def test_a_stop_with_clients_that_say_nothing(self):
        daemon = self.enterContext(harness.Daemon(self.directory, http=True))
        crowd = [connect(address) for _ in range(100) for address in (daemon.address, daemon.http)]
        daemon.register("w-1")
        self.assertEqual(daemon.stop(), 0, daemon.log())
        for client in crowd:
            client.close()


def is_served(daemon, address):
    if address == daemon.address:
        return call(daemon) is None
    try:
        return ask(address) == 200
    except OSError:
        return False


class Owners(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(harness.Directory())
        self.grpc = f"unix:{self.directory}/g"
        self.http = f"unix:{self.directory}/h"

    def second(self, **flags):
        """Starts one more daemon, which must end at once, and returns what it says."""
        flags = {"grpc_listen": "127.0.0.1:0", "http_listen": "", **flags}
        command = [harness.MUSTERD, "--store", "memory:"]
        for name, value in flags.items():
            command += ["--" + name.replace("_", "-"), value]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def ask_unix(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(self.http.removeprefix("unix:"))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: muster\r\nConnection: close\r\n\r\n")
            return client.recv(4096).split()[1]

    def test_a_port_is_not_taken(self):
        daemon = self.enterContext(harness.Daemon(self.directory, http=True))
        for flag, address in (("grpc_listen", daemon.address), ("http_listen", daemon.http)):
            said = self.second(**{flag: address})
            self.assertIn("--" + flag.replace("_", "-"), said)
            self.assertIn(address, said)
            self.assertIn("in use", said)
        self.assertIsNone(call(daemon))
        self.assertEqual(ask(daemon.http), 200)

    def test_a_unix_socket_is_not_taken_and_an_abandoned_one_is_replaced(self):
        daemon = harness.Daemon(self.directory, http_listen=self.http, grpc_listen=self.grpc)
        with daemon:
            for flag, address in (("grpc_listen", self.grpc), ("http_listen", self.http)):
                said = self.second(**{flag: address})
                self.assertIn("--" + flag.replace("_", "-"), said)
                self.assertIn("in use", said)
            daemon.register("w-1")
            self.assertEqual(daemon.events(worker_id="w-1")[0].actor, "unix:")
            self.assertEqual(self.ask_unix(), b"200")
            daemon.kill()
        self.assertTrue(os.path.exists(f"{self.directory}/g"))
        with daemon:
            daemon.register("w-1")
            self.assertEqual(self.ask_unix(), b"200")
            self.assertEqual(daemon.stop(), 0, daemon.log())
        left = {"g", "h", "g.lock", "h.lock"} & set(os.listdir(self.directory))
        self.assertEqual(left, set())

    def test_a_file_that_is_no_socket_stays(self):
        with open(f"{self.directory}/g", "w", encoding="ascii") as file:
            file.write("data")
        self.assertIn("no socket", self.second(grpc_listen=self.grpc))
        self.assertEqual(os.path.getsize(f"{self.directory}/g"), 4)

    def test_of_two_that_start_at_the_same_time_one_serves(self):
        daemon = harness.Daemon(self.directory, grpc_listen=self.grpc)
        with daemon:
            daemon.kill()  # leaves its socket
        command = [harness.MUSTERD, "--store", "memory:", "--http-listen", "", "--grpc-listen", self.grpc]
        for _ in range(5):
            starters = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(3)]
            try:
                until(lambda: sum(each.poll() is None for each in starters) == 1, 20, "one that is left")
                self.assertEqual(sorted(each.poll() or 0 for each in starters), [0, 1, 1])
                with grpc.insecure_channel(self.grpc, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
                    stub = harness.queries_pb2_grpc.WorkerQueriesStub(channel)
                    stub.GetFleetSummary(queries.GetFleetSummaryRequest(), timeout=20, wait_for_ready=True)
            finally:
                for each in starters:
                    each.kill()  # leaves its socket
                    each.wait()

    def test_ipv6(self):
        if not has_ipv6():
            self.skipTest("this machine has no IPv6")
        daemon = harness.Daemon(self.directory, grpc_listen="[::]:0")
        with daemon:
            daemon.register("by-v4")
            self.assertRegex(daemon.events(worker_id="by-v4")[0].actor, r"^127\.0\.0\.1:\d+$")
            daemon.address = f"[::1]:{daemon.port}"
            with daemon.connect() as channel:
                stub = harness.commands_pb2_grpc.WorkerCommandsStub(channel)
                stub.RegisterWorker(harness.commands.RegisterWorkerRequest(worker_id="by-v6", region="eu", capacity=1),
                                    timeout=20)
            self.assertRegex(daemon.events(worker_id="by-v6")[0].actor, r"^\[::1\]:\d+$")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as client:
            client.bind(("::1", 0))
        return True
    except OSError:
        return False


if __name__ == "__main__":
    harness.main()
