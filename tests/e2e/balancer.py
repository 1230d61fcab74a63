"""Clients of several daemons, as agents behind a load balancer are: each stays with its daemon while that one answers,
and is led to another one when it fails."""
import random
import threading
import time

from harness import Code, commands_pb2_grpc, grpc, queries_pb2_grpc

PATIENCE = 2.0  # with one call
PAUSE = 0.1  # before the next try
OUT_SECONDS = 3.0  # a daemon that failed gets no new clients for so long
LOST = (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.CANCELLED)


class Balancer:
    def __init__(self, daemons):
        self.daemons = list(daemons)
        self.out_until = {}

    def failed(self, daemon):
        self.out_until[daemon] = time.monotonic() + OUT_SECONDS

    def choose(self):
        now = time.monotonic()
        return random.choice([d for d in self.daemons if self.out_until.get(d, 0) <= now] or self.daemons)


class Client(threading.Thread):
    """A thread with a connection of its own. `act` is what it does; what goes wrong there is told by `check`."""

    def __init__(self, balancer, name):
        super().__init__(name=name, daemon=True)
        self.balancer = balancer
        self.ended = threading.Event()
        self.failure = None
        self.daemon_called = self.channel = None
        self.in_doubt = False  # the last try that failed

    def run(self):
        try:
            self.act()
        except Exception as error:  # told by check
            self.failure = error
        finally:
            self.hang_up()

    def check(self):
        if self.failure is not None:
            raise AssertionError(f"{self.name} failed") from self.failure

    def stop(self):
        self.ended.set()
        self.join()

    def attempt(self, method, request):
        """One try. None if it failed; the next one goes to another daemon. Where the daemon itself does not say that
        nothing was done, it is in doubt."""
        if self.channel is None:
            self.dial(self.balancer.choose())
        try:
            return getattr(self, method)(request)
        except grpc.RpcError as error:
            if error.code() not in LOST:
                raise
            self.in_doubt = "nothing was done" not in error.details()
            self.balancer.failed(self.daemon_called)
            self.hang_up()
            return None

    def insist(self, method, request):
        """Tries until somebody answers. None if the test ended before."""
        while not self.ended.is_set():
            answer = self.attempt(method, request)
            if answer is not None:
                return answer
            self.ended.wait(PAUSE)
        return None

    def dial(self, daemon):
        self.hang_up()
        self.daemon_called = daemon
        self.channel = daemon.connect()
        self.commands = commands_pb2_grpc.WorkerCommandsStub(self.channel)
        self.queries = queries_pb2_grpc.WorkerQueriesStub(self.channel)

    def hang_up(self):
        if self.channel is not None:
            self.channel.close()
        self.channel = None

    def beat(self, request):
        return self.commands.Heartbeat(request, timeout=PATIENCE)

    def beat_batch(self, request):
        return self.commands.BatchHeartbeat(request, timeout=PATIENCE)

    def register(self, request):
        return self.commands.RegisterWorker(request, timeout=PATIENCE).worker

    def register_all(self, requests):
        calls = [self.commands.RegisterWorker.future(request, timeout=10 * PATIENCE) for request in requests]
        return [call.result().worker for call in calls]

    def unregister(self, request):
        return self.commands.UnregisterWorker(request, timeout=PATIENCE).worker

    def set_status(self, request):
        return self.commands.UpdateWorkerStatus(request, timeout=PATIENCE).worker

    def get(self, request):
        return self.queries.GetWorker(request, timeout=PATIENCE).worker

    def list_events(self, request):
        return self.queries.ListEvents(request, timeout=PATIENCE)

    def summary(self, request):
        return self.queries.GetFleetSummary(request, timeout=PATIENCE)
