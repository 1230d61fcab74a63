"""Keeps the house in order: the rules of the rooms, checked on the text of the sources.

    tidy.py ROOT    prints every breach as path:line: what, and exits 1 if there is one

Every rule carries a line that breaks it; each run first proves that the rule sees that line.
"""
import pathlib
import re
import sys

LONGEST_FILE = 500  # lines; a longer file tells more than one story

# What each room under src/ may include of the others: the arrows of docs/architecture.md, pointing down only.
BELOW = {
    "domain": set(),
    "runtime": set(),
    "net": {"runtime"},
    "usecases": {"domain", "store"},  # of the store: the port, store/store.h
    "store": {"domain", "runtime"},
    "registry": {"domain", "usecases", "store", "runtime"},
    "jobs": {"registry", "runtime", "domain"},
    "probe": {"domain", "registry", "net", "runtime"},
    "embedded": {"domain", "store", "registry", "jobs", "runtime"},
    "rpc": {"domain", "usecases", "registry", "net", "runtime"},
    "http": {"domain", "usecases", "registry", "net", "runtime"},
    "daemon": {"domain", "usecases", "store", "registry", "jobs", "probe", "rpc", "http", "net", "runtime"},
}

# Inside src/store/: each folder is a target, and what it may include of the others.
BELOW_IN_STORE = {"model": set(), "memory": {"model"}, "sqlite": {"model"}, "postgres": set()}

# (what is wrong, where it is looked for, where it is allowed, the pattern, a line that breaks the rule)
RULES = [
    ("reads a clock outside src/runtime/real_clock.cc; take the time from the Clock or the Moment you were given",
     r"(src|include|tests)/.*\.(h|cc)", r"src/runtime/real_clock\.cc|tests/(rpc|daemon|workerctl)/.*",
     r"absl::Now\(|absl::GetCurrentTimeNanos|(system|steady|high_resolution)_clock|clock_gettime|gettimeofday|\btime\((nullptr|NULL|0)\)",
     "const absl::Time now = absl::Now();"),
    ("knows SQLite outside its store", r"(src|include|tools)/.*\.(h|cc)", r"src/store/sqlite/.*|tools/bench/bare_sqlite\.cc",
     r"#include <sqlite3\.h>|\bsqlite3_\w+\(", "#include <sqlite3.h>"),
    ("knows PostgreSQL's library outside its store", r"(src|include|tools)/.*\.(h|cc)", r"src/store/postgres/.*",
     r"#include <libpq[-/]|\bPQ[a-z]\w+\(", "#include <libpq-fe.h>"),
    ("speaks gRPC outside src/rpc", r"(src|include)/.*\.(h|cc)", r"src/rpc/.*",
     r"#include [<\"](grpc|grpcpp|google/protobuf|muster/v1)/", "#include <grpcpp/grpcpp.h>"),
    ("uses what is internal to protobuf, which the next version may change", r"(src|tools)/.*\.(h|cc)", r"",
     r"\bprotobuf::internal\b", "using google::protobuf::internal::WireFormatLite;"),
    ("knows Boost outside src/http", r"(src|include|tools|tests)/.*\.(h|cc)", r"src/http/.*",
     r"#include <boost/|\bboost::", "#include <boost/asio.hpp>"),
    ("knows the library of the probe's HTTP/2 outside it", r"(src|include|tests)/.*\.(h|cc)", r"src/probe/.*",
     r"#include <nghttp2/|\bnghttp2_\w+\(", "#include <nghttp2/nghttp2.h>"),
    ("sleeps in a test; move the clock instead", r"tests/.*\.(h|cc)", r"",
     r"sleep_for|sleep_until|SleepFor|\bu?sleep\(", "std::this_thread::sleep_for(1s);"),
    ("asks for randomness outside src/runtime/real_random.cc; take it from the Random that you were given",
     r"(src|include)/.*\.(h|cc)", r"src/runtime/real_random\.cc|src/http/engine/loop\.cc",
     r"std::random_device|getentropy\(|getrandom\(|RAND_bytes", "std::random_device random;"),
    ("locks with something other than muster::Mutex, which the sanitizer sees", r"src/.*\.(h|cc)", r"src/runtime/mutex\.h",
     r"std::(recursive_|shared_)?mutex|absl::Mutex\b|std::condition_variable", "std::mutex mu;"),
    ("shows a store in a public header", r"include/.*\.h", r"",
     r"#include \"(store|runtime|net|rpc|http|probe|registry|embedded|jobs|daemon|usecases|domain)/", '#include "store/store.h"'),
    ("is pure, and does I/O or locks", r"src/(domain|usecases)/.*\.(h|cc)", r"",
     r"#include <(fstream|iostream|thread|mutex|cstdio|unistd\.h)>|#include \"runtime/", "#include <fstream>"),
    ("is left open", r"(src|include|tools|tests|proto)/.*\.(h|cc|py|js|proto|cmake)", r"tests/tidy/.*",
     r"\b(TODO|FIXME|XXX|HACK)\b", "// TODO: finish"),
]
EMPTY_NAMES = re.compile(r"(^|[/_])(utils?|helpers?|common|misc|manager)([._]|/|$)")


def breaches_of(rules, path, lines):
    for what, where, allowed, pattern, _ in rules:
        if re.fullmatch(where, path) and not (allowed and re.fullmatch(allowed, path)):
            for number, line in enumerate(lines, 1):
                if re.search(pattern, line):
                    yield number, what


def wrong_arrows(path, lines):
    room = re.match(r"src/(\w+)/", path)
    if not room:
        return
    for number, line in enumerate(lines, 1):
        other = re.match(r'#include "(\w+)/', line)
        if not other or other[1] not in BELOW or other[1] == room[1]:
            continue
        if other[1] not in BELOW[room[1]]:
            yield number, f"the room {room[1]} reaches to {other[1]}, which is not below it"
        elif other[1] == "store" and room[1] not in ("daemon", "embedded") and '"store/store.h"' not in line:
            yield number, f"the room {room[1]} knows a store behind the port store/store.h"


def wrong_arrows_in_store(path, lines):
    folder = re.match(r"src/store/(\w+)/", path)
    if not folder:
        return
    for number, line in enumerate(lines, 1):
        other = re.match(r'#include "store/(\w+)/', line)
        if other and other[1] != folder[1] and other[1] not in BELOW_IN_STORE[folder[1]]:
            yield number, f"store/{folder[1]} reaches to store/{other[1]}, which is not below it"


def prove_rules():
    places = ["src/registry/planted.cc", "include/muster/planted.h", "tests/registry/planted.cc", "src/domain/planted.cc"]
    for rule in RULES:
        if not any(list(breaches_of([rule], place, [rule[4]])) for place in places):
            sys.exit(f"tidy: the rule '{rule[0]}' does not see the line that breaks it: {rule[4]}")
    if not list(wrong_arrows("src/domain/planted.cc", ['#include "registry/writer.h"'])):
        sys.exit("tidy: an arrow that points up is not seen")
    if not list(wrong_arrows_in_store("src/store/postgres/planted.cc", ['#include "store/model/model.h"'])):
        sys.exit("tidy: an arrow that crosses the store's folders is not seen")


def main():
    prove_rules()
    root = pathlib.Path(sys.argv[1])
    found = 0
    for folder in ("src", "include", "tools", "tests", "proto"):
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if not file.is_file() or "node_modules" in path or "__pycache__" in path:
                continue
            if EMPTY_NAMES.search(path):
                print(f"{path}:1: a name that says nothing")
                found += 1
            if file.suffix not in (".h", ".cc", ".py", ".js", ".proto", ".sql", ".cmake"):
                continue
            lines = file.read_text(encoding="utf-8").splitlines()
            breaches = list(breaches_of(RULES, path, lines)) + list(wrong_arrows(path, lines))
            breaches += wrong_arrows_in_store(path, lines)
            if file.suffix in (".h", ".cc") and len(lines) > LONGEST_FILE:
                breaches.append((LONGEST_FILE, f"has {len(lines)} lines; split it by its stories"))
            for number, what in sorted(breaches):
                print(f"{path}:{number}: {what}")
                found += 1
    if found:
        sys.exit(f"tidy: {found} breaches")
    print("tidy: every room is in order")


if __name__ == "__main__":
    main()
