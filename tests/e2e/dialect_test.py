"""One dialect: workerctl -o json prints what HTTP answers, name by name and value by value."""
import json
import re
import time
import unittest

import harness
from harness import ACTIVE, until
from http_test import Client

DURATION = re.compile(r"\d+(\.\d{1,6})?s")
MOVING = ("silentFor", "heldFor", "clock")  # durations that move while the two are asked: only their form is compared


def still(document):
    """The document without what moves."""
    if isinstance(document, list):
        return [still(each) for each in document]
    if not isinstance(document, dict):
        return document
    quiet = {key: still(value) for key, value in document.items()}
    for key, value in document.items():
        if key in MOVING and value is not None:
            assert DURATION.fullmatch(value), f"{key}: {value}"
            quiet[key] = "a duration"
        elif key == "heartbeatsPerSecond":
            quiet[key] = type(value)
    return quiet


class Dialect(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(
            directory, http=True, heartbeat_timeout="3s", activation_interval="1s", stale_interval="1s",
            reactivation_interval="1s", guard_share="0.5", guard_min_workers="2"))
        self.daemon.register("heard", region="eu", capabilities=["gpu", "cpu"], metadata={"rack": "r7", "a": "ü"})
        self.daemon.register("silent", region="us")
        self.daemon.beat("heard", in_use=0)

    def http(self, path, method="GET", body=None):
        with Client(self.daemon.http) as client:
            status, answer = client.call(method, path, body)
        self.assertIn(status, (200, 201), answer)
        return answer

    def ctl(self, *arguments):
        done = self.daemon.workerctl(*arguments, "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def compare(self, by_http, by_ctl):
        """Asks both, and again while they differ: a job may have moved a worker between the two questions, and the slower
        this machine is, the more jobs run between two. After some seconds there is nothing left to move."""
        end = time.monotonic() + 20
        while True:
            over_http, from_ctl = still(by_http()), still(by_ctl())
            if over_http == from_ctl:
                return over_http
            if time.monotonic() > end:
                self.assertEqual(over_http, from_ctl)

    def test_a_worker(self):
        for name in ("heard", "silent"):
            worker = self.compare(lambda: self.http(f"/workers/{name}/metadata"), lambda: self.ctl("get", name))
            self.assertEqual(worker["lastHeartbeatAt"] is None, name == "silent")
            self.assertEqual(worker["inUse"], 0 if name == "heard" else None)
            self.assertIn("heartbeats", worker)
        workers = self.compare(lambda: self.http("/workers")["workers"], lambda: self.ctl("list"))
        self.assertEqual([worker["id"] for worker in workers], ["heard", "silent"])
        self.assertNotIn("heartbeats", workers[0])

    def test_a_change(self):
        by_http = self.http("/workers", "POST", {"id": "w", "region": "eu", "capacity": 1})
        by_ctl = self.ctl("register", "v", "--region", "eu", "--capacity", "1")
        self.assertEqual(by_http.keys(), by_ctl.keys())
        self.assertEqual([by_http[key] for key in ("lastHeartbeatAt", "inUse")], [None, None])
        self.assertEqual([by_ctl[key] for key in ("lastHeartbeatAt", "inUse")], [None, None])
        by_http = self.http("/workers/w/heartbeat", "POST")
        self.assertEqual({"id": "v", **by_http}.keys(), self.ctl("heartbeat", "v").keys())
        by_http = self.http("/scheduler/run", "POST")
        self.assertEqual(self.ctl("run-scheduler").keys(), by_http.keys())
        self.assertEqual(self.ctl("run-scheduler")["activation"].keys(), by_http["activation"].keys())

    def test_heartbeats(self):
        self.compare(lambda: self.http("/workers/heard/heartbeats")["heartbeats"], lambda: self.ctl("history", "heard"))

    def test_events_and_the_summary_also_of_a_region_that_is_held(self):
        for name in ("w1", "w2", "w3"):  # they fall silent all at once
            self.daemon.register(name, region="held")
            self.daemon.set_status(name, ACTIVE)
        until(lambda: any(event.region == "held" and not event.worker_id for event in self.daemon.events()), 60,
              "the guard to hold the region")
        events = self.compare(lambda: self.http("/events?pageSize=1000")["events"], lambda: self.ctl("events"))
        self.assertTrue(any(event["type"] == "region-held" and event["workerId"] is None for event in events))
        def as_ever(summary):
            """Without what moves all the time: the probes, and the connection that asks."""
            health = {name: value for name, value in summary["health"].items()
                      if name not in ("openConnections", "probeLatency", "worstProbeLatency")}
            return {**summary, "health": health}
        summary = self.compare(lambda: as_ever(self.http("/summary")), lambda: as_ever(self.ctl("summary")))
        self.assertEqual(self.http("/summary")["health"].keys(), self.ctl("summary")["health"].keys())
        self.assertEqual({region["region"]: region["heldFor"] for region in summary["byRegion"]}["eu"], None)
        self.assertEqual(set(summary["byStatus"]), {"Pending", "Active", "Offline", "Failed"})


if __name__ == "__main__":
    harness.main()
