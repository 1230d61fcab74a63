"""The throughput/latency curve: heartbeats sent by schedule, at rates from little to more than the daemon can carry.
The load has cores of its own."""
from measuring import OPEN_SHAPE, check_recorded, measure as load_for_a_while

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5)
QUICK_SHARES = (0.2, 0.5)


def measure(bench, roll):
    with bench.apart(roll):
        peak = bench.measure_peak(roll)
        for share in QUICK_SHARES if bench.options.quick else SHARES:
            figure = load_for_a_while(bench.options, roll, "heartbeat", OPEN_SHAPE, "--rate", share * peak)
            check_recorded(bench.options, roll)
            bench.curve.append({"offered_per_second": share * peak, "accepted_per_second": figure["accepted_per_second"],
                                **{f"{name}_ms": figure["latency_us"][name] / 1000 for name in ("p50", "p99", "p999")}})
