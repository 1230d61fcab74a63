"""Rubbish at every method, and at the port: the daemon survives, answers with an error, and the fleet stays as it was."""
import os
import random
import socket
import unittest

import harness
from harness import Code, commands, grpc, queries

CALLS = int(os.environ.get("MUSTER_FUZZ_CALLS", "6000"))
SERVICES = (commands.DESCRIPTOR.services_by_name["WorkerCommands"], queries.DESCRIPTOR.services_by_name["WorkerQueries"])
FLEET = [f"fleet-{number}" for number in range(30)]
TYPED = {Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.ABORTED, Code.FAILED_PRECONDITION,
         Code.RESOURCE_EXHAUSTED, Code.UNIMPLEMENTED}

# Seeds of the mutations. None names a worker of the fleet: a mutation that is valid may then do what it says.
SEEDS = [message.SerializeToString() for message in (
    commands.RegisterWorkerRequest(worker_id="ghost", region="eu", capacity=4, capabilities=["a", "b"],
                                   metadata={"k": "v"}, instance_id="i", replace=True),
    commands.HeartbeatRequest(worker_id="ghost", instance_id="i", in_use=3),
    commands.BatchHeartbeatRequest(heartbeats=[commands.HeartbeatRequest(worker_id="ghost")] * 20),
    commands.UpdateWorkerStatusRequest(worker_id="ghost", status=2, expected_status=1, expected_revision=1, reason="r"),
    queries.ListWorkersRequest(statuses=[1, 2], region="eu", metadata={"k": "v"}, page_size=10, page_token="t"),
    queries.ListEventsRequest(worker_id="ghost", after_cursor=3, page_size=10))]


def mutated(chance):
    body = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(body) + 1)
        what = chance.randrange(4)
        if what == 0 and at < len(body):
            body[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            body[at:at] = chance.randbytes(chance.randint(1, 8))
        elif what == 2:
            del body[at:at + chance.randint(1, 4)]
        else:
            body += body[at:]
    return bytes(body)


class Fuzz(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(directory, f"sqlite:{directory}/roll.db"))
        for worker_id in FLEET:
            self.daemon.register(worker_id, metadata={"of": "the fleet"})
        self.before = self.fleet()

    def fleet(self):
        return [self.daemon.get(worker_id) for worker_id in FLEET]

    def unharmed(self):
        self.assertFalse(self.daemon.has_ended(), self.daemon.log()[-2000:])
        self.assertEqual(self.fleet(), self.before)
        self.assertEqual(self.daemon.health(), harness.SERVING)

    def test_rubbish_at_every_method(self):
        chance = random.Random(20)
        methods = [(f"/{service.full_name}/{method.name}", method) for service in SERVICES for method in service.methods]
        answers = {}
        for number in range(CALLS):
            path, method = methods[number % len(methods)]
            body = chance.randbytes(chance.randrange(200)) if number % 3 == 0 else mutated(chance)
            kind = "stream" if method.name in ("StreamHeartbeats", "WatchWorkers") else "unary"
            code = self.answer(path, kind, body)
            answers[code] = answers.get(code, 0) + 1
            self.assertIn(code, TYPED | {Code.OK}, f"{path} {body.hex()}")
        print({code.name: count for code, count in answers.items()})
        self.unharmed()

    def answer(self, path, kind, body):
        def plain(value):
            return value
        try:
            if kind == "unary":
                self.daemon.channel.unary_unary(path, plain, plain)(body, timeout=60)
            else:
                next(self.daemon.channel.stream_stream(path, plain, plain)(iter([body]), timeout=60))
        except grpc.RpcError as error:
            return error.code()
        return Code.OK

    def test_unknown_methods(self):
        for path in ("/muster.v1.WorkerCommands/NoSuch", "/no.such.Service/Heartbeat", "/"):
            self.assertEqual(self.answer(path, "unary", b""), Code.UNIMPLEMENTED)
        self.unharmed()

    def test_rubbish_at_the_port(self):
        chance = random.Random(21)
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        for number in range(300):
            rubbish = chance.randbytes(chance.randrange(1, 400))
            with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=60) as peer:
                peer.sendall((preface if number % 2 else b"") + rubbish)
        self.unharmed()


if __name__ == "__main__":
    harness.main()
