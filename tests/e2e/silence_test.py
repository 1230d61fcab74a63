"""Silence is told from deafness: a daemon that could not hear blames nobody, and still finds the dead."""
import signal
import time
import unittest

import harness
from harness import ACTIVE, OFFLINE, until

TIMEOUT = 3
FLAGS = {"heartbeat_timeout": f"{TIMEOUT}s", "activation_interval": "1s", "stale_interval": "1s",
         "reactivation_interval": "1s"}
WORKERS = [f"worker-{number}" for number in range(5)]


class Silence(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(directory, f"sqlite:{directory}/roll.db", **FLAGS))
        for worker_id in WORKERS:
            self.daemon.register(worker_id)
        self.fleet = self.enterContext(harness.Fleet(self.daemon, WORKERS))
        until(lambda: all(self.status(w) == ACTIVE for w in WORKERS), 60, "everybody Active")

    def status(self, worker_id):
        return self.daemon.get(worker_id).status

    def gone_offline(self):
        return {event.worker_id for event in self.daemon.events() if event.to_status == OFFLINE}

    def observe(self, seconds):
        """Long enough for the sweeps to make the mistake that must not happen."""
        time.sleep(seconds)
        self.assertEqual(self.gone_offline(), set())

    def one_dies(self):
        """Proves that the daemon finds the dead all the same, within the promise and the reconnect allowance."""
        self.fleet.alive.remove("worker-2")
        begin, heard = time.monotonic(), self.listened()
        until(lambda: self.status("worker-2") == OFFLINE, 60, "worker-2 Offline")
        took, listened = time.monotonic() - begin, self.listened() - heard
        print(f"the dead one was found in {took:.1f} s, {listened:.1f} s on the listening clock; timeout {TIMEOUT} s, "
              "interval 1 s")
        # The promise is by the listening clock. A daemon without a core does not listen, and owes nothing for it.
        self.assertLess(listened, 3 * TIMEOUT)
        self.assertEqual(self.gone_offline(), {"worker-2"})

    def listened(self):
        return self.daemon.summary().listening.clock.ToMicroseconds() / 1e6

    def test_stopped_and_continued(self):
        self.daemon.signal(signal.SIGSTOP)
        time.sleep(10)
        self.daemon.signal(signal.SIGCONT)
        self.observe(1.5 * TIMEOUT)
        self.one_dies()

    def test_down_and_restarted(self):
        self.daemon.stop()
        time.sleep(1.5 * TIMEOUT)
        self.daemon.start()
        self.observe(1.5 * TIMEOUT)
        self.one_dies()

    def test_died_while_the_daemon_was_down(self):
        heard = self.listened()
        self.daemon.kill()
        self.fleet.alive.remove("worker-2")
        time.sleep(TIMEOUT)
        self.daemon.start()
        until(lambda: self.status("worker-2") == OFFLINE, 60, "worker-2 Offline")
        self.assertLess(self.listened() - heard, 3 * TIMEOUT)
        self.assertEqual(self.gone_offline(), {"worker-2"})


class Reload(unittest.TestCase):
    """A worker beats at the pace that it was told. After a reload to a shorter timeout it is not called Offline for that."""
    LONG, SHORT = 15, 3

    def write(self, timeout):
        with open(self.config, "w") as file:
            file.write(f"heartbeat-timeout = {timeout}s\n")

    def status(self, worker_id):
        return self.daemon.get(worker_id).status

    def test_shorter(self):
        directory = self.enterContext(harness.Directory())
        self.config = f"{directory}/musterd.toml"
        self.write(self.LONG)
        self.daemon = self.enterContext(harness.Daemon(
            directory, f"sqlite:{directory}/roll.db", config=self.config, activation_interval="1s", stale_interval="1s",
            reactivation_interval="1s"))
        for worker_id in ("old-pace", "dead-before", "dead-after"):
            self.daemon.register(worker_id)
            told = self.daemon.beat(worker_id)
            self.assertEqual(told.heartbeat_timeout.ToSeconds(), self.LONG)
        until(lambda: all(self.status(w) == ACTIVE for w in ("old-pace", "dead-before", "dead-after")), 60, "all Active")
        self.write(self.SHORT)
        self.daemon.signal(signal.SIGHUP)
        until(lambda: self.daemon.summary().heartbeat_timeout.ToSeconds() == self.SHORT, 60, "the new timeout")
        self.daemon.beat("dead-after")
        begin = self.listened()
        until(lambda: self.status("dead-after") == OFFLINE, 60, "the one that was told the short one Offline")
        self.assertLess(self.listened() - begin, 3 * self.SHORT)
        # More than the short timeout has passed since these two were heard.
        self.assertEqual(self.status("old-pace"), ACTIVE)
        self.assertEqual(self.status("dead-before"), ACTIVE)
        self.assertEqual(self.daemon.beat("old-pace").heartbeat_timeout.ToSeconds(), self.SHORT)
        with harness.Fleet(self.daemon, ["old-pace"]):
            # A restart remembers what was told, too.
            self.daemon.kill()
            self.daemon.start()
            until(lambda: self.status("dead-before") == OFFLINE, 60, "the one that was told the long one Offline")
            reasons = {event.worker_id: event.reason for event in self.daemon.events() if event.to_status == OFFLINE}
        print(reasons)
        self.assertEqual(set(reasons), {"dead-before", "dead-after"})
        self.assertIn(f"timeout {self.LONG}s", reasons["dead-before"])
        self.assertIn(f"timeout {self.SHORT}s", reasons["dead-after"])

    def listened(self):
        return self.daemon.summary().listening.clock.ToMicroseconds() / 1e6


if __name__ == "__main__":
    harness.main()
