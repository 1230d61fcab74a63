"""Servers under test, as processes: on a free port of 127.0.0.1, stopped by their pid."""
import os
import pathlib
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
QUIET_FOR_GOOD = 1.5


class WorkNotDone(Exception):
    """The figures would be lies."""


class Server:
    """`workers` are on its roll. Its port is in `port_file` as soon as it serves."""

    def __init__(self, name, command, port_file, log, workers):
        self.name, self.port_file, self.log, self.workers = name, port_file, log, workers
        self.command = [str(part) for part in command]
        self.answered_ok = 0  # heartbeats, since the roll was made
        self.answered_ok_before_start = 0
        self.peak = None  # single heartbeats a second, once they were measured
        self.start()

    def start(self):
        self.port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not (self.port_file.exists() and self.port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise WorkNotDone(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.01)
        self.port = int(self.port_file.read_text().split()[0].rsplit(":", 1)[-1])

    def cpu_seconds(self):
        """User and system, all threads."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def resident_mib(self, field="VmRSS"):
        """VmHWM: the most that it ever was."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{field}:")[1].split()[0]) / 1024

    def written_bytes(self):
        """What it had the disks write, since it was started."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/io").read_text().split("\nwrite_bytes:")[1].split()[0])

    def wait_until_quiet(self, at_most=60, for_seconds=0.2):
        """Waits for background work to end, so that it burdens nobody else's turn. Returns its CPU seconds. That work waits
        for the disk and for the next tick as well: only who is idle for longer than a second (QUIET_FOR_GOOD) has none."""
        begin = before = self.cpu_seconds()
        deadline = time.monotonic() + at_most
        idle_since = time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - idle_since < for_seconds:
            time.sleep(0.2)
            now = self.cpu_seconds()
            if now - before > 0.01:
                idle_since = time.monotonic()
            before = now
        return self.cpu_seconds() - begin

    def kill(self):
        """-9; start() brings it back."""
        self.process.kill()
        self.process.wait()
        self.answered_ok_before_start = self.answered_ok

    def kill_and_restart(self):
        self.kill()
        self.start()

    def run_on(self, cores):
        """All of its threads."""
        for thread in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def musterd(options, directory, name, store, *flags, bin=None):
    """Its command, where its port will be written, and its log. `bin`: of another build."""
    port_file = directory / f"{name}.port"
    command = [(bin or options.bin) / "musterd", "--store", store, "--grpc-listen", "127.0.0.1:0",
               "--http-listen", "", "--port-file", port_file, *flags, *options.daemon_flags]
    return command, port_file, directory / f"{name}.log"


def noop(options, directory):
    """The yardstick: gRPC, and nothing else."""
    port_file = directory / "no-op.port"
    command = [options.bin / "muster_noop_server", port_file]
    return Server("no-op", command, port_file, directory / "no-op.log", workers=10_000)
