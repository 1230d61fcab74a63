"""Twice the load that the daemon can carry: what it still does, how it refuses the rest, and what that takes. Once from
clients that wait as they are told to, once from clients that are deaf to it. The load has cores of its own."""
from figures import Figure, compared, p99_figure
from heartbeats import rates
from measuring import (BATCH, BATCH_SHAPE, OPEN_SHAPE, PEAK_SHAPE, RESOURCE_EXHAUSTED, alternate, check_recorded, costs_of,
                       measure as load_for_a_while)

KINDS = {"heartbeats": ("heartbeat", 1, PEAK_SHAPE), "batches": ("batch", BATCH, BATCH_SHAPE)}
MANNERS = {"obeying": ["--honour-retry"], "deaf": []}


def measure(bench, roll):
    with bench.apart(roll):
        for kind in KINDS:
            overload(bench, roll, kind)


def overload(bench, roll, kind):
    """The peak is measured anew in every round: what a machine can carry changes with its pace. It is the most that a closed
    loop gets: with few calls in flight, or with as many as the overload has, whose latencies compare. No budget is that of
    the deaf ones: they are looked at more shortly."""
    what, heartbeats, peak_shape = KINDS[kind]
    peaks, overloads = [], []

    def peak(seconds):
        few = load_for_a_while(bench.options, roll, what, peak_shape, "--seconds", min(1, bench.options.seconds))
        shape = shape_for(in_flight(overloads[-1], heartbeats)) if overloads else OPEN_SHAPE
        full = load_for_a_while(bench.options, roll, what, shape, "--seconds", seconds, "--histogram")
        peaks.append(max(rates([few, full])))
        return full

    def over(manners, seconds):
        overloads.append(twice(bench, roll, what, peaks[-1] / heartbeats, manners, seconds))
        return overloads[-1]

    peak(bench.options.seconds)
    over("obeying", bench.options.seconds)  # says how many are in flight
    # Half as long for batches: each round has thousands of them all the same.
    pooled_seconds = bench.pooled_seconds / (2 if kind == "batches" else 1)
    for manners, rounds, seconds in (("obeying", bench.options.rounds, pooled_seconds),
                                     ("deaf", bench.few_rounds, bench.options.seconds)):
        peaks.clear()
        measured = alternate(rounds, full=lambda: peak(seconds), over=lambda: over(manners, seconds))
        add_figures(bench, roll, kind, manners, measured["over"], measured["full"], peaks)


def in_flight(figure, heartbeats):
    """Calls, on average: each was under way for as long as it took."""
    return round(figure["accepted_per_second"] / heartbeats * figure["latency_us"]["p50"] / 1e6)


def shape_for(calls):
    connections = max(1, min(OPEN_SHAPE[0], calls))
    return connections, max(1, round(calls / connections))


def twice(bench, roll, what, calls_per_second, manners, seconds):
    """The load generator accepts no refusal but RESOURCE_EXHAUSTED with a retry delay."""
    resident = roll.resident_mib()
    over = load_for_a_while(bench.options, roll, what, OPEN_SHAPE, "--rate", 2 * calls_per_second, "--seconds", seconds, "--histogram",
                            *MANNERS[manners])
    check_recorded(bench.options, roll)
    return {**over, "gained_mib": roll.resident_mib() - resident}


def add_figures(bench, roll, kind, manners, over, full, peaks):
    shape = f"twice the {kind}, {manners}"
    budgets = [bench.budget(f"overload by {kind}{of}", roll) if manners == "obeying" else None for of in ("", " p99")]

    def add(name, of, unit, **more):
        bench.add(Figure("overload", f"overload: {name}", shape, roll.workers, unit, [of(figure) for figure in over], **more))

    bench.add(Figure("overload", "overload: accepted", shape, roll.workers, "/s", rates(over), to="peak",
                     ratios=compared(rates(over), peaks), budget=budgets[0], costs=costs_of(over, KINDS[kind][1])))
    bench.add(p99_figure("overload", "overload: p99 of the accepted", shape, roll.workers, over, full, "peak, as many in flight",
                         budgets[1]))
    add("refused, each with a retry delay", lambda figure: figure.get("refused", {}).get(RESOURCE_EXHAUSTED, 0), "calls")
    add("not sent, too many were in flight", lambda figure: figure["unsent"], "calls")
    add("resident memory gained", lambda figure: figure["gained_mib"], "MiB")
