"""What the benchmarks share: the load on a server, the proof that the work was done, the machine, and tables."""
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from servers import WorkNotDone

SHAPES = {"8x64": (8, 64), "1000x1": (1000, 1)}
BATCH_SHAPE = (8, 2)
BATCH = 1000
OPEN_SHAPE = (64, 64)  # for calls that are sent by schedule: so many wait only where the daemon cannot keep up
PEAK_SHAPE = (64, 8)  # what it can carry on as many connections
# Who asks runs only where nobody else would: the load and the daemon come before him where cores are scarce, as what his own
# work takes would be taken elsewhere.
GIVING_WAY = ["chrt", "--idle", "0"]
RAM_FILE_SYSTEMS = {"tmpfs", "ramfs"}


RESOURCE_EXHAUSTED = "8"


def alternate(rounds, **turns):
    """A B A B: each of `turns` is called once in every round. Returns what they gave, by name, a list of rounds."""
    given = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            given[name].append(turn())
    return given


def run_tool(options, name, *arguments, before=()):
    """Runs one of the benchmark's programs; returns what it said."""
    command = [str(part) for part in (*before, options.bin / name, *arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    said = json.loads(done.stdout) if done.stdout.strip() else {}
    if done.returncode != 0 and list(said.get("refused", {})) != [RESOURCE_EXHAUSTED]:
        raise WorkNotDone(f"{' '.join(command)}: {done.stdout or 'failed'}")
    return said


def load(options, server, what, *arguments, workers=None):
    """Runs the load generator against a server. Calls must be answered OK or refused with RESOURCE_EXHAUSTED, which does not
    count as work and is shown beside the figure."""
    return run_tool(options, "muster_load", what, "--port", server.port, "--workers", workers or server.workers, *arguments)


def ask(options, server, what, *arguments, before=()):
    """Asks what operators ask, and says how long it took."""
    return run_tool(options, "muster_ask", what, "--port", server.port, *arguments, before=before)


def measure(options, server, what, shape, *arguments, workers=None, settle=True):
    """Loads a server for a while, and then waits until it has done what it put off, if it can `settle`."""
    connections, in_flight = shape
    wire, written = wire_bytes(), server.written_bytes()
    usual = [] if "--seconds" in arguments else ["--seconds", options.seconds]
    figure = load(options, server, what, "--connections", connections, "--in-flight", in_flight, *usual,
                  "--warmup", options.warmup, "--server-pid", server.process.pid, *arguments, workers=workers)
    answered = max(1, figure["answered"])
    figure["wire_bytes_per_call"] = (wire_bytes() - wire) / answered
    figure["later_us_per_call"] = server.wait_until_quiet() * 1e6 / answered if settle else 0
    figure["written_bytes_per_call"] = (server.written_bytes() - written) / answered
    server.answered_ok += figure["accepted"]
    return figure


def refused_percent(figure):
    return 100 * sum(figure.get("refused", {}).values()) / max(1, figure["answered"])


def costs_of(rounds, items=1):
    """What one of the `items` of a call cost, in the median of the rounds."""
    def median(of):
        return statistics.median(of(figure) for figure in rounds)
    return {"cpu_us": median(lambda figure: figure["server_cpu_us_per_call"]) / items,
            "later_us": median(lambda figure: figure["later_us_per_call"]) / items,
            "wire_bytes": median(lambda figure: figure["wire_bytes_per_call"]) / items,
            "disk_bytes": median(lambda figure: figure["written_bytes_per_call"]) / items,
            "refused_percent": median(refused_percent),
            **{f"{share}_ms": median(lambda figure, share=share: figure["latency_us"][share]) / 1000
               for share in ("p50", "p99", "p999")}}


def check_recorded(options, server):
    """The daemon recorded exactly what it answered OK."""
    recorded = load(options, server, "count")["heartbeats_recorded"]
    expected = server.answered_ok - server.answered_ok_before_start
    if recorded != expected:
        raise WorkNotDone(f"{server.name}: {expected} heartbeats were answered OK, {recorded} were recorded")


def check_kept(options, server):
    """Every worker's total adds up to what was answered OK, since the roll was made."""
    count = load(options, server, "count", "--add-up")
    if count["workers"] != server.workers or count["heartbeats_kept"] != server.answered_ok:
        raise WorkNotDone(f"{server.name}: {server.answered_ok} heartbeats of {server.workers} workers "
                          f"were answered OK, the roll holds {count}")


def add_options(parser, root):
    parser.add_argument("--build", default=root / "build" / "release", help="the build directory (build/release)")
    parser.add_argument("--directory", help="where the databases go; a real disk (the build directory)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement (1.5)")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round")
    parser.add_argument("--daemon-flags", nargs="*", default=[], help="more flags for musterd, after all others")


def parse(parser):
    """The options, where the programs are (`bin`), and a directory on a real disk, whose name is in `parent`."""
    options = parser.parse_args()
    options.warmup = 0.3
    options.bin = pathlib.Path(options.build) / "bin"
    options.parent = os.path.realpath(options.directory or options.build)
    if file_system_of(options.parent) in RAM_FILE_SYSTEMS:
        raise SystemExit(f"bench: {options.parent} is in memory; name a directory on a disk with --directory")
    return options


def wire_bytes():
    """What went over loopback so far, both ways, headers included; on a quiet machine it was us."""
    for line in pathlib.Path("/proc/net/dev").read_text().splitlines():
        if line.strip().startswith("lo:"):
            return int(line.split(":")[1].split()[0])
    return 0


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
    """Prints what one has to know of the machine, and returns it."""
    about = {"cores": os.cpu_count(), "load_average": os.getloadavg()[0], "fdatasync_ms": round(fdatasync_ms(directory), 3),
             "processor": field_of("/proc/cpuinfo", "model name"), "memory": field_of("/proc/meminfo", "MemTotal"),
             "kernel": os.uname().release, "system": field_of("/etc/os-release", "PRETTY_NAME", "=").strip('"')}
    print(f"machine: {about['cores']} cores, load average {about['load_average']:.1f}, "
          f"one fdatasync {about['fdatasync_ms']:.2f} ms")
    if about["load_average"] > about["cores"] / 2:
        print("machine: busy with other work; the figures are rough, above all where a commit waits for the disk")
    return about


def field_of(path, name, separator=":"):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.split(separator, 1)[1].strip()
    return "unknown"


def print_table(rows, left=2):
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if column < left else cell.rjust(width)
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
