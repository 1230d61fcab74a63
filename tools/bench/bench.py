"""What every part of the benchmark works with: the options, the servers that stay for several parts, the figures."""
import contextlib
import os
import time

import measuring
import servers
from budgets import BUDGETS

# Nobody is called Offline while something else is measured.
CALM = 'heartbeat-timeout = "1h"\n'
SMALL = 1000  # workers


# Rounds of what smaller fleets show, and of what takes long.
FEW_ROUNDS = 3


class Roll(servers.Server):
    """A musterd with a fleet, and with settings that can be changed under it."""

    def __init__(self, options, directory, name, store, workers, bin=None):
        self.config = directory / f"{name}-{workers}.toml"
        self.configure(CALM)
        super().__init__(name, *servers.musterd(options, directory, name, store, "--config", self.config, bin=bin), workers)

    def configure(self, settings):
        """They hold from the next SIGHUP or start on."""
        self.config.write_text(settings)


class Bench:
    """Owns the servers that it started: close() stops them."""

    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures = []
        self.curve = []  # points of the throughput/latency curve
        self.profiles = []  # where the CPU time goes
        self.started = []
        self._noop = self._small = None

    @property
    def noop(self):
        if self._noop is None:
            self._noop = self._keep(servers.noop(self.options, self.directory))
        return self._noop

    @property
    def small(self):
        """A roll of few workers, beside which large ones are measured."""
        if self._small is None:
            self._small = self._fleet("small", f"sqlite:{self.database(SMALL, 'small')}", SMALL)
        return self._small

    def is_largest(self, roll):
        return roll.workers == self.options.fleets[-1]

    def rounds(self, roll):
        """Budgets are held by the largest fleet: there it takes enough of them to be sure."""
        return self.options.rounds if self.is_largest(roll) else self.few_rounds

    @property
    def few_rounds(self):
        return min(FEW_ROUNDS, self.options.rounds)

    @property
    def pooled_seconds(self):
        """Of each round, where the samples of all of them are pooled."""
        return self.options.pooled / self.options.rounds

    def budget(self, name, roll):
        return BUDGETS[name] if self.is_largest(roll) else None

    def database(self, workers, name="sqlite"):
        return self.directory / f"{name}-{workers}.db"

    def say(self, what):
        print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    def add(self, figure):
        self.figures.append(figure)

    def value_of(self, what, shape):
        """The figure of the largest fleet, if it was measured."""
        return next((figure.value for figure in reversed(self.figures) if (figure.what, figure.shape) == (what, shape)), None)

    def roll(self, workers, name="sqlite", bin=None):
        """A musterd on SQLite with a fleet of `workers`, all of them heard and Active."""
        return self._fleet(name, f"sqlite:{self.database(workers, name)}", workers, bin)

    def memory_roll(self, workers):
        return self._fleet("memory", "memory:", workers)

    def shared_roll(self, url, workers, name="postgresql", bin=None):
        """A musterd on a PostgreSQL."""
        return self._fleet(name, url, workers, bin)

    def peak(self, roll):
        """What it can carry: single heartbeats a second, in a closed loop of 512 on as many connections as open loops have."""
        if roll.peak is None:
            roll.peak = self.measure_peak(roll)
        return roll.peak

    def measure_peak(self, roll):
        return measuring.measure(self.options, roll, "heartbeat", measuring.PEAK_SHAPE)["calls_per_second"]

    @contextlib.contextmanager
    def apart(self, *rolls):
        """The daemon on one half of the cores, the load on the other: more load takes nothing from the daemon but its time."""
        cores = sorted(os.sched_getaffinity(0))
        half = len(cores) // 2
        if half == 0:
            yield
            return
        try:
            for roll in rolls:
                roll.run_on(cores[:half])
            os.sched_setaffinity(0, cores[half:])
            yield
        finally:
            os.sched_setaffinity(0, cores)
            for roll in rolls:
                roll.run_on(cores)

    def _fleet(self, name, store, workers, bin=None):
        roll = self._keep(Roll(self.options, self.directory, name, store, workers, bin))
        enrolled = measuring.load(self.options, roll, "register", "--connections", 8, "--in-flight", 64)
        self.say(f"{name}: registered {workers:,} workers, {enrolled['ok'] / enrolled['seconds']:,.0f}/s")
        roll.wait_until_quiet()
        self.hear_all(roll)
        roll.wait_until_quiet()
        return roll

    def hear_all(self, roll):
        """Once each, so that where the fleet is large nothing is to be folded soon after; then all are Active."""
        connections, in_flight = measuring.BATCH_SHAPE
        roll.answered_ok += measuring.load(self.options, roll, "batch", "--once", "--connections", connections,
                                           "--in-flight", in_flight)["accepted"]
        roll.all_heard_at = time.monotonic()
        active = self._active(roll)
        if active != roll.workers:
            raise servers.WorkNotDone(f"{roll.name}: all {roll.workers} workers were heard, {active} are Active")

    def _active(self, roll):
        measuring.ask(self.options, roll, "scheduler", "--times", 1)
        return measuring.ask(self.options, roll, "summary", "--times", 1)["by_status"]["WORKER_STATUS_ACTIVE"]

    def stop(self, server):
        server.stop()
        self.started.remove(server)
        if server is self._small:
            self._small = None

    def close(self):
        while self.started:
            self.stop(self.started[-1])

    def _keep(self, server):
        self.started.append(server)
        return server
