"""One table of faults, each of them real, on the real binary: what clients saw, what /readyz said, how many living workers
were called Offline (none), whether the dead one was found in time, how many acknowledged heartbeats were lost (none).

    faults_test.py            all rows but those that take minutes, which are run with --long
    faults_test.py [ROW…]     some rows, by words of their names; --list names them
"""
import concurrent.futures
import contextlib
import errno
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import sys
import time

import http2_flood
from world import DIES, World, harness, until

TOGETHER = 6  # rows under way: they wait most of the time
INTERVAL, SLACK = 1, 10  # of the jobs; for a machine with other work, and for clients that come back
LONGEST_ALLOWANCE = 150
ROWS = []


class Row:
    """A fault: a function that makes it happen, and returns when it is over.

    found: the dead worker is found "after" it, or "during" it. exits: the codes with which the daemon may end by itself.
    ready: /readyz never says anything but 200, or (False) nothing but 503 in the second half. acknowledges: the same of
    OK to heartbeats. long: takes minutes. Whatever else there is, World knows.
    """

    def __init__(self, name, timeout, *, found="after", exits=(), ready=None, acknowledges=None, long=False, **world):
        self.name, self.timeout, self.found, self.exits = name, timeout, found, set(exits)
        self.ready, self.acknowledges, self.long, self.world = ready, acknowledges, long, world

    def __call__(self, fault):
        self.fault = fault
        ROWS.append(self)
        return fault


row = Row


# Time.

@row("SIGSTOP for 10 s", 3)
def stopped(world):
    world.stop_cont(10)


@row("a starved process: 9 of 10 parts of each 300 ms are taken away, for 15 s", 3)
def starved(world):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        world.stop_cont(0.27)
        time.sleep(0.03)


@row("kill -9 each 0.7 s, for 12 s", 3, exits=[-9])
def killed(world):
    for _ in range(17):
        time.sleep(0.7)
        world.kill()
        world.start_again()


@row("the wall clock an hour ahead, then behind", 3, found="during", ready=True, acknowledges=True)
def wall_hour(world):
    for seconds in (3600, -3600):
        world.machine.wall_is_ahead_s = seconds
        time.sleep(8)


@row("the wall clock a day ahead, then behind", 3, found="during", ready=True, acknowledges=True)
def wall_day(world):
    for seconds in (86400, -86400):
        world.machine.wall_is_ahead_s = seconds
        time.sleep(8)


@row("an outage of 200 s, timeout 20 s, clients with gRPC's own back-off", 20, long=True)
def long_outage(world):
    world.kill()
    time.sleep(200)
    world.start_again()


@row("SIGHUP to a timeout of a third", 9, found="during", config=True)
def shorter_timeout(world):
    world.write_config(3)
    world.signal(signal.SIGHUP)
    time.sleep(20)


# The disk.

@row("each sync takes T/4", 4, found="during", ready=True)
def slow_disk(world):
    world.machine.sync_takes_ms = 1000
    time.sleep(16)


@row("each sync takes 2 T", 3)
def very_slow_disk(world):
    world.machine.sync_takes_ms = 6000
    time.sleep(14)


@row("a sync that hangs for 14 s", 3, ready=False, acknowledges=False)
def hung_disk(world):
    world.machine.sync_takes_ms = -1
    time.sleep(14)


@contextlib.contextmanager
def failing(world, log=False, file=False, **what):
    world.machine.fails_log, world.machine.fails_file = int(log), int(file)
    for name, value in what.items():
        setattr(world.machine, name, value)
    yield
    world.machine.repair()


@row("EIO from the sync of the log, then a power cut", 3, exits=[-9, 3])
def log_sync_fails(world):
    with failing(world, log=True, sync_fails=errno.EIO):
        until(lambda: world.machine.syncs_failed, 30, "a sync that fails")
        time.sleep(5)
    power_cut(world)


@row("one EIO from the sync of the main file, later a power cut", 3, exits=[-9, 3])
def file_sync_fails(world):
    with failing(world, file=True, sync_fails=errno.EIO):
        until(lambda: world.machine.syncs_failed or register_much(world), 60, "a sync that fails")
    for _ in range(20):
        register_much(world)
        time.sleep(0.2)
    power_cut(world)


def register_much(world):
    """So that there is something to move from the log into the file."""
    for _ in range(20):
        with contextlib.suppress(harness.grpc.RpcError):
            world.daemon.register(f"big-{time.monotonic_ns()}", metadata={"k": "v" * 16000})


def power_cut(world):
    world.kill()
    world.machine.cut_power()
    world.start_again()


@row("a power cut, with nothing else", 3, exits=[-9])
def only_power_cut(world):
    time.sleep(2)
    power_cut(world)


@row("a full disk for 10 s", 3, ready=False, acknowledges=False)
def full_disk(world):
    with failing(world, log=True, file=True, write_fails=errno.ENOSPC):
        time.sleep(10)


@row("a stranger's lock on the database for 9 s", 3, ready=False, acknowledges=False)
def foreign_lock(world):
    with contextlib.closing(sqlite3.connect(world.database, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(9)
        connection.execute("ROLLBACK")


# Files. An operator notices, and does what docs/database.md says.

def companions(world):
    return [pathlib.Path(f"{world.database}{suffix}") for suffix in ("", "-wal")]


def rescue(world):
    """The daemon still holds the files that have no name any more: copies them out, and puts them in place."""
    held = {}
    for number in os.listdir(f"/proc/{world.daemon.process.pid}/fd"):
        link = f"/proc/{world.daemon.process.pid}/fd/{number}"
        with contextlib.suppress(OSError):
            held[os.readlink(link).removesuffix(" (deleted)")] = link
    saved = world.directory / "saved"
    saved.mkdir()
    for path in companions(world):
        if str(path) in held:
            shutil.copyfile(held[str(path)], saved / path.name)
    world.kill()
    put_back(world, saved)


def put_back(world, saved):
    for path in [*companions(world), pathlib.Path(f"{world.database}-shm")]:
        path.unlink(missing_ok=True)
        if (saved / path.name).exists():
            shutil.move(saved / path.name, path)
    world.start_again()


@row("the database is removed", 3, exits=[-9], ready=False, acknowledges=False)
def removed(world):
    world.database.unlink()
    time.sleep(6)
    rescue(world)


@row("the database is replaced by a copy", 3, exits=[-9], ready=False, acknowledges=False)
def replaced(world):
    shutil.copyfile(world.database, world.directory / "copy")
    os.rename(world.directory / "copy", world.database)
    time.sleep(6)
    rescue(world)


@row("the database is moved away with its log", 3, exits=[-9], ready=False, acknowledges=False)
def moved(world):
    elsewhere = world.directory / "elsewhere"
    elsewhere.mkdir()
    for path in companions(world):
        os.rename(path, elsewhere / path.name)
    time.sleep(6)
    world.kill()
    put_back(world, elsewhere)


@row("the log is removed", 3, exits=[-9], ready=False, acknowledges=False)
def log_removed(world):
    pathlib.Path(f"{world.database}-wal").unlink()
    time.sleep(6)
    rescue(world)


@row("the -shm is removed", 3, exits=[-9])
def shm_removed(world):
    pathlib.Path(f"{world.database}-shm").unlink()
    time.sleep(6)
    if "200" not in world.readiness.once():
        world.kill()
        world.start_again()


@row("the -shm is truncated", 3, exits=[3])
def shm_truncated(world):
    os.truncate(f"{world.database}-shm", 0)
    time.sleep(6)


# What else a daemon needs.

@row("the table of open files is full for 10 s", 3, files=256)
def files_full(world):
    host, port = world.daemon.grpc_listen.split(":")
    idle = []
    for _ in range(400):
        connection = socket.socket()
        connection.settimeout(1)
        with contextlib.suppress(OSError):
            connection.connect((host, int(port)))
        idle.append(connection)
    time.sleep(10)
    for connection in idle:
        connection.close()


@row("the reader of the log is stalled for 10 s", 3, found="during", stalled_log=True, ready=True, acknowledges=True)
def stalled_log(world):
    world.stall_log()
    for _ in range(200):  # it would have much to say
        with contextlib.suppress(Exception):
            world.daemon.set_status(DIES, harness.ACTIVE)
    time.sleep(10)
    world.log_reader.send_signal(signal.SIGCONT)


@row("a flood of HTTP/2 frames from one connection, for 10 s", 4, found="during")
def flood(world):
    http2_flood.flood(world.daemon.grpc_listen, 10)


# PostgreSQL.

@row("PostgreSQL is stopped for 10 s", 3, on_postgres=True, ready=False, acknowledges=False)
def postgres_stopped(world):
    world.server.halt()
    time.sleep(10)
    world.server.start()


@row("PostgreSQL is restarted", 3, on_postgres=True)
def postgres_restarted(world):
    world.server.restart()
    time.sleep(3)


@row("PostgreSQL: one backend after the other is killed, for 8 s", 3, on_postgres=True)
def backends_killed(world):
    for _ in range(8):
        world.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'musterd' "
                          "ORDER BY random() LIMIT 1")
        time.sleep(1)


@row("PostgreSQL: a stranger locks one worker's row for 8 s", 3, on_postgres=True, ready=True)
def row_locked(world):
    world.ask_server("BEGIN; SELECT FROM workers WHERE id = 'living-0' FOR UPDATE; SELECT pg_sleep(8); COMMIT").wait()


@row("PostgreSQL: all connections are taken for 8 s", 3, on_postgres=True)
def connections_taken(world):
    end_it = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'musterd'; "
    strangers = [world.ask_server(end_it + "SELECT pg_sleep(8)") for _ in range(2 * world.CONNECTIONS)]
    for stranger in strangers:
        stranger.wait()


def play(row):
    """Returns what one row showed, what is wrong with that, and the end of the daemon's log."""
    with harness.Directory() as directory, World(directory, row.timeout, **row.world) as world:
        try:
            seen, wrong = watch(row, world)
        except Exception as error:
            seen, wrong = world.tell(), [repr(error)]
        return row.name, wrong, seen, world.daemon.log()[-3000:] if wrong else ""


def watch(row, world):
    world.workers.alive.discard(DIES)
    begin = time.monotonic()
    row.fault(world)
    end = time.monotonic()
    found_during = world.dies_is_found()
    world.machine.repair()
    lasted = end - begin
    allowance = max(row.timeout / 3, min(lasted, LONGEST_ALLOWANCE))
    until(lambda: world.readiness.once() == "200", 90, "ready again")
    world.workers.wait_until_all_are_heard(end, allowance + 30)
    until(world.answers_a_new_client, 30, "an answer to a new client")
    within = 0 if row.found == "during" else allowance + row.timeout + INTERVAL + SLACK
    with contextlib.suppress(AssertionError):
        until(world.dies_is_found, 60 + within, "the dead one")
    found_after = 0 if found_during else time.monotonic() - end
    time.sleep(1.5 * row.timeout)  # for a sweep to make the mistake
    offline, lost = world.offline(), world.lost()

    told, ready = world.workers.told_between(begin, end), world.readiness.between(begin, end)
    half = (begin + lasted / 2, end - 0.5)
    wrong = [
        (offline - {DIES}, f"called Offline though alive: {sorted(offline - {DIES})}"),
        (DIES not in offline, "the dead one was never found"),
        (found_after > within, f"the dead one was found {found_after:.1f} s after the end, not within {within:.1f} s"),
        (lost, f"{lost} acknowledged heartbeats are lost"),
        (set(world.exits) - row.exits, f"ended by itself with {world.exits}"),
        (row.ready and set(ready) - {"200"}, "said that it is not ready"),
        (row.ready is False and "200" in world.readiness.between(*half), "said that it is ready"),
        (row.acknowledges and set(told) - {"OK"}, "did not acknowledge everything"),
        (row.acknowledges is False and "OK" in world.workers.told_between(*half), "acknowledged what it could not keep"),
    ]
    seen = {"lasted": f"{lasted:.0f} s", "clients": dict(told), "/readyz": dict(ready), "exits": world.exits,
            "false Offlines": len(offline - {DIES}), "lost": lost,
            "dead found": "during" if found_during else f"{found_after:.1f} s after, of {within:.1f} s"}
    return seen, [what for is_so, what in wrong if is_so]


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    rows = [each for each in ROWS if (not words and each.long == ("--long" in sys.argv)) or any(
        word in each.name for word in words)]
    if "--list" in sys.argv:
        print("\n".join(each.name for each in ROWS))
        return 0
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        for name, wrong, seen, log in pool.map(play, rows):
            bad += bool(wrong)
            print(f"{'BROKEN' if wrong else 'ok':7}{name}")
            print("       " + "; ".join(f"{what}: {value}" for what, value in seen.items()))
            for each in wrong:
                print(f"       {each}")
            if log:
                print("       | " + log.replace("\n", "\n       | "))
            sys.stdout.flush()
    print(f"{len(rows) - bad} of {len(rows)} faults keep every promise")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
