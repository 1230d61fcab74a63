"""What the end-to-end tests share: daemons as processes, typed clients, decoded errors.

A Daemon is started on a free port of 127.0.0.1, is waited for by its health, and is stopped by its pid. Use it in a
`with` block: whatever happens inside, nothing stays behind.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

STUBS = os.environ["MUSTER_STUBS"]
sys.path.insert(0, STUBS)
# Its handlers wait for its threads to be idle before a fork, and threads that make calls never are. Nothing here needs
# them: subprocess does not fork as long as it is given no preexec_fn, no user and no group.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
import google  # noqa: E402
google.__path__.append(os.path.join(STUBS, "google"))  # google.rpc lies beside the installed google.protobuf
import grpc  # noqa: E402
import postgres  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from muster.v1 import commands_pb2 as commands, queries_pb2 as queries, worker_pb2 as worker  # noqa: E402
from muster.v1 import commands_pb2_grpc, queries_pb2_grpc  # noqa: E402

MUSTERD = os.environ["MUSTERD"]
WORKERCTL = os.environ["WORKERCTL"]
POSTGRES = os.environ.get("MUSTER_POSTGRES")
PENDING, ACTIVE, OFFLINE, FAILED = (worker.WORKER_STATUS_PENDING, worker.WORKER_STATUS_ACTIVE,
                                    worker.WORKER_STATUS_OFFLINE, worker.WORKER_STATUS_FAILED)
Code = grpc.StatusCode
SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse{status: SERVING}
# The jobs run when they are told to, however slow this machine is: with the default timeout it cannot be more.
CALM = {"activation_interval": "39s", "stale_interval": "39s", "reactivation_interval": "39s"}
# A daemon gives up after 4.8 s, and its exit code tells that it did. So this limit is for one that does not even do
# that; a stop that waits for something that hangs takes longer still.
STOPS_WITHIN = 10  # seconds

__all__ = ["Daemon", "Directory", "Fleet", "Code", "Refused", "refusal", "until", "main", "grpc", "commands", "queries", "worker",
           "PENDING", "ACTIVE", "OFFLINE", "FAILED", "MUSTERD", "WORKERCTL", "micros"]


def any_store(otherwise):
    """What a test that holds for every store runs on: a fresh roll on the server in MUSTER_POSTGRES, if there is one."""
    return postgres.fresh_roll(POSTGRES) if POSTGRES else otherwise


class Directory(tempfile.TemporaryDirectory):
    """A directory of its own on the disk of the build, not in memory."""

    def __init__(self):
        super().__init__(prefix="muster-", dir=os.environ.get("MUSTER_SCRATCH"))


class Daemon:
    """A musterd. Keyword arguments are flags: heartbeat_timeout="2s" becomes --heartbeat-timeout 2s.

    With http=True it serves HTTP as well, at self.http ("127.0.0.1:40312").
    """

    def __init__(self, directory, store=None, http=False, **flags):
        self.directory = pathlib.Path(directory)
        self.http_port_file = self.directory / "musterd.http-port" if http else None
        self.port_file = self.directory / "musterd.port"
        self.log_file = self.directory / "musterd.log"
        self.store, self.flags = store or any_store("memory:"), flags
        self.environment = None  # that of this process
        self.process = self.channel = None
        self.output = None  # a descriptor that gets the log instead of the file

    def command(self):
        flags = [part for name, value in self.flags.items() for part in ("--" + name.replace("_", "-"), str(value))]
        http = []
        if self.http_port_file:
            http = ["--http-listen", "127.0.0.1:0", "--http-port-file", str(self.http_port_file)]
        elif "http_listen" not in self.flags:
            http = ["--http-listen", ""]
        grpc_listen = [] if "grpc_listen" in self.flags else ["--grpc-listen", "127.0.0.1:0"]
        return [MUSTERD, "--store", self.store, *grpc_listen, "--port-file", str(self.port_file), *http, *flags]

    def start(self):
        self.port_file.unlink(missing_ok=True)
        if self.http_port_file:
            self.http_port_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            output = log if self.output is None else self.output
            self.process = subprocess.Popen(self.command(), stdout=output, stderr=output, cwd=self.directory,
                                            env=self.environment)
        until(lambda: self.port_file.exists() and self.port_file.read_text().strip() or self.has_ended(), 60, "the port")
        assert not self.has_ended(), f"musterd ended at once:\n{self.log()}"
        self.address = self.port_file.read_text().strip()
        if not self.address.startswith("unix:"):
            self.port = int(self.address.rsplit(":", 1)[-1])
            self.address = f"127.0.0.1:{self.port}"
        if self.http_port_file:
            until(lambda: self.http_port_file.exists() and self.http_port_file.read_text().strip(), 60, "the port of HTTP")
            self.http = self.http_port_file.read_text().strip()
        self.channel = self.connect()
        self.commands = commands_pb2_grpc.WorkerCommandsStub(self.channel)
        self.queries = queries_pb2_grpc.WorkerQueriesStub(self.channel)
        until(lambda: self.health() == SERVING, 60, "health")
        return self

    def connect(self):
        return grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1),
                                                            ("grpc.enable_retries", 0)])

    def health(self, service=b""):
        check = self.channel.unary_unary("/grpc.health.v1.Health/Check", lambda b: b, lambda b: b)
        try:
            return check(b"\x0a" + bytes([len(service)]) + service if service else b"", timeout=20)
        except grpc.RpcError as error:
            return error.code()

    def has_ended(self):
        return self.process.poll() is not None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def says(self, text):
        """Waits until the log has it: the daemon writes it in the background."""
        return until(lambda: text in self.log(), 20, f"{text!r} in the log:\n{self.log()}")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM. Returns the exit code: 0 if it stopped in the time that it gives itself."""
        if self.channel is not None:
            self.channel.close()
        self.signal(signal.SIGTERM)
        return self.wait_for_the_end()

    def wait_for_the_end(self):
        return self.process.wait(STOPS_WITHIN)

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        self.process.kill()
        self.process.wait()
        self.channel.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None and not self.has_ended():
            self.signal(signal.SIGCONT)
            self.kill()

    def workerctl(self, *arguments, **options):
        environment = {**os.environ, "NO_COLOR": "1", "MUSTER_SERVER": self.address}
        return subprocess.run([WORKERCTL, *map(str, arguments)], env=environment, capture_output=True, text=True,
                              timeout=60, **options)

    # The calls that nearly every test makes.

    def register(self, worker_id, region="eu", capacity=4, **fields):
        request = commands.RegisterWorkerRequest(worker_id=worker_id, region=region, capacity=capacity, **fields)
        return self.commands.RegisterWorker(request, timeout=20).worker

    def beat(self, worker_id, timeout=20, **fields):
        return self.commands.Heartbeat(commands.HeartbeatRequest(worker_id=worker_id, **fields), timeout=timeout)

    def get(self, worker_id, view=worker.WORKER_VIEW_HEARTBEATS):
        return self.queries.GetWorker(queries.GetWorkerRequest(worker_id=worker_id, view=view), timeout=20).worker

    def set_status(self, worker_id, status, **fields):
        request = commands.UpdateWorkerStatusRequest(worker_id=worker_id, status=status, **fields)
        return self.commands.UpdateWorkerStatus(request, timeout=20).worker

    def unregister(self, worker_id, **fields):
        request = commands.UnregisterWorkerRequest(worker_id=worker_id, **fields)
        return self.commands.UnregisterWorker(request, timeout=20).worker

    def run_scheduler(self):
        return self.commands.RunScheduler(commands.RunSchedulerRequest(), timeout=20)

    def summary(self):
        return self.queries.GetFleetSummary(queries.GetFleetSummaryRequest(), timeout=20)

    def events(self, **fields):
        return self.queries.ListEvents(queries.ListEventsRequest(page_size=1000, **fields), timeout=20).events


class Fleet:
    """Beats for its workers from a thread of its own, through stops and restarts of the daemon."""

    def __init__(self, daemon, workers):
        self.daemon, self.alive = daemon, set(workers)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.wait(0.3):
            # All at once: one that is slow, or is refused, does not make the others late.
            try:
                calls = [self.daemon.commands.Heartbeat.future(commands.HeartbeatRequest(worker_id=worker_id), timeout=5)
                         for worker_id in list(self.alive)]
            except ValueError:  # the channel was closed by a restart
                continue
            for call in calls:
                call.code()  # waits for it; whether it was recorded is seen by the daemon's answers to the test


class Refused:
    """A failed call, with its google.rpc details decoded."""

    def __init__(self, error):
        self.code, self.message = error.code(), error.details()
        self.reason, self.domain, self.fields, self.retry_after = None, None, {}, None
        trailers = {name: value for name, value in error.trailing_metadata() or ()}
        status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in status.details:
            for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo):
                value = kind()
                if detail.Unpack(value):
                    self._keep(value)

    def _keep(self, detail):
        if isinstance(detail, error_details_pb2.ErrorInfo):
            self.reason, self.domain = detail.reason, detail.domain
        elif isinstance(detail, error_details_pb2.BadRequest):
            self.fields = {violation.field: violation.description for violation in detail.field_violations}
        else:
            self.retry_after = detail.retry_delay.ToTimedelta()

    def __repr__(self):
        return f"{self.code.name} {self.reason} {self.fields} {self.message!r}"


def refusal(call, *arguments, **fields):
    """Makes a call that must be refused, and returns how it was."""
    try:
        answer = call(*arguments, **fields)
    except grpc.RpcError as error:
        return Refused(error)
    raise AssertionError(f"was not refused: {answer}")


def until(condition, seconds, what):
    """Waits for a condition of another process. Returns its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)
    return value


def micros(timestamp):
    return timestamp.seconds * 1_000_000 + timestamp.nanos // 1000


def main():
    assert shutil.which(MUSTERD), f"{MUSTERD} is not built"
    unittest.main(verbosity=2)
