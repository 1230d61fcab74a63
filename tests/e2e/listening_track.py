"""What the daemons say of the listening clock, over the time of a test."""
import time

from balancer import PAUSE, Client
from harness import queries

EVERY = 0.3


def wall_micros():
    return time.time_ns() // 1000


class ListeningTrack(Client):
    def __init__(self, balancer):
        super().__init__(balancer, "listening track")
        self.samples = []  # (wall before, clock, wall after), microseconds

    def act(self):
        while not self.ended.is_set():
            before = wall_micros()
            summary = self.attempt("summary", queries.GetFleetSummaryRequest())
            if summary is None:
                self.ended.wait(PAUSE)
                continue
            self.samples.append((before, summary.listening.clock.ToMicroseconds(), wall_micros()))
            self.ended.wait(EVERY)

    def at_least(self, wall):
        """The clock had passed this much by then."""
        return max((clock for _, clock, after in self.samples if after <= wall), default=0)

    def at_most(self, wall):
        return min((clock for before, clock, _ in self.samples if before >= wall), default=self.samples[-1][1])

    def set_back(self):
        """How far at most one daemon was behind what another had said before, in seconds."""
        most = ahead = 0
        for _, clock, _ in self.samples:
            ahead = max(ahead, clock)
            most = max(most, ahead - clock)
        return most / 1e6

    def stood_still(self):
        """For how much of the time, in seconds."""
        (begin, first, _), (_, last, end) = self.samples[0], self.samples[-1]
        return (end - begin - (last - first)) / 1e6
