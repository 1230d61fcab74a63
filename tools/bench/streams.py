"""StreamHeartbeats: the same heartbeats on streams that stay open, a few busy ones and one for each of 1,000 agents."""
from figures import Figure
from heartbeats import rates
from measuring import SHAPES, check_recorded, costs_of, measure as load_for_a_while


def measure(bench, roll):
    for shape_name, shape in SHAPES.items():
        yardstick, streams = [], []
        for _ in range(bench.options.rounds):
            yardstick.append(load_for_a_while(bench.options, bench.noop, "heartbeat", shape))
            streams.append(load_for_a_while(bench.options, roll, "stream", shape))
            check_recorded(bench.options, roll)
        beats = [figure["accepted_per_second"] for figure in streams]
        bench.add(Figure("stream", "StreamHeartbeats sqlite", shape_name, roll.workers, "/s", beats, to="unary no-op",
                         ratios=[a / b for a, b in zip(beats, rates(yardstick))], costs=costs_of(streams)))
