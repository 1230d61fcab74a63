"""Single heartbeats, and the same on streams that stay open, against a server that answers inline and does nothing: what Muster
costs above gRPC."""
from figures import Figure, compared
from measuring import SHAPES, alternate, check_kept, check_recorded, costs_of, measure as load_for_a_while

MEMORY_UP_TO = 1_000  # workers: what the store adds does not change with the fleet
STREAMS = "StreamHeartbeats sqlite"


def measure(bench, roll):
    memory = bench.memory_roll(roll.workers) if roll.workers <= MEMORY_UP_TO else None
    for shape in SHAPES:
        turns = {"Heartbeat no-op": lambda: once(bench, bench.noop, "heartbeat", shape)}
        if memory:
            turns["Heartbeat memory"] = lambda: once(bench, memory, "heartbeat", shape)
        turns["Heartbeat sqlite"] = lambda: once(bench, roll, "heartbeat", shape)
        turns[STREAMS] = lambda: once(bench, roll, "stream", shape)
        add_figures(bench, roll, shape, alternate(bench.rounds(roll), **turns))
    if memory:
        check_kept(bench.options, memory)
        bench.stop(memory)


def once(bench, server, what, shape):
    figure = load_for_a_while(bench.options, server, what, SHAPES[shape])
    if server is not bench.noop:
        check_recorded(bench.options, server)
    return figure


def add_figures(bench, roll, shape, measured):
    budgets = {("Heartbeat sqlite", "8x64"): "heartbeat 8x64", ("Heartbeat sqlite", "1000x1"): "heartbeat 1000x1",
               (STREAMS, "8x64"): "stream 8x64"}
    yardstick = rates(measured["Heartbeat no-op"])
    for what, rounds in measured.items():
        against = {}
        if what != "Heartbeat no-op":
            name = budgets.get((what, shape))
            against = {"to": "unary no-op", "ratios": compared(rates(rounds), yardstick),
                       "budget": bench.budget(name, roll) if name else None}
        bench.add(Figure("heartbeat", what, shape, roll.workers, "/s", rates(rounds), costs=costs_of(rounds), **against))


def rates(rounds):
    return [figure["accepted_per_second"] for figure in rounds]
