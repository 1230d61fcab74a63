"""What every part of the benchmark works with: the options, the servers that stay for several parts, the figures."""
import contextlib
import os
import time

import measuring
import servers

# Nobody is called Offline while something else is measured.
CALM = 'heartbeat-timeout = "1h"\n'
# At first, when a roll is made; less than it can carry.
HEARD_PER_SECOND = 500_000
MOST_TRIES = 5


class Roll(servers.Server):
    """A musterd with a fleet, and with settings that can be changed under it."""

    def __init__(self, options, directory, name, store, workers):
        self.config = directory / f"{name}-{workers}.toml"
        self.configure(CALM)
        self.peak = None  # heartbeats a second, once they were measured
        super().__init__(name, *servers.musterd(options, directory, name, store, "--config", self.config), workers)

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
        self.noop = self._keep(servers.noop(options, directory))

    def say(self, what):
        print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    def add(self, figure):
        self.figures.append(figure)

    def value_of(self, what, shape):
        """The figure of the largest fleet, if it was measured."""
        return next((figure.value for figure in reversed(self.figures) if (figure.what, figure.shape) == (what, shape)), None)

    def roll(self, workers):
        """A musterd on SQLite with a fleet of `workers`, all of them heard and Active."""
        return self._fleet("sqlite", f"sqlite:{self.directory}/{workers}.db", workers)

    def memory_roll(self, workers):
        return self._fleet("memory", "memory:", workers)

    def peak(self, roll):
        """What it can carry: single heartbeats a second, in a closed loop of 512 on as many connections as open loops have."""
        if roll.peak is None:
            roll.peak = self.measure_peak(roll)
        return roll.peak

    def measure_peak(self, roll):
        return measuring.measure(self.options, roll, "heartbeat", measuring.PEAK_SHAPE)["calls_per_second"]

    @contextlib.contextmanager
    def apart(self, roll):
        """The daemon on one half of the cores, the load on the other: more load takes nothing from the daemon but its time."""
        cores = sorted(os.sched_getaffinity(0))
        half = len(cores) // 2
        if half == 0:
            yield
            return
        try:
            roll.run_on(cores[:half])
            os.sched_setaffinity(0, cores[half:])
            yield
        finally:
            os.sched_setaffinity(0, cores)
            roll.run_on(cores)

    def _fleet(self, name, store, workers):
        roll = self._keep(Roll(self.options, self.directory, name, store, workers))
        enrolled = measuring.load(self.options, roll, "register", "--connections", 8, "--in-flight", 64)
        self.say(f"{name}: registered {workers:,} workers, {enrolled['ok'] / enrolled['seconds']:,.0f}/s")
        roll.wait_until_quiet()
        # What a busy machine does not send in time leaves workers out.
        for _ in range(MOST_TRIES):
            self._hear(roll)
            if self._active(roll) == workers:
                roll.wait_until_quiet()
                return roll
        raise servers.WorkNotDone(f"{roll.name}: all {workers} workers were to be heard, {self._active(roll)} are Active")

    def _hear(self, roll):
        """Batches that go round the roll, a little more than once: where it is large, nothing is to be folded soon after."""
        connections, in_flight = measuring.BATCH_SHAPE
        done = measuring.load(self.options, roll, "batch", "--connections", connections, "--in-flight", in_flight,
                              "--rate", HEARD_PER_SECOND / measuring.BATCH, "--warmup", 0,
                              "--seconds", max(0.1, 1.1 * roll.workers / HEARD_PER_SECOND))
        roll.answered_ok += done["accepted"]

    def _active(self, roll):
        measuring.ask(self.options, roll, "scheduler", "--times", 1)
        return measuring.ask(self.options, roll, "summary", "--times", 1)["by_status"]["WORKER_STATUS_ACTIVE"]

    def stop(self, server):
        server.stop()
        self.started.remove(server)

    def close(self):
        while self.started:
            self.stop(self.started[-1])

    def _keep(self, server):
        self.started.append(server)
        return server
