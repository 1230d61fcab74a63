"""The events as a reader sees them, and whether they tell a story that can be true."""
import collections

from balancer import PAUSE, Client
from harness import ACTIVE, FAILED, OFFLINE, PENDING, queries, worker

LEGAL = {(PENDING, ACTIVE), (ACTIVE, OFFLINE), (OFFLINE, ACTIVE), (PENDING, FAILED), (ACTIVE, FAILED), (OFFLINE, FAILED)}


class EventReader(Client):
    """Reads the events by cursor from one daemon, through its restarts. Asserts that none is missing or comes twice."""

    def __init__(self, balancer, daemon, interval=0.2):
        super().__init__(balancer, f"reader of {daemon.directory.name}")
        self.interval = interval
        self.events = []

    def act(self):
        while not self.ended.is_set():
            page = self.attempt("list_events", queries.ListEventsRequest(after_cursor=self.cursor, page_size=1000))
            if page is None:
                self.ended.wait(PAUSE)
                continue
            for event in page.events:
                assert event.cursor == self.cursor + 1, f"after {self.cursor} came {event}"
                self.events.append(event)
            if not page.next_page_token:
                self.ended.wait(self.interval)

    @property
    def cursor(self):
        return self.events[-1].cursor if self.events else 0


class Story:
    """What the events say of each worker."""

    def __init__(self, events):
        self.status, self.revision = {}, {}
        self.by_change = collections.Counter()
        self.moves = collections.defaultdict(list)  # id -> its status changes
        for event in events:
            if event.worker_id:
                self.tell(event)

    def tell(self, event):
        """Each event has to follow from the one before."""
        worker_id, known = event.worker_id, self.status.get(event.worker_id)
        assert event.revision > self.revision.get(worker_id, 0), f"the revision does not grow: {event}"
        if event.type == worker.EVENT_TYPE_REGISTERED:
            assert known is None, f"registered twice: {event}"
            self.status[worker_id] = PENDING
        elif event.type == worker.EVENT_TYPE_UNREGISTERED:
            assert known is not None, f"unregistered, but was not there: {event}"
            self.by_change[worker_id, event.type, self.revision[worker_id], 0] += 1
            del self.status[worker_id]
        else:
            assert event.type == worker.EVENT_TYPE_STATUS_CHANGED, event
            assert event.from_status == known, f"from {known}? {event}"
            assert (event.from_status, event.to_status) in LEGAL, event
            self.status[worker_id] = event.to_status
            self.moves[worker_id].append(event)
        self.revision[worker_id] = event.revision
        if event.type != worker.EVENT_TYPE_UNREGISTERED:
            self.by_change[worker_id, event.type, event.revision, self.status[worker_id]] += 1

    def to_offline(self, worker_id):
        return [event for event in self.moves[worker_id] if event.to_status == OFFLINE]
