"""What the benchmarks share: servers under test, the load generator, and how figures are printed."""
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

SHAPES = {"8x64": (8, 64), "1000x1": (1000, 1)}
BATCH_SHAPE = (8, 2)
TICKS = os.sysconf("SC_CLK_TCK")
RAM_FILE_SYSTEMS = {"tmpfs", "ramfs"}


class WorkNotDone(Exception):
    """The figures would be lies."""


class Server:
    """A server under test, on a free port of 127.0.0.1; stopped by its pid."""

    def __init__(self, name, command, port_file, log):
        self.name, self.command, self.port_file, self.log = name, command, port_file, log
        self.answered_ok = 0  # heartbeats, since the roll was made
        self.answered_ok_before_start = 0
        self.start()

    def start(self):
        self.port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not (self.port_file.exists() and self.port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise WorkNotDone(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.01)
        self.port = int(self.port_file.read_text().split()[0].rsplit(":", 1)[-1])

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def wait_until_quiet(self, at_most=20):
        """Waits for background work to end, so that it burdens nobody else's turn. Returns its CPU seconds."""
        begin = before = self.cpu_seconds()
        deadline = time.monotonic() + at_most
        while time.monotonic() < deadline:
            time.sleep(0.2)
            now = self.cpu_seconds()
            if now - before <= 0.01:
                break
            before = now
        return self.cpu_seconds() - begin

    def kill_and_restart(self):
        self.process.kill()
        self.process.wait()
        self.answered_ok_before_start = self.answered_ok
        self.start()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def daemon(options, directory, name, store):
    """A musterd on `store`."""
    port_file = directory / f"{name}.port"
    command = [pathlib.Path(options.build) / "bin" / "musterd", "--store", store, "--grpc-listen", "127.0.0.1:0",
               "--http-listen", "", "--port-file", port_file, *options.daemon_flags]
    return Server(name, [str(part) for part in command], port_file, directory / f"{name}.log")


def load(options, server, what, *arguments):
    """Runs the load generator against a server; every call must be answered OK."""
    command = [pathlib.Path(options.build) / "bin" / "muster_load", what, "--port", server.port,
               "--workers", options.workers, *arguments]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise WorkNotDone(f"{server.name} {what}: not every call was answered OK: {done.stdout}")
    return json.loads(done.stdout)


def measure(options, server, what, shape):
    connections, in_flight = shape
    figure = load(options, server, what, "--connections", connections, "--in-flight", in_flight,
                  "--seconds", options.seconds, "--server-pid", server.process.pid)
    later = server.wait_until_quiet()
    figure["later_us_per_call"] = later * 1e6 / max(1, figure["answered"])
    server.answered_ok += figure["accepted"]
    return figure


def check_recorded(options, server):
    """The daemon recorded exactly what it answered OK."""
    recorded = load(options, server, "count")["heartbeats_recorded"]
    expected = server.answered_ok - server.answered_ok_before_start
    if recorded != expected:
        raise WorkNotDone(f"{server.name}: {expected} heartbeats were answered OK, {recorded} were recorded")


def check_kept(options, server):
    """Every worker's total adds up to what was answered OK, since the roll was made."""
    count = load(options, server, "count", "--add-up")
    if count["workers"] != options.workers or count["heartbeats_kept"] != server.answered_ok:
        raise WorkNotDone(f"{server.name}: {server.answered_ok} heartbeats of {options.workers} workers "
                          f"were answered OK, the roll holds {count}")


def add_options(parser, root):
    parser.add_argument("--build", default=root / "build" / "release", help="the build directory (build/release)")
    parser.add_argument("--directory", help="where the databases go; a real disk (the build directory)")
    parser.add_argument("--workers", type=int, default=10_000, help="registered workers (10000)")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement (3)")
    parser.add_argument("--rounds", type=int, default=3, help="each runs everything once (3)")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round")
    parser.add_argument("--quick", action="store_true", help="one short round of 2000 workers")
    parser.add_argument("--daemon-flags", nargs="*", default=[], help="more flags for musterd, after all others")


def parse(parser):
    """The options, and a directory on a real disk, whose name is in `parent`."""
    options = parser.parse_args()
    if options.quick:
        options.workers, options.seconds, options.rounds = 2000, 0.5, 1
    options.parent = os.path.realpath(options.directory or options.build)
    if file_system_of(options.parent) in RAM_FILE_SYSTEMS:
        raise SystemExit(f"bench: {options.parent} is in memory; name a directory on a disk with --directory")
    return options


def fdatasync_ms(directory):
    """What one durable write costs here and now, in the median."""
    took = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for number in range(100):
            os.pwrite(file.fileno(), b"x" * 4096, number * 4096)
            begin = time.monotonic()
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - begin) * 1000)
    return statistics.median(took)


def describe_machine(directory):
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(f"machine: {cores} cores, load average {load:.1f}, one fdatasync {fdatasync_ms(directory):.2f} ms")
    if load > cores / 2:
        print("machine: busy with other work; the figures are rough, above all where a commit waits for the disk")


def spread(values, form):
    return f"{statistics.median(values):{form}}", f"{min(values):{form}}–{max(values):{form}}"


def print_table(rows):
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if column < 2 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def file_system_of(path):
    """The type of the file system that holds `path`."""
    best = ("", "")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if os.path.commonpath([mount, path]) == mount and len(mount) > len(best[0]):
            best = (mount, kind)
    return best[1]
