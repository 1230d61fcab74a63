"""Twice the load that the daemon can carry: what it still does, how it refuses the rest, and what that takes. Once from
clients that wait as they are told to, once from clients that are deaf to it."""
from figures import Figure, at_most, ratio_at_least
from measuring import OPEN_SHAPE, RESOURCE_EXHAUSTED, check_recorded, costs_of, measure as load_for_a_while

MANNERS = {"obeying": ["--honour-retry"], "deaf": []}


def measure(bench, roll):
    """The load generator accepts no refusal but RESOURCE_EXHAUSTED with a retry delay."""
    peak = bench.peak(roll)
    for manners, flags in MANNERS.items():
        resident = roll.resident_mib()
        over = load_for_a_while(bench.options, roll, "heartbeat", OPEN_SHAPE, "--rate", 2 * peak, *flags)
        check_recorded(bench.options, roll)
        refused = over.get("refused", {}).get(RESOURCE_EXHAUSTED, 0)
        shape = f"{2 * peak:,.0f}/s, {manners}"
        bench.add(Figure("overload", "overload: accepted", shape, roll.workers, "/s", [over["accepted_per_second"]], to="peak",
                         ratios=[over["accepted_per_second"] / peak], budget=ratio_at_least(0.9), costs=costs_of([over])))
        bench.add(Figure("overload", "overload: p99 of the accepted", shape, roll.workers, "ms",
                         [over["latency_us"]["p99"] / 1000], budget=at_most(100)))
        bench.add(Figure("overload", "overload: refused, each with a retry delay", shape, roll.workers, "calls", [refused]))
        bench.add(Figure("overload", "overload: not sent, 16,384 calls waited", shape, roll.workers, "calls", [over["unsent"]]))
        bench.add(Figure("overload", "overload: resident memory gained", shape, roll.workers, "MiB",
                         [roll.resident_mib() - resident]))
