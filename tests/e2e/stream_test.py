"""StreamHeartbeats with a real client and a real daemon: killed in the middle, stopped while idle, and never read."""
import contextlib
import itertools
import pathlib
import queue
import threading
import time
import unittest

import harness
from harness import Code, commands, grpc


def beat(worker_id, **fields):
    heartbeat = commands.HeartbeatRequest(worker_id=worker_id, **fields)
    return commands.StreamHeartbeatsRequest(heartbeat=heartbeat)


class Relay:
    """Sends the heartbeats of its workers in turn, and counts what was acknowledged."""

    def __init__(self, daemon, workers):
        self.daemon, self.workers = daemon, workers
        self.sent, self.acknowledged = dict.fromkeys(workers, 0), dict.fromkeys(workers, 0)

    def requests(self, count):
        for worker_id in itertools.islice(itertools.cycle(self.workers), count):
            self.sent[worker_id] += 1
            yield beat(worker_id)

    def run(self, count, after=lambda acknowledged: None):
        """Returns how the stream ended."""
        stream = self.daemon.commands.StreamHeartbeats(self.requests(count))
        expected = itertools.cycle(self.workers)
        try:
            for number, answer in enumerate(stream, 1):
                assert answer.worker_id == next(expected), "an answer out of order"
                assert answer.HasField("recorded_at") and not answer.result.HasField("error"), answer
                self.acknowledged[answer.worker_id] += 1
                after(number)
        except grpc.RpcError as error:
            return error.code()
        return stream.code()


class Streams(unittest.TestCase):
    def daemon(self, store, **flags):
        directory = self.enterContext(harness.Directory())
        store = f"sqlite:{pathlib.Path(directory) / 'roll.db'}" if store == "sqlite" else store
        return self.enterContext(harness.Daemon(directory, store, heartbeat_timeout="1h", **flags))

    def test_what_was_acknowledged_survives_a_kill(self):
        daemon = self.daemon("sqlite")
        relay = Relay(daemon, [f"w{n}" for n in range(10)])
        for worker_id in relay.workers:
            daemon.register(worker_id)
        code = relay.run(1_000_000, after=lambda number: number == 7_000 and daemon.process.kill())
        self.assertIn(code, (Code.UNAVAILABLE, Code.CANCELLED))
        self.assertGreaterEqual(sum(relay.acknowledged.values()), 7_000)
        daemon.process.wait()
        daemon.channel.close()
        daemon.start()
        found = {worker_id: daemon.get(worker_id).heartbeats.total for worker_id in relay.workers}
        for worker_id in relay.workers:
            self.assertGreaterEqual(found[worker_id], relay.acknowledged[worker_id], f"{worker_id} lost heartbeats")
            self.assertLessEqual(found[worker_id], relay.sent[worker_id], f"{worker_id} grew heartbeats")
        self.assertEqual(relay.run(10_000), Code.OK)
        for worker_id in relay.workers:
            self.assertEqual(daemon.get(worker_id).heartbeats.total, found[worker_id] + 1_000)

    def test_a_stop_ends_idle_streams_and_says_why(self):
        daemon = self.daemon("memory:")
        daemon.register("w")
        requests = [queue.Queue() for _ in range(20)]
        streams = [daemon.commands.StreamHeartbeats(iter(each.get, None)) for each in requests]
        for each, stream in zip(requests, streams):
            each.put(beat("w"))
            self.assertTrue(next(stream).HasField("recorded_at"))
        channel, daemon.channel = daemon.channel, None  # stays open: the stop finds the streams as they are
        self.assertEqual(daemon.stop(), 0)
        for each, stream in zip(requests, streams):
            refused = harness.refusal(next, stream)
            self.assertEqual((refused.code, refused.reason), (Code.UNAVAILABLE, "STORE_UNAVAILABLE"))
            each.put(None)
        channel.close()

    def test_a_client_that_never_reads_costs_the_daemon_no_memory(self):
        daemon = self.daemon("memory:")
        daemon.register("w")
        before = self.resident_kib(daemon)
        sent, taken = itertools.count(1), 0
        ended = threading.Event()

        def requests():
            while not ended.is_set():
                self.sent = next(sent)
                yield beat("w", instance_id="x" * 50_000)  # kept, those of four windows would take 50 MiB

        # Without the probe the client takes in 64 KiB of answers, and not as much as the line can carry.
        with grpc.insecure_channel(daemon.address, options=[("grpc.http2.bdp_probe", 0)]) as channel:
            stub = harness.commands_pb2_grpc.WorkerCommandsStub(channel)
            self.sent = 0
            streams = [stub.StreamHeartbeats(requests()) for _ in range(4)]
            while self.sent == 0 or self.sent > taken:  # until the daemon takes in no more
                taken = self.sent
                time.sleep(0.5)
                self.assertLess(taken, 50_000, "the daemon takes in what was never read")
            # What is kept for the clients stays while they do not read; what is only under way goes.
            most = 16 * 1024
            with contextlib.suppress(AssertionError):
                harness.until(lambda: self.resident_kib(daemon) - before < most, 20, "what is under way")
            grown = self.resident_kib(daemon) - before
            self.assertTrue(daemon.beat("w").HasField("recorded_at"))  # nobody else suffers
            ended.set()
            for stream in streams:
                stream.cancel()
        print(f"\n{taken} heartbeats on 4 streams, none read: the daemon grew by {grown} KiB")
        self.assertLess(grown, most)

    @staticmethod
    def resident_kib(daemon):
        status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


if __name__ == "__main__":
    harness.main()
