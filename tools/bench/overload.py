"""Twice the load that the daemon can carry: what it still does, how it refuses the rest, and what that takes. Once from
clients that wait as they are told to, once from clients that are deaf to it. The load has cores of its own."""
from figures import Figure, at_most, ratio_at_least
from measuring import (BATCH, BATCH_SHAPE, OPEN_SHAPE, PEAK_SHAPE, RESOURCE_EXHAUSTED, check_recorded, costs_of,
                       measure as load_for_a_while)

OBEYING, DEAF = ["--honour-retry"], []


def measure(bench, roll):
    with bench.apart(roll):
        peak = max(accepted_per_second(bench, roll, "heartbeat", shape) for shape in (PEAK_SHAPE, OPEN_SHAPE))
        overload(bench, roll, "heartbeat", peak, 2 * peak, "obeying", OBEYING)
        overload(bench, roll, "heartbeat", peak, 2 * peak, "deaf", DEAF)
        peak = accepted_per_second(bench, roll, "batch", BATCH_SHAPE)
        overload(bench, roll, "batch", peak, 2 * peak / BATCH, "obeying", OBEYING)


def accepted_per_second(bench, roll, what, shape):
    """Heartbeats."""
    return load_for_a_while(bench.options, roll, what, shape)["accepted_per_second"]


def overload(bench, roll, what, peak, calls_per_second, manners, flags):
    """The load generator accepts no refusal but RESOURCE_EXHAUSTED with a retry delay."""
    resident = roll.resident_mib()
    over = load_for_a_while(bench.options, roll, what, OPEN_SHAPE, "--rate", calls_per_second, *flags)
    check_recorded(bench.options, roll)
    shape = f"{'batches, ' if what == 'batch' else ''}{2 * peak:,.0f}/s, {manners}"

    def add(what, value, unit, **more):
        bench.add(Figure("overload", f"overload: {what}", shape, roll.workers, unit, [value], **more))

    accepted = over["accepted_per_second"]
    costs = costs_of([over], BATCH if what == "batch" else 1)
    add("accepted", accepted, "/s", to="peak", ratios=[accepted / peak], budget=ratio_at_least(0.9), costs=costs)
    add("p99 of the accepted", over["latency_us"]["p99"] / 1000, "ms", budget=at_most(100))
    add("refused, each with a retry delay", over.get("refused", {}).get(RESOURCE_EXHAUSTED, 0), "calls")
    add("not sent, too many were in flight", over["unsent"], "calls")
    add("resident memory gained", roll.resident_mib() - resident, "MiB")
