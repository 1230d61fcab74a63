"""Two builds of musterd on one machine, in turn: what moved, beyond the noise.

A row is measured as the budgets are, by the same functions; but the reference is the daemon of the other build, with a fleet
of its own. What the ratio of two runs would not show for the drift of the machine, rounds that take turns do.
"""
import dataclasses
import statistics
import time

import batches
import fleet
import heartbeats
import on_postgres
import overload
import queries
import sweeps
from budgets import BUDGETS
from figures import interval_text, number_text, size_text
from intervals import FEW, interval_of_median, pooled_ms, pooled_ratio
from measuring import BATCH_SHAPE, SHAPES, alternate, check_kept
from servers import QUIET_FOR_GOOD

@dataclasses.dataclass
class Row:
    part: str
    what: str
    workers: int
    unit: str
    more_is_better: bool
    before: float
    after: float
    ratio: float  # after to before
    interval: list
    rounds: int

    @property
    def moved(self):
        """Whether that is more than the noise; of few rounds nobody can say."""
        low, high = self.interval
        if self.rounds < FEW or low <= 1 <= high:
            return ""
        return "better" if (low > 1) == self.more_is_better else "WORSE"


def row(part, what, roll, unit, more_is_better, measured, value):
    """Of `value(…)` of each round."""
    before, after = ([value(figure) for figure in measured[name]] for name in ("before", "after"))
    ratios = [b / a for a, b in zip(before, after)]
    return Row(part, what, roll.workers, unit, more_is_better, statistics.median(before), statistics.median(after),
               statistics.median(ratios), interval_of_median(ratios), len(ratios))


def p99_row(part, what, roll, measured):
    before, after = ([figure["histogram_us"] for figure in measured[name]] for name in ("before", "after"))
    ratio, interval = pooled_ratio(after, before)
    return Row(part, what, roll.workers, "ms", False, pooled_ms(before), pooled_ms(after), ratio, interval, len(after))


def accepted(figure):
    return figure["accepted_per_second"]


class Pair:
    """The daemons of both builds, each with a fleet of its own."""

    def __init__(self, bench, before, after):
        self.bench, self.before, self.after = bench, before, after
        self.some_rounds = min(FEW, bench.options.rounds)  # of what takes long

    def turns(self, measure, rounds=None):
        """A B A B: before, after."""
        return alternate(rounds or self.bench.options.rounds, before=lambda: measure(self.before), after=lambda: measure(self.after))

    def each(self, do):
        for roll in (self.before, self.after):
            do(roll)

    def rest(self):
        self.each(lambda roll: roll.wait_until_quiet(for_seconds=QUIET_FOR_GOOD))


def rows_of_heartbeats(pair):
    for shape in SHAPES:
        for what, name in (("heartbeat", "Heartbeat"), ("stream", "StreamHeartbeats")):
            measured = pair.turns(lambda roll: heartbeats.once(pair.bench, roll, what, shape))
            yield row("heartbeat", f"{name} {shape}", pair.after, "/s", True, measured, accepted)
            yield row("heartbeat", f"{name} {shape}: CPU of one", pair.after, "µs", False, measured,
                      lambda figure: figure["server_cpu_us_per_call"] + figure["later_us_per_call"])


def rows_of_batches(pair):
    measured = pair.turns(lambda roll: batches.once(pair.bench, roll))
    yield row("batch", "BatchHeartbeat", pair.after, "/s", True, measured, accepted)
    yield row("batch", "BatchHeartbeat: CPU of one heartbeat", pair.after, "µs", False, measured,
              lambda figure: (figure["server_cpu_us_per_call"] + figure["later_us_per_call"]) / 1000)


def rows_of_sweeps(pair):
    pair.rest()
    measured = pair.turns(lambda roll: sweeps.empty_run(pair.bench, roll, 50)["ms"])
    yield row("sweep", "RunScheduler, nobody moves", pair.after, "ms", False, measured, lambda ms: ms["p50"])


def rows_of_pages(pair):
    measured = pair.turns(lambda roll: fleet.pages(pair.bench, roll))
    yield row("page", "a page of 1,000 workers", pair.after, "ms", False, measured, lambda ms: ms["p50"])


def rows_of_queries(pair):
    """Both at the same rate: a quarter of what the one before carries."""
    rate = pair.bench.peak(pair.before) / 4
    pair.rest()
    yield p99_row("queries", "p99 of heartbeats, quiet", pair.after, pair.turns(lambda roll: queries.heartbeats(pair.bench, roll, rate)))
    yield p99_row("queries", "p99 of heartbeats beside queries", pair.after, pair.turns(lambda roll: queries.beside(pair.bench, roll, rate)))


def rows_of_overload(pair):
    for kind, (what, in_call, shape) in overload.KINDS.items():
        with pair.bench.apart(pair.before, pair.after):
            peak = accepted(overload.load_for_a_while(pair.bench.options, pair.before, what, shape)) / in_call
            measured = pair.turns(lambda roll: overload.twice(pair.bench, roll, what, peak, "obeying", pair.bench.pooled_seconds))
        yield row("overload", f"accepted of twice the {kind}", pair.after, "/s", True, measured, accepted)
        yield p99_row("overload", f"p99 of twice the {kind}", pair.after, measured)


def rows_of_expiry(pair):
    rate = pair.bench.peak(pair.before) / 4
    pair.each(pair.bench.hear_all)
    still_heard = min(sweeps.STILL_HEARD, pair.after.workers // 2)
    measured = pair.turns(lambda roll: sweeps.expire_beside(pair.bench, roll, still_heard, rate), pair.some_rounds)
    yield row("expire", "the whole fleet expires", pair.after, "s", False, measured, lambda expiry: expiry["seconds"])
    beats = {name: [expiry["beats"] for expiry in expiries] for name, expiries in measured.items()}
    yield p99_row("expire", "p99 of heartbeats meanwhile", pair.after, beats)


def rows_of_size(pair):
    pair.rest()
    measured = pair.turns(lambda roll: roll.resident_mib(), 1)
    yield row("size", "resident memory", pair.after, "MiB", False, measured, lambda mib: mib)


def rows_of_restart(pair):
    measured = pair.turns(lambda roll: fleet.restart(pair.bench, roll)[0], pair.some_rounds)
    yield row("restart", "ready after kill -9", pair.after, "s", False, measured, lambda seconds: seconds)
    measured = pair.turns(lambda roll: fleet.memory_of_connections(pair.bench, roll, 1000), 1)
    yield row("restart", "memory of one connection", pair.after, "KiB", False, measured, lambda kib: kib)
    pair.each(lambda roll: check_kept(pair.bench.options, roll))


ON_SQLITE = {"heartbeat": rows_of_heartbeats, "batch": rows_of_batches, "sweep": rows_of_sweeps, "page": rows_of_pages,
             "size": rows_of_size, "queries": rows_of_queries, "overload": rows_of_overload, "expire": rows_of_expiry,
             "restart": rows_of_restart}


def rows_on_postgres(pair):
    for what, shape, name in (("batch", BATCH_SHAPE, "BatchHeartbeat"), *(("heartbeat", shape, f"Heartbeat {name}")
                                                                            for name, shape in SHAPES.items())):
        measured = pair.turns(lambda roll: on_postgres.once(pair.bench, roll, what, shape))
        yield row("postgres", f"{name} on PostgreSQL", pair.after, "/s", True, measured, accepted)
    measured = pair.turns(lambda roll: on_postgres.beside_bad_client(pair.bench, roll))
    yield row("postgres", BUDGETS["bad client on PostgreSQL"].what, pair.after, "/s", True, measured, accepted)
    yield row("postgres", "the same: CPU of one heartbeat", pair.after, "µs", False, measured,
              lambda figure: figure["server_cpu_us_per_call"] / 1000)
    measured = pair.turns(lambda roll: on_postgres.empty_run_ms(pair.bench, roll))
    yield row("postgres", BUDGETS["empty sweep on PostgreSQL"].what, pair.after, "ms", False, measured, lambda ms: ms)


PARTS = [*ON_SQLITE, "postgres"]


def measure(bench, before_bin):
    """Yields rows as they are found."""
    chosen = [name for name in ON_SQLITE if name in bench.options.only]
    if chosen:
        workers = bench.options.fleets[-1]
        pair = Pair(bench, bench.roll(workers, "before", before_bin), bench.roll(workers, "after"))
        for name in chosen:
            yield from said(bench, name, ON_SQLITE[name](pair))
        pair.each(bench.stop)
    if "postgres" in bench.options.only and on_postgres.is_installed(bench, "postgres"):
        workers = min(on_postgres.WORKERS, bench.options.fleets[-1])
        with on_postgres.server_with_roll(bench, workers, "before", before_bin) as (_, before), \
                on_postgres.server_with_roll(bench, workers, "after") as (_, after):
            yield from said(bench, "postgres", rows_on_postgres(Pair(bench, before, after)))


def said(bench, name, rows):
    bench.say(f"{name}, before and after …")
    began = time.monotonic()
    yield from rows
    bench.say(f"{name}: {time.monotonic() - began:.0f} s")


def table(rows):
    yield ["what", "workers", "before", "after", "after / before", "interval", ""]
    for each in rows:
        yield [each.what, size_text(each.workers), f"{number_text(each.before)} {each.unit}", f"{number_text(each.after)} {each.unit}",
               f"{each.ratio:.3f}", interval_text(each.interval), each.moved]


def as_json(rows):
    return [{**dataclasses.asdict(each), "moved": each.moved} for each in rows]
