"""Twice the load that the daemon can carry: what it still does, how it refuses the rest, and what that takes. Once from
clients that wait as they are told to, once from clients that are deaf to it. The load has cores of its own."""
from figures import Figure, at_most, ratio_at_least
from measuring import OPEN_SHAPE, RESOURCE_EXHAUSTED, check_recorded, costs_of, measure as load_for_a_while

MANNERS = {"obeying": ["--honour-retry"], "deaf": []}


def measure(bench, roll):
    with bench.apart(roll):
        peak = bench.measure_peak(roll)
        for manners, flags in MANNERS.items():
            overload(bench, roll, peak, manners, flags)


def overload(bench, roll, peak, manners, flags):
    """The load generator accepts no refusal but RESOURCE_EXHAUSTED with a retry delay."""
    resident = roll.resident_mib()
    over = load_for_a_while(bench.options, roll, "heartbeat", OPEN_SHAPE, "--rate", 2 * peak, *flags)
    check_recorded(bench.options, roll)
    shape = f"{2 * peak:,.0f}/s, {manners}"

    def add(what, value, unit, **more):
        bench.add(Figure("overload", f"overload: {what}", shape, roll.workers, unit, [value], **more))

    accepted = over["accepted_per_second"]
    add("accepted", accepted, "/s", to="peak", ratios=[accepted / peak], budget=ratio_at_least(0.9), costs=costs_of([over]))
    add("p99 of the accepted", over["latency_us"]["p99"] / 1000, "ms", budget=at_most(100))
    add("refused, each with a retry delay", over.get("refused", {}).get(RESOURCE_EXHAUSTED, 0), "calls")
    add("not sent, too many were in flight", over["unsent"], "calls")
    add("resident memory gained", roll.resident_mib() - resident, "MiB")
