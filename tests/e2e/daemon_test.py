"""The daemon as a process: it drains, it shares its database with nobody, it reloads, it refuses bad settings."""
import signal
import subprocess
import threading
import time
import unittest

import harness
from harness import ACTIVE, MUSTERD, Code, commands, grpc, refusal, until


class Drain(unittest.TestCase):
    def test_under_load(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory, f"sqlite:{directory}/roll.db"))
        acknowledged, refusals = {}, []

        def run(worker_id):
            channel = daemon.connect()
            stub = harness.commands_pb2_grpc.WorkerCommandsStub(channel)
            try:
                while True:
                    stub.Heartbeat(commands.HeartbeatRequest(worker_id=worker_id), timeout=30)
                    acknowledged[worker_id] += 1
            except grpc.RpcError as error:
                refusals.append(error.code())
            channel.close()

        threads = []
        for number in range(6):
            daemon.register(f"w{number}")
            acknowledged[f"w{number}"] = 0
            threads.append(threading.Thread(target=run, args=[f"w{number}"]))
        for thread in threads:
            thread.start()
        until(lambda: sum(acknowledged.values()) > 500, 60, "load")
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_the_end(), 0, daemon.log())
        took = time.monotonic() - begin
        for thread in threads:
            thread.join()
        print(f"drained in {took:.2f} s after {sum(acknowledged.values())} heartbeats")
        # gRPC itself cancels a call that crosses with its farewell to the connection.
        self.assertLessEqual(set(refusals), {Code.UNAVAILABLE, Code.CANCELLED})
        daemon.start()
        for worker_id, count in acknowledged.items():
            self.assertGreaterEqual(daemon.get(worker_id).heartbeats.total, count)

    def test_an_idle_stream_of_calls_does_not_hold_it_up(self):
        directory = self.enterContext(harness.Directory())
        daemon = self.enterContext(harness.Daemon(directory))
        daemon.register("a")  # leaves the connection open
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_the_end(), 0, daemon.log())


class OneDatabaseOneDaemon(unittest.TestCase):
    def test_the_second_is_refused_and_told_who_holds_it(self):
        directory = self.enterContext(harness.Directory())
        first = self.enterContext(harness.Daemon(directory, f"sqlite:{directory}/roll.db"))
        first.register("a")
        other = self.enterContext(harness.Directory())
        second = harness.Daemon(other, f"sqlite:{directory}/roll.db")
        done = subprocess.run(second.command(), capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(first.process.pid), done.stderr)
        print(done.stderr.strip())
        self.assertEqual(first.get("a").id, "a")
        first.kill()  # even then the lock is free at once
        with second:
            self.assertEqual(second.get("a").id, "a")


class Settings(unittest.TestCase):
    def refused(self, *flags):
        done = subprocess.run([MUSTERD, "--store", "memory:", "--grpc-listen", "127.0.0.1:0", "--http-listen", "", *flags],
                              capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0, flags)
        self.assertNotEqual(done.stderr.strip(), "", flags)
        return done.stderr

    def test_bad_ones_are_refused_with_what_to_change(self):
        self.assertIn("stale", self.refused("--stale-interval", "5m"))
        self.assertIn("heartbeat-timeout", self.refused("--heartbeat-timeout", "soon"))
        self.refused("--heartbeat-timeout", "-1s")
        self.refused("--store", "sqlite:/nonexistent/directory/roll.db")
        self.refused("--store", "papyrus:scroll")
        self.refused("--grpc-listen", "nowhere")
        self.refused("--no-such-flag")

    def test_reload(self):
        directory = self.enterContext(harness.Directory())
        config = f"{directory}/musterd.toml"
        def write(timeout):
            with open(config, "w") as file:
                file.write(f"heartbeat-timeout = {timeout}\n")
        write("2m")
        daemon = self.enterContext(harness.Daemon(directory, config=config))
        self.assertEqual(daemon.summary().heartbeat_timeout.ToSeconds(), 120)
        write("5m")
        daemon.signal(signal.SIGHUP)
        until(lambda: daemon.summary().heartbeat_timeout.ToSeconds() == 300, 60, "the new timeout")
        write("1s")  # makes no sense with the other settings: the old ones stay
        daemon.signal(signal.SIGHUP)
        daemon.register("a")
        until(lambda: "1s" in daemon.log() or "ERROR" in daemon.log() or "WARN" in daemon.log(), 60, "the complaint")
        self.assertEqual(daemon.summary().heartbeat_timeout.ToSeconds(), 300)


if __name__ == "__main__":
    harness.main()
