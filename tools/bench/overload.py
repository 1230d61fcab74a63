"""Twice the load that the daemon can carry: what it still does, how it refuses the rest, and what that takes. Once from
clients that wait as they are told to, once from clients that are deaf to it. The load has cores of its own."""
from figures import Figure, at_most, ratio_at_least
from measuring import (BATCH, BATCH_SHAPE, OPEN_SHAPE, PEAK_SHAPE, RESOURCE_EXHAUSTED, check_recorded, costs_of,
                       measure as load_for_a_while)

PEAK_SHAPES = {"heartbeat": [PEAK_SHAPE, OPEN_SHAPE], "batch": [BATCH_SHAPE]}
HEARTBEATS = {"heartbeat": 1, "batch": BATCH}  # of a call
MANNERS = {"obeying": ["--honour-retry"], "deaf": []}


def measure(bench, roll):
    with bench.apart(roll):
        for what in PEAK_SHAPES:
            overload(bench, roll, what)


def overload(bench, roll, what):
    """The peak is measured anew in every round: what a machine can carry changes with its pace."""
    peaks, rounds = [], {manners: [] for manners in MANNERS}
    for _ in range(bench.options.rounds):
        peaks.append(max(accepted_per_second(load_for_a_while(bench.options, roll, what, shape)) for shape in PEAK_SHAPES[what]))
        for manners, flags in MANNERS.items():
            rounds[manners].append(twice(bench, roll, what, peaks[-1], flags))
    for manners, over in rounds.items():
        add_figures(bench, roll, what, manners, peaks, over)


def twice(bench, roll, what, peak, flags):
    """The load generator accepts no refusal but RESOURCE_EXHAUSTED with a retry delay."""
    resident = roll.resident_mib()
    over = load_for_a_while(bench.options, roll, what, OPEN_SHAPE, "--rate", 2 * peak / HEARTBEATS[what], *flags)
    check_recorded(bench.options, roll)
    return {**over, "gained_mib": roll.resident_mib() - resident}


def add_figures(bench, roll, what, manners, peaks, over):
    shape = f"twice the {'batches' if what == 'batch' else 'heartbeats'}, {manners}"

    def add(name, of, unit, **more):
        bench.add(Figure("overload", f"overload: {name}", shape, roll.workers, unit, [of(figure) for figure in over], **more))

    add("accepted", accepted_per_second, "/s", to="peak", costs=costs_of(over, HEARTBEATS[what]), budget=ratio_at_least(0.9),
        ratios=[accepted_per_second(figure) / peak for figure, peak in zip(over, peaks)])
    add("p99 of the accepted", lambda figure: figure["latency_us"]["p99"] / 1000, "ms", budget=at_most(100))
    add("refused, each with a retry delay", lambda figure: figure.get("refused", {}).get(RESOURCE_EXHAUSTED, 0), "calls")
    add("not sent, too many were in flight", lambda figure: figure["unsent"], "calls")
    add("resident memory gained", lambda figure: figure["gained_mib"], "MiB")


def accepted_per_second(figure):
    """Heartbeats."""
    return figure["accepted_per_second"]
