"""A PostgreSQL of one's own, for as long as one needs it: on loopback, in a temporary directory, and gone
afterwards, whatever happens to the program that started it. No system cluster is touched.

    with Postgres() as primary:                   # or start() and stop()
        with Replica(primary) as replica:         # streams, and every commit waits for it
            run(url_of(primary, replica))
            primary.kill9()
            replica.promote()

Each server has a guard: a process that waits until its starter closes a pipe, by stop() or by dying, and then
ends the server and removes the directory. Python's own library only; `tools/postgres` is the command.
"""
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60
USER = DATABASE = "muster"  # of the throw-away server


def newest_bin():
    """The programs of the newest PostgreSQL that the distribution installed."""
    found = [path for path in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(f"{path}/initdb")]
    if not found:
        raise RuntimeError("no PostgreSQL is installed (tools/install test installs it); or say where it is: --bin DIR")
    return max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path)])


def url_of(*servers):
    """Of several servers the one that can write is taken, at each connect."""
    return f"postgresql://{USER}@{','.join(f'127.0.0.1:{server.port}' for server in servers)}/{DATABASE}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server in a directory of its own. Subclasses say how its data come to be, and how it is configured."""

    def __init__(self, bin=None, port=None):
        self.bin = bin or newest_bin()
        self.port = port
        self.process = None
        self.directory = None
        self._guard = self._guard_gone = None
        # PostgreSQL refuses to run as root.
        self._owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    @property
    def url(self):
        return url_of(self)

    @property
    def data(self):
        return f"{self.directory}/data"

    @property
    def pid(self):
        return self.process.pid if self.process and self.process.poll() is None else None

    def start(self):
        """Makes the data, if there are none, and starts the server; returns when it accepts connections."""
        if self.directory is None:
            self._make_directory()
            try:
                self._make_data()
            except BaseException:
                self.stop()
                raise
        for attempt in range(5):
            self._launch()
            if self._became_ready():
                return self
            # Somebody was faster to take the port. It cannot be changed once clients know it.
            if self._taken_port() and self._may_choose_port():
                self.port = None
                continue
            break
        message = f"PostgreSQL did not start:\n{self.log()[-2000:]}"
        self.stop()
        raise RuntimeError(message)

    def stop(self):
        """Ends the server and removes everything."""
        if self._guard is None:
            return
        os.close(self._guard)
        self._guard = None
        with os.fdopen(self._guard_gone) as gone:
            gone.read()
        if self.process:
            self.process.wait()
        self.process = None
        self.directory = None

    def restart(self):
        """As an operator does: clients are cut off, nothing is lost. The port stays."""
        self.halt()
        self.start()

    def halt(self):
        """Shuts the server down and keeps its data: start() brings it back."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(START_SECONDS)

    def kill9(self):
        """All its processes at once, without a word: what a crash is to its clients. start() recovers."""
        postmaster = self.process.pid
        os.kill(postmaster, signal.SIGSTOP)  # so that it has no more children
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True).stdout
        for pid in [postmaster, *map(int, children.split())]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def psql(self, sql):
        """Runs `sql` and returns what it prints, unaligned."""
        return self._run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql).strip()

    def log(self):
        try:
            return pathlib.Path(f"{self.directory}/log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _make_data(self):
        raise NotImplementedError

    def _settings(self):
        return {}

    def _may_choose_port(self):
        return True

    def _make_directory(self):
        self.directory = tempfile.mkdtemp(prefix="muster-postgres-")
        if self._owner:
            os.chown(self.directory, self._owner.pw_uid, self._owner.pw_gid)
        ours, self._guard = os.pipe()
        self._guard_gone, theirs = os.pipe()
        # A session of its own and no parent: what ends its starter, with all that it started, spares it.
        subprocess.run(["setsid", "--fork", sys.executable, os.path.abspath(__file__), self.directory],
                       stdin=ours, stdout=theirs, check=True)
        os.close(ours)
        os.close(theirs)

    def _as_owner(self, *command):
        """The command as whoever the data belong to. By a program, not by subprocess: that would fork where it else
        does not, and a test that forks beside gRPC's threads may hang for ever."""
        if not self._owner:
            return command
        return ["setpriv", f"--reuid={self._owner.pw_uid}", f"--regid={self._owner.pw_gid}", "--clear-groups", "--", *command]

    def _run(self, program, *arguments):
        done = subprocess.run(self._as_owner(f"{self.bin}/{program}", *arguments), capture_output=True, text=True,
                              cwd=self.directory)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _launch(self):
        if self.port is None:
            self.port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",  # in the directory, so that nothing outlives it
            **self._settings(),
        }
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with open(f"{self.directory}/log", "ab") as log:
            # A session of its own: Ctrl-C is for whoever uses the server, and comes to it last.
            self.process = subprocess.Popen(self._as_owner(f"{self.bin}/postgres", "-D", self.data, *arguments),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            cwd=self.directory)

    def _became_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            lines = pid_file(self.directory)
            if len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False

    def _taken_port(self):
        return "could not create any TCP/IP sockets" in self.log()


class Postgres(Server):
    """A primary with an empty database. What it acknowledges is on the disk, unless `durable` is False: that is faster,
    and for tests that never measure and never cut the power."""

    def __init__(self, bin=None, port=None, durable=True, settings=None):
        super().__init__(bin, port)
        self._durable = durable
        self._more = settings or {}
        self._used = False

    def start(self):
        super().start()
        if not self._used:
            self._used = True
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, DATABASE)
        return self

    def _make_data(self):
        # Most servers out there sort text by a language and not by its bytes: so does this one, where it can.
        version = int(re.search(r"\d+", self._run("postgres", "--version"))[0])
        language = ["--locale-provider=icu", "--icu-locale=en-US"] if version >= 15 else []
        self._run("initdb", "-D", self.data, "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8",
                  *language)

    def _settings(self):
        return self._more | ({} if self._durable else {"fsync": "off", "full_page_writes": "off"})

    def _may_choose_port(self):
        return not self._used


class Replica(Server):
    """A streaming copy of `primary`, which from then on acknowledges a commit only when it is on both disks."""

    def __init__(self, primary, port=None):
        super().__init__(primary.bin, port)
        self.primary = primary

    def start(self):
        super().start()
        if not self._is_synchronous():
            self._wait("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "1")
            self.primary.psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.psql("SELECT pg_reload_conf()")
            self._wait("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1")
        return self

    def promote(self):
        """The copy becomes the one that can write. End the primary before: nothing here keeps two from writing."""
        self._run("pg_ctl", "promote", "-D", self.data, "-w", "-t", str(START_SECONDS))

    def _is_synchronous(self):
        return self.psql("SELECT NOT pg_is_in_recovery()") == "t" or \
            self.primary.psql("SHOW synchronous_standby_names") == "*"

    def _settings(self):
        return {"wal_retrieve_retry_interval": "100ms"}  # a primary that restarts is found again at once

    def _make_data(self):
        self._run("pg_basebackup", "-h", "127.0.0.1", "-p", str(self.primary.port), "-U", USER, "-D", self.data,
                  "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def _wait(self, sql, wanted):
        deadline = time.monotonic() + START_SECONDS
        while self.primary.psql(sql) != wanted:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the replica does not stream:\n{self.log()[-2000:]}")
            time.sleep(0.05)


def pid_file(directory):
    try:
        return pathlib.Path(f"{directory}/data/postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, PermissionError):
        return []


def guard(directory):
    """Waits for the starter to go, then ends what runs in `directory` and removes it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.read()
    lines = pid_file(directory)
    if lines:
        end(int(lines[0]), f"{directory}/data")
    lines = pid_file(directory)
    if len(lines) > 6 and len(lines[6].split()) == 2:  # killed, it left its segment of shared memory
        subprocess.run(["ipcrm", "-m", lines[6].split()[1]], stderr=subprocess.DEVNULL)
    for _ in range(50):  # a dying backend may still write
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            break
        time.sleep(0.1)


def end(pid, data):
    """An immediate shutdown; the pid is not trusted until the process is seen to run on `data`."""
    def runs():
        try:
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return data.encode() in line
    for number, seconds in ((signal.SIGQUIT, 10), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + seconds
        if runs():
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)
        while runs() and time.monotonic() < deadline:
            time.sleep(0.02)


if __name__ == "__main__":
    guard(sys.argv[1])
