"""Every budget of the design, in one place. A budget is a ratio to a reference that was measured in the same run, round by
round in turn with it: absolute times depend on the machine, ratios hardly do. Only memory has absolute ones.

They are held by the largest fleet of a run. What smaller fleets show is how cost grows.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Budget:
    what: str  # for people
    reference: str  # what the ratio is taken to; empty: the figure itself has to meet the budget
    at_least: bool  # else at most
    limit: float
    dream: float
    unit: str = ""  # of a figure without a reference

    def verdict(self, interval):
        """It is missed only where the whole interval lies beyond it, and met where all of it lies within."""
        within = [self.met_by(number) for number in interval]
        return "met" if all(within) else "open" if any(within) else "MISSED"

    def met_by(self, number):
        return number >= self.limit if self.at_least else number <= self.limit

    def text(self, number):
        return f"{'≥' if self.at_least else '≤'} {number:g}{' ' + self.unit if self.unit else ''}"


def at_least(what, reference, limit, dream):
    return Budget(what, reference, True, limit, dream)


def at_most(what, reference, limit, dream):
    return Budget(what, reference, False, limit, dream)


def memory(what, limit, dream):
    return Budget(what, "", False, limit, dream, "KiB")


QUIET = "the same while it is quiet"

BUDGETS = {
    "heartbeat 8x64": at_least("Heartbeat, durable, 8x64", "a gRPC server that does nothing", 0.75, 0.95),
    "heartbeat 1000x1": at_least("Heartbeat, durable, 1000x1", "a gRPC server that does nothing", 0.80, 0.95),
    "stream 8x64": at_least("StreamHeartbeats, durable, 8x64", "single calls to the server that does nothing", 2, 4),
    "batch to the journal": at_least("BatchHeartbeat of 1,000", "raw appends to an SQLite journal", 1, 1.5),
    "batch to Redis": at_least("BatchHeartbeat of 1,000", "Redis, appendfsync always, pipelined by 1,000", 4, 8),
    "batch on PostgreSQL": at_least("BatchHeartbeat of 1,000 on PostgreSQL", "the set-based statement by hand", 1.2, 2),
    "bad client on PostgreSQL": at_least("BatchHeartbeat on PostgreSQL beside a client of bad heartbeats", "without that client", 0.8, 1),
    "empty sweep": at_most("a run of all jobs, nobody moves: its own time", "the same with 1,000 workers", 2, 1.2),
    "empty sweep on PostgreSQL": at_most("a run of all jobs on PostgreSQL, nobody moves", "a bare scan of the same rows", 1.2, 0.1),
    "locked sweep on PostgreSQL": at_most("the same while a stranger locks the roll's row", "without the stranger", 2, 1),
    "expiry": at_most("the whole fleet expires", "a bare SQLite loop that writes the same rows", 1.5, 1.1),
    "expiry p99": at_most("p99 of heartbeats while the whole fleet expires", QUIET, 20, 5),
    "page": at_most("a page of 1,000 workers", "the same with 1,000 workers", 1.2, 1),
    "restart": at_most("ready after kill -9", "a bare read of the same database", 5, 2),
    "queries p99": at_most("p99 of heartbeats beside pages, summaries and full lists", QUIET, 2, 1.2),
    "memory of a worker": memory("memory for each worker, 100 heartbeats of history", 1, 0.6),
    "memory of a connection": memory("memory for each connection", 24, 12),
}
for _what in ("heartbeats", "batches"):
    BUDGETS[f"overload by {_what}"] = at_least(f"accepted of twice the {_what}", "the peak", 0.9, 1)
    BUDGETS[f"overload by {_what} p99"] = at_most(f"p99 of twice the {_what}", "the peak with as many in flight", 1.5, 1.1)
