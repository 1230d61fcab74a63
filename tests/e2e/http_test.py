"""HTTP/JSON of the daemon as a process: it drains without losing a word, listens where it is told to, and both
interfaces show one roll."""
import http.client
import json
import signal
import socket
import tempfile
import threading
import time
import unittest

import harness
from harness import ACTIVE, Code, commands, refusal, worker


class Client:
    """One connection. Not for several threads."""

    def __init__(self, address, source=None):
        self.connection = http.client.HTTPConnection(address, timeout=60, source_address=source and (source, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, method, path, body=None, **headers):
        """The status and the answer; None if it has no body."""
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


class OneRoll(unittest.TestCase):
    def test_what_one_interface_does_the_other_shows(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, http=True, **harness.CALM))
        client = self.enterContext(Client(daemon.http))
        status, made = client.call("POST", "/workers", {"id": "w", "region": "eu", "capacity": 2, "instanceId": "one"})
        self.assertEqual(status, 201)
        self.assertEqual((daemon.get("w").instance_id, daemon.get("w").revision), ("one", made["revision"]))
        self.assertEqual(refusal(daemon.register, "w", instance_id="two").code, Code.ALREADY_EXISTS)
        daemon.beat("w", instance_id="one", in_use=1)
        daemon.set_status("w", ACTIVE, reason="by gRPC")
        _, shown = client.call("GET", "/workers/w/metadata")
        self.assertEqual((shown["status"], shown["statusReason"], shown["inUse"], shown["heartbeats"]["total"]),
                         ("Active", "by gRPC", 1, 1))
        _, events = client.call("GET", "/events")
        self.assertEqual([event["cursor"] for event in events["events"]], [event.cursor for event in daemon.events()])
        self.assertEqual([event["actor"] for event in events["events"]], [event.actor for event in daemon.events()])


class OneInstanceTwice(unittest.TestCase):
    def test_two_processes_of_one_instance_on_two_hosts_are_reported_once(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, http=True, **harness.CALM))
        elsewhere = self.enterContext(Client(daemon.http, source="127.0.0.2"))
        daemon.register("w", instance_id="copied")
        for _ in range(5):
            daemon.beat("w", instance_id="copied")  # from 127.0.0.1
            status, _ = elsewhere.call("POST", "/workers/w/heartbeat", {"instanceId": "copied"})
            self.assertEqual(status, 200)
        reports = [event for event in daemon.events() if event.type == worker.EVENT_TYPE_CLONE_DETECTED]
        self.assertEqual(len(reports), 1)
        self.assertEqual(reports[0].worker_id, "w")
        for part in ("instance copied", "127.0.0.1", "127.0.0.2"):
            self.assertIn(part, reports[0].reason)

    def test_two_relays_for_one_worker_are_not(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, http=True, **harness.CALM))
        relay = self.enterContext(Client(daemon.http, source="127.0.0.2"))
        daemon.register("w", instance_id="one")
        for _ in range(5):
            beat = commands.HeartbeatRequest(worker_id="w", instance_id="one")
            answer = daemon.commands.BatchHeartbeat(commands.BatchHeartbeatRequest(heartbeats=[beat]), timeout=20)
            self.assertFalse(answer.results[0].HasField("error"))
            status, _ = relay.call("POST", "/heartbeats", {"heartbeats": [{"id": "w", "instanceId": "one"}]})
            self.assertEqual(status, 200)
        self.assertNotIn(worker.EVENT_TYPE_CLONE_DETECTED, [event.type for event in daemon.events()])


class Drain(unittest.TestCase):
    def test_under_load_nothing_that_was_answered_is_lost(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, f"sqlite:{directory}/roll.db", http=True))
        ids = [f"w{number}" for number in range(4)]
        for worker_id in ids:
            daemon.register(worker_id)
        acknowledged, refused, running = dict.fromkeys(ids, 0), [], threading.Event()
        running.set()

        def beat(worker_id):
            with Client(daemon.http) as client:
                while running.is_set():
                    try:
                        status, answer = client.call("POST", f"/workers/{worker_id}/heartbeat")
                    except (OSError, http.client.HTTPException):
                        return  # it has stopped
                    if status == 200:
                        acknowledged[worker_id] += 1
                    else:
                        refused.append((status, answer["reason"]))

        threads = [threading.Thread(target=beat, args=(worker_id,)) for worker_id in ids]
        for thread in threads:
            thread.start()
        try:
            harness.until(lambda: min(acknowledged.values()) > 50, 60, "heartbeats")
            began = time.monotonic()
            self.assertEqual(daemon.stop(), 0, daemon.log())
            took = time.monotonic() - began
        finally:
            running.clear()
            for thread in threads:
                thread.join()
        print(f"drained in {took:.2f} s after {sum(acknowledged.values())} heartbeats, {len(refused)} refused")
        self.assertLessEqual(set(refused), {(503, "STORE_UNAVAILABLE")})
        daemon.start()
        for worker_id, count in acknowledged.items():
            self.assertGreaterEqual(daemon.get(worker_id).heartbeats.total, count)

    def test_an_idle_connection_does_not_hold_it_up(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, http=True))
        client = self.enterContext(Client(daemon.http))
        self.assertEqual(client.call("GET", "/healthz")[0], 200)  # and leaves the connection open
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_the_end(), 0, daemon.log())


class Listening(unittest.TestCase):
    def test_off_means_off(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory))
        daemon.says("http=off")

    def test_on_a_socket_of_the_file_system(self):
        directory = self.enterContext(tempfile.TemporaryDirectory(prefix="muster-"))  # such a path must be short
        daemon = self.enterContext(harness.Daemon(directory, http_listen=f"unix:{directory}/http.sock"))
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(60)
            raw.connect(f"{directory}/http.sock")
            raw.sendall(b"GET /readyz HTTP/1.1\r\nHost: musterd\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: raw.recv(4096), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        daemon.says("http=unix:")


if __name__ == "__main__":
    harness.main()
