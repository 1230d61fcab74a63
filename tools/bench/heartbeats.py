"""Single heartbeats against a server that answers inline and does nothing: what Muster costs above gRPC."""
from figures import Figure, ratio_at_least
from measuring import SHAPES, check_kept, check_recorded, costs_of, measure as load_for_a_while

BUDGETS = {("sqlite", "8x64"): ratio_at_least(0.75), ("sqlite", "1000x1"): ratio_at_least(0.85)}
ROUNDS = 2  # times those of the rest: two servers that take turns, on a machine that changes its pace, differ by a tenth and more
MEMORY_UP_TO = 10_000  # workers: what the store adds does not change with the fleet


def measure(bench, roll):
    subjects = [roll]
    if roll.workers <= MEMORY_UP_TO:
        subjects.insert(0, bench.memory_roll(roll.workers))
    rounds = {}
    for _ in range(ROUNDS * bench.options.rounds):
        for shape_name, shape in SHAPES.items():
            for server in [bench.noop, *subjects]:
                figure = load_for_a_while(bench.options, server, "heartbeat", shape)
                rounds.setdefault((server.name, shape_name), []).append(figure)
                if server is not bench.noop:
                    check_recorded(bench.options, server)
    for shape_name in SHAPES:
        yardstick = rates(rounds["no-op", shape_name])
        for server in [bench.noop, *subjects]:
            measured = rounds[server.name, shape_name]
            compared = {} if server is bench.noop else {
                "to": "no-op", "ratios": [a / b for a, b in zip(rates(measured), yardstick)],
                "budget": BUDGETS.get((server.name, shape_name))}
            bench.add(Figure("heartbeat", f"Heartbeat {server.name}", shape_name, roll.workers, "/s", rates(measured),
                             costs=costs_of(measured), **compared))
    for server in subjects:
        if server is not roll:
            check_kept(bench.options, server)
            bench.stop(server)


def rates(rounds):
    return [figure["calls_per_second"] for figure in rounds]
