"""A daemon on a machine where things go wrong, workers that live, one that dies, and what they see of each other."""
import collections
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness  # noqa: E402
import postgres  # noqa: E402
from bad_machine import BadMachine  # noqa: E402
from harness import ACTIVE, OFFLINE, commands, grpc, until  # noqa: E402

LIVING = [f"living-{number}" for number in range(6)]
DIES = "dies"
SECOND_LOOK = 0.1


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class SteadyDaemon(harness.Daemon):
    """On the same ports in all its lives, so that clients find it again."""

    def __init__(self, directory, store, **flags):
        super().__init__(directory, store, http=True, **flags)
        self.grpc_listen, self.http_listen = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.wrapped_in = []

    def command(self):
        fixed = {"--grpc-listen": self.grpc_listen, "--http-listen": self.http_listen}
        command = super().command()
        return self.wrapped_in + [fixed.get(before, part) for before, part in zip([None, *command], command)]


class Workers:
    """Each sends its next heartbeat when the last one was answered, over one channel with gRPC's own back-off, and keeps
    count of what it was told."""

    def __init__(self, address, timeout):
        self.pace, self.deadline = timeout / 4, max(10, 2 * timeout / 3)
        self.channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = harness.commands_pb2_grpc.WorkerCommandsStub(self.channel)
        self.alive = set(LIVING) | {DIES}
        self.acknowledged, self.unknown = collections.Counter(), collections.Counter()
        self.told = []  # (when, code)
        self.last_heard = dict.fromkeys(self.alive, 0.0)
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.live, args=(worker,)) for worker in sorted(self.alive)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.channel.close()
        for thread in self.threads:
            thread.join()

    def live(self, worker):
        while not self.ended.is_set() and worker in self.alive:
            begin = time.monotonic()
            code = self.beat(worker)
            with self.lock:
                self.told.append((time.monotonic(), code))
                if code == "OK":
                    self.acknowledged[worker] += 1
                    self.last_heard[worker] = begin
                elif code != "UNAVAILABLE, not done":
                    self.unknown[worker] += 1
            self.ended.wait(self.pace if code == "OK" else min(self.pace, 0.5))

    def beat(self, worker):
        try:
            self.stub.Heartbeat(commands.HeartbeatRequest(worker_id=worker, instance_id="1"), timeout=self.deadline)
            return "OK"
        except grpc.RpcError as error:
            refused = harness.Refused(error)
            if refused.reason is not None and "nothing was done" in (refused.message or ""):
                return "UNAVAILABLE, not done"
            doubt = "in doubt" in (refused.message or "")
            return f"{refused.code.name}, in doubt" if doubt else refused.code.name
        except ValueError:  # the channel is closed: the test ends
            return "CANCELLED"

    def told_between(self, begin, end):
        with self.lock:
            return collections.Counter(code for when, code in self.told if begin <= when <= end)

    def wait_until_all_are_heard(self, since, seconds):
        until(lambda: all(self.last_heard[worker] > since for worker in LIVING), seconds, "all to be heard again")


class Readiness:
    """Asks /readyz all the time."""

    def __init__(self, daemon):
        self.url = f"http://{daemon.http_listen}/readyz"
        self.seen = []  # (when, what)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def once(self):
        try:
            with urllib.request.urlopen(self.url, timeout=1) as answer:
                return str(answer.status)
        except urllib.error.HTTPError as error:
            return str(error.code)
        except OSError:
            return "no answer"

    def ask(self):
        while not self.ended.wait(SECOND_LOOK):
            self.seen.append((time.monotonic(), self.once()))

    def between(self, begin, end):
        return collections.Counter(what for when, what in self.seen if begin <= when <= end)


class World:
    """Where a fault happens. Use it in a `with` block."""

    CONNECTIONS = 20  # that PostgreSQL takes

    def __init__(self, directory, timeout, on_postgres=False, files=None, config=False, stalled_log=False, **flags):
        self.directory, self.timeout = pathlib.Path(directory), timeout
        self.database = self.directory / "roll.db"
        self.machine = BadMachine(directory, self.database)
        self.server = self.start_postgres() if on_postgres else None
        store = self.server.url if self.server else f"sqlite:{self.database}"
        intervals = {name: "1s" for name in ("activation_interval", "stale_interval", "reactivation_interval")}
        self.daemon = SteadyDaemon(directory, store, heartbeat_timeout=f"{timeout}s",
                                   **{**intervals, "guard_share": 1, **flags})
        self.daemon.environment = self.machine.environment
        if files:
            self.daemon.wrapped_in = ["prlimit", f"--nofile={files}:{files}"]
        if config:
            self.config = self.directory / "musterd.conf"
            self.write_config(self.daemon.flags.pop("heartbeat_timeout").removesuffix("s"))
            self.daemon.flags["config"] = self.config
        self.log_reader = None
        if stalled_log:
            self.log_pipe = self.directory / "log-pipe"
            os.mkfifo(self.log_pipe)
            self.log_reader = subprocess.Popen(["cat", self.log_pipe], stdout=open(self.daemon.log_file, "ab"))
            self.daemon.wrapped_in = ["sh", "-c", 'exec "$@" 2>"$0"', str(self.log_pipe)]
        self.exits = []  # exit codes of daemons that ended by themselves
        self.supervised = threading.Event()
        self.ended = threading.Event()

    def __enter__(self):
        self.daemon.start()
        for worker in [*LIVING, DIES]:
            self.daemon.register(worker, instance_id="1")
        self.workers = Workers(self.daemon.address, self.timeout).__enter__()
        self.readiness = Readiness(self.daemon).__enter__()
        until(lambda: all(self.daemon.get(worker).status == ACTIVE for worker in [*LIVING, DIES]), 60, "all Active")
        self.supervisor = threading.Thread(target=self.supervise)
        self.supervisor.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.supervisor.join()
        self.readiness.__exit__()
        self.workers.__exit__()
        self.machine.repair()
        self.daemon.__exit__()
        if self.log_reader:
            self.log_reader.kill()
            self.log_reader.wait()
        if self.server:
            self.server.stop()

    def start_postgres(self):
        server = postgres.Postgres(durable=False).start()
        server.psql(f"ALTER SYSTEM SET max_connections = {self.CONNECTIONS}")
        server.restart()
        return server

    def ask_server(self, sql):
        return subprocess.Popen([f"{self.server.bin}/psql", "-Xq", "-d", self.server.url, "-c", sql],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def supervise(self):
        """Restarts a daemon that ended by itself, as systemd does."""
        while not self.ended.wait(0.2):
            if not self.supervised.is_set() and self.daemon.has_ended():
                self.exits.append(self.daemon.process.returncode)
                self.launch()

    def launch(self):
        with open(self.daemon.log_file, "ab") as log:
            self.daemon.process = subprocess.Popen(self.daemon.command(), stdout=log, stderr=log, cwd=self.directory,
                                                   env=self.daemon.environment)

    def kill(self):
        """kill -9, without a restart until `launch`."""
        self.supervised.set()
        self.daemon.process.kill()
        self.daemon.process.wait()

    def start_again(self):
        self.launch()
        self.supervised.clear()

    def signal(self, number):
        self.daemon.process.send_signal(number)

    def write_config(self, timeout):
        self.config.write_text(f"heartbeat-timeout = {timeout}s\n")

    def offline(self):
        """The workers that were ever called Offline."""
        return {event.worker_id for event in self.daemon.events() if event.to_status == OFFLINE}

    def dies_is_found(self):
        try:
            return self.daemon.queries.GetWorker(harness.queries.GetWorkerRequest(worker_id=DIES),
                                                 timeout=5).worker.status == OFFLINE
        except grpc.RpcError:
            return False

    def answers_a_new_client(self):
        with self.daemon.connect() as channel:
            try:
                return harness.queries_pb2_grpc.WorkerQueriesStub(channel).GetFleetSummary(
                    harness.queries.GetFleetSummaryRequest(), timeout=5)
            except grpc.RpcError:
                return None

    def lost(self):
        """How many acknowledged heartbeats the roll does not have."""
        lost = 0
        for worker in LIVING:
            with self.workers.lock:
                acknowledged = self.workers.acknowledged[worker]
            total = self.daemon.get(worker).heartbeats.total
            lost += max(0, acknowledged - total)
        return lost

    def stall_log(self):
        """From now on nobody reads what the daemon says, and there is no room for more."""
        self.log_reader.send_signal(signal.SIGSTOP)
        full = os.open(self.log_pipe, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(full, b"-" * 4095 + b"\n")
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(full, b"-")
        os.close(full)

    def stop_cont(self, seconds):
        self.signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal(signal.SIGCONT)

    def tell(self):
        """For a row that could not be played to its end."""
        return {"clients": dict(self.workers.told_between(0, float("inf"))), "exits": self.exits, "/readyz": self.readiness.once()}
