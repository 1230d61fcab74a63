"""Figures as tools/bench/run --json writes them, but of a machine on which everything is a round number."""

FLEETS = [1000, 10_000, 100_000, 1_000_000]
MACHINE = {"cores": 2, "load_average": 0.1, "fdatasync_ms": 0.2, "processor": "a round one", "memory": "8388608 kB",
           "kernel": "6.1", "system": "Debian"}


def figure(what, shape, workers, value, unit, part="part", budget=None, ratios=(), **costs):
    return {"part": part, "what": what, "shape": shape, "workers": workers, "unit": unit, "values": [value] * max(1, len(ratios)),
            "to": "it" if ratios else "", "ratios": list(ratios), "budget": budget, "costs": costs, "note": "", "pooled": {},
            "value": value}


def budget(what, limit, at_least, reference="it", unit=""):
    return {"what": what, "reference": reference, "at_least": at_least, "limit": limit, "dream": limit, "unit": unit}


def a_run():
    """100 MiB and 1 KiB for each worker; a heartbeat costs 38 µs alone and 0.5 µs in a batch of 1,000, and 2 µs later."""
    figures = []
    for workers in FLEETS:
        figures += [
            figure("Heartbeat sqlite", "1000x1", workers, 20_000, "/s", ratios=[0.8, 0.9, 1.0],
                   budget=budget("a heartbeat", 0.8, at_least=True) if workers == FLEETS[-1] else None,
                   cpu_us=33, later_us=5, wire_bytes=500, disk_bytes=60, p50_ms=1, p99_ms=2, p999_ms=3),
            figure("BatchHeartbeat sqlite", "8x2 of 1000", workers, 1_000_000, "/s",
                   cpu_us=0.4, later_us=0.1, wire_bytes=50, disk_bytes=10, p50_ms=1, p99_ms=2, p999_ms=3),
            figure("BatchHeartbeat sqlite, steady", "for 10 s", workers, 1.6 * workers, "/s",
                   cpu_us=2, later_us=0.5, wire_bytes=50, disk_bytes=50, p50_ms=1, p99_ms=2, p999_ms=3),
            figure("resident memory", "9 heartbeats each", workers, 100 + workers / 1024, "MiB"),
            figure("database with its WAL", "9 heartbeats each", workers, workers / 2048, "MiB"),
            figure("ready after kill -9", "", workers, workers / 500_000, "s", ratios=[3.0, 4.0, 5.0],
                   budget=budget("ready", 2, at_least=False) if workers == FLEETS[-1] else None),
            figure("memory of one connection", "1000 of them", workers, 32, "KiB",
                   budget=budget("a connection", 24, at_least=False, reference="", unit="KiB") if workers == FLEETS[-1] else None),
            figure("ListWorkers, a page of 1000", "one by one", workers, 2, "ms", p50_ms=2, p99_ms=3),
        ]
    curve = [{"offered_per_second": rate, "accepted_per_second": rate, "p50_ms": rate / 1e5, "p99_ms": rate / 5e4,
              "p999_ms": rate / 1e4} for rate in (10_000, 50_000, 90_000)]
    return {"machine": MACHINE, "date": "2026-01-01", "seconds": 2, "rounds": 3, "pooled": 60, "fleets": FLEETS, "figures": figures,
            "curve": curve, "profiles": [{"what": "heartbeat", "shape": "8x64", "workers": 1_000_000, "cpu_us": 12.5,
                                           "shares": {"gRPC": 0.6, "kernel": 0.3, "Muster": 0.1},
                                           "ours": {"muster::Model::Beat": 0.05}}]}
