"""Where the CPU time of a heartbeat goes: samples of the daemon's stacks by perf, where that is installed and allowed."""
import concurrent.futures
import re
import shutil
import subprocess
import time

from figures import missing
from measuring import BATCH, BATCH_SHAPE, SHAPES, measure as load_for_a_while

# (what of the load generator, the shape and its name, items in a call)
PROFILED = [("heartbeat", "8x64", SHAPES["8x64"], 1), ("heartbeat", "1000x1", SHAPES["1000x1"], 1),
            ("stream", "8x64", SHAPES["8x64"], 1), ("batch", "8x2 of 1000", BATCH_SHAPE, BATCH)]
# Whose code it is, by the library that it lies in.
OWNERS = {"kernel": r"kernel|vdso", "gRPC": r"libgrpc|libgpr|libupb|libaddress_sorting|libcares|libre2|libcrypto|libssl",
          "protobuf": r"libprotobuf", "SQLite": r"libsqlite3", "malloc, libc": r"libjemalloc|libc\.so|libstdc|libgcc|ld-linux|libm\.so",
          "abseil": r"libabsl"}
MUSTER, GRPC = "Muster", "gRPC"
LONGEST_NAMES = 8


def measure(bench, roll):
    if not shutil.which("perf"):
        bench.add(missing("profile", "profile", "perf is not installed"))
        return
    for what, shape_name, shape, items in PROFILED:
        recorded = bench.directory / "perf.data"
        with concurrent.futures.ThreadPoolExecutor() as pool:
            loaded = pool.submit(load_for_a_while, bench.options, roll, what, shape)
            time.sleep(bench.options.warmup)
            record = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-p", str(roll.process.pid),
                                     "-o", recorded, "--", "sleep", str(bench.options.seconds)],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            figure = loaded.result()
        if record.returncode != 0:
            bench.add(missing("profile", "profile", "perf may not look"))
            return
        by_owner, ours = shares(recorded)
        bench.profiles.append({"what": what, "shape": shape_name, "workers": roll.workers,
                               "cpu_us": figure["server_cpu_us_per_call"] / items, "shares": by_owner, "ours": ours})


def shares(recorded):
    """Of the samples: by owner, and by function of Muster's own."""
    listed = subprocess.run(["perf", "report", "-i", recorded, "--stdio", "--no-children", "-g", "none", "-t", "\t",
                             "--sort", "dso,sym"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    by_owner, ours = {}, {}
    for line in listed.splitlines():
        parts = line.split("\t")
        if line.startswith("#") or len(parts) != 3:
            continue
        share, library, function = float(parts[0].strip().rstrip("%")) / 100, parts[1].strip(), parts[2].strip()[4:]
        owner = owner_of(library, function)
        by_owner[owner] = by_owner.get(owner, 0) + share
        if owner == MUSTER and function.startswith("muster::"):
            name = function.replace("(anonymous namespace)::", "").split("(")[0]
            ours[name] = ours.get(name, 0) + share
    longest = sorted(ours.items(), key=lambda entry: -entry[1])[:LONGEST_NAMES]
    return by_owner, dict(longest)


def owner_of(library, function):
    for owner, pattern in OWNERS.items():
        if re.search(pattern, library):
            return owner
    # What gRPC's headers put into our binary is gRPC's.
    return GRPC if function.startswith("grpc") else MUSTER


def table(profiles):
    owners = [GRPC, "kernel", MUSTER, "SQLite", "malloc, libc", "protobuf", "abseil"]
    yield ["heartbeats", "shape", "CPU µs", *owners]
    for profile in profiles:
        yield [profile["what"], profile["shape"], f"{profile['cpu_us']:.2f}",
               *(f"{profile['shares'].get(owner, 0):.0%}" for owner in owners)]


def own_functions(profiles):
    """In words: what Muster's own part is made of."""
    for profile in profiles:
        longest = ", ".join(f"`{name.removeprefix('muster::')}` {share:.1%}" for name, share in profile["ours"].items())
        yield f"- {profile['what']}, {profile['shape']}: {longest}"
