"""What lives around the daemons: relays and agents that beat, an operator who changes the roll, and newcomers who are
heard once and never again. Each keeps a ledger of what was acknowledged, to hold the roll to."""
import collections
import itertools
import random
import time

from balancer import PAUSE, Client
from harness import ACTIVE, FAILED, OFFLINE, PENDING, Code, commands, grpc, micros, queries, worker

REMEMBERED = 50
AT_ONCE = 100  # registrations


class Ledger:
    """Of the heartbeats of some workers, all of which beat together."""

    def __init__(self):
        self.acknowledged = collections.Counter()
        self.in_doubt = collections.Counter()  # recorded or not
        self.recent = {}  # id -> when its latest were recorded, microseconds

    def acknowledge(self, ids, recorded_at):
        for worker_id in ids:
            self.acknowledged[worker_id] += 1
            self.recent.setdefault(worker_id, collections.deque(maxlen=REMEMBERED)).append(recorded_at)

    def last(self, worker_id):
        return self.recent[worker_id][-1]


class Beater(Client):
    """Beats for its workers every `interval` seconds; at once on another daemon where one fails."""

    def __init__(self, balancer, name, ids, interval):
        super().__init__(balancer, name)
        self.ids, self.interval = list(ids), interval
        self.ledger = Ledger()
        self.last_heard = 0.0  # when the last one was sent that was acknowledged
        self.longest_silence = 0.0

    def act(self):
        for some in itertools.zip_longest(*[iter(self.ids)] * AT_ONCE):
            self.insist("register_all", [commands.RegisterWorkerRequest(worker_id=worker_id, region=self.name, capacity=4,
                                                                        instance_id="1") for worker_id in some if worker_id])
        self.ended.wait(random.uniform(0, self.interval))
        while not self.ended.is_set():
            begin = time.monotonic()
            if self.beat_once():
                if self.last_heard:
                    self.longest_silence = max(self.longest_silence, begin - self.last_heard)
                self.last_heard = begin
                self.ended.wait(max(0, begin + self.interval * random.uniform(0.9, 1.1) - time.monotonic()))
            else:
                self.ended.wait(PAUSE)

    def beat_once(self):
        ids = self.ids
        recorded_at = self.send(ids)
        if recorded_at is None:
            if self.in_doubt:
                self.ledger.in_doubt.update(ids)
            return False
        self.ledger.acknowledge(ids, recorded_at)
        return True

    def silence(self, ids):
        """These die: nobody beats for them any more. Whether a heartbeat of theirs is under way is not known."""
        gone = set(ids)
        self.ids = [worker_id for worker_id in self.ids if worker_id not in gone]

    def resume(self, ids):
        self.ids = self.ids + list(ids)


class Relay(Beater):
    """Many workers, one call."""

    encoded = ()

    def send(self, ids):
        if self.encoded == () or self.encoded[0] is not ids:
            beats = [commands.HeartbeatRequest(worker_id=worker_id, instance_id="1") for worker_id in ids]
            self.encoded = (ids, commands.BatchHeartbeatRequest(heartbeats=beats))
        answer = self.attempt("beat_batch", self.encoded[1])
        if answer is None:
            return None
        refused = [(i, result.error) for i, result in zip(ids, answer.results) if result.HasField("error")]
        assert not refused and len(answer.results) == len(ids), refused
        return micros(answer.recorded_at)


class Agent(Beater):
    """One worker, one call."""

    def send(self, ids):
        answer = self.attempt("beat", commands.HeartbeatRequest(worker_id=ids[0], instance_id="1", in_use=1))
        return None if answer is None else micros(answer.recorded_at)


class Newcomers(Client):
    """One after the other registers, is heard once, and dies: each has to become Active, and Offline later. So there
    is work for every run of every job, and it shows when none ran."""

    def __init__(self, balancer, interval):
        super().__init__(balancer, "newcomers")
        self.interval = interval
        self.heard = {}  # id -> when, microseconds

    def act(self):
        for number in itertools.count():
            worker_id = f"newcomer-{number:04}"
            self.insist("register", commands.RegisterWorkerRequest(worker_id=worker_id, region="new", capacity=1,
                                                                   instance_id="1"))
            answer = None
            while answer is None and not self.ended.is_set():
                answer = self.attempt("beat", commands.HeartbeatRequest(worker_id=worker_id))
                if answer is None:
                    self.ended.wait(PAUSE)
            if answer is not None:
                self.heard[worker_id] = micros(answer.recorded_at)
            if self.ended.wait(self.interval):
                return


class Operator(Client):
    """Registers, moves and unregisters workers of its own, and retries until each is done."""

    def __init__(self, balancer, name, pause):
        super().__init__(balancer, name)
        self.pause = pause
        self.known = {}  # id -> the worker as acknowledged
        self.done = []  # (id, type, revision, to), acknowledged; of an unregistration the revision that went
        self.random = random.Random(name)

    def act(self):
        for number in itertools.count():
            worker_id = f"{self.name}-{self.random.randrange(50)}"
            found = self.known.get(worker_id)
            if found is None:
                self.register_anew(worker_id, number)
            elif found.status == FAILED or self.random.random() < 0.2:
                self.unregister_it(found)
            else:
                following = {PENDING: ACTIVE, ACTIVE: self.random.choice([OFFLINE, FAILED]), OFFLINE: ACTIVE}
                self.move(found, following[found.status])
            if self.ended.wait(self.pause):
                return

    def register_anew(self, worker_id, number):
        request = commands.RegisterWorkerRequest(worker_id=worker_id, region=self.name, capacity=1,
                                                 instance_id=str(number), metadata={"n": str(number)})
        try:
            added = self.insist("register", request)  # a retry of what was done is answered alike
        except grpc.RpcError as error:  # a try of long ago, on a daemon that was stopped, was done now
            return self.look(worker_id, error)
        if added is not None:
            self.known[worker_id] = added
            self.done.append((worker_id, worker.EVENT_TYPE_REGISTERED, added.revision, PENDING))

    def unregister_it(self, found):
        request = commands.UnregisterWorkerRequest(worker_id=found.id, expected_revision=found.revision)
        try:
            if self.insist("unregister", request) is None:
                return
            del self.known[found.id]
            self.done.append((found.id, worker.EVENT_TYPE_UNREGISTERED, found.revision, 0))
        except grpc.RpcError as error:  # a try without an answer was done, or a job was faster
            self.look(found.id, error)

    def move(self, found, status):
        request = commands.UpdateWorkerStatusRequest(worker_id=found.id, status=status, expected_revision=found.revision)
        try:
            moved = self.insist("set_status", request)
            if moved is None:
                return
            self.known[found.id] = moved
            self.done.append((found.id, worker.EVENT_TYPE_STATUS_CHANGED, moved.revision, status))
        except grpc.RpcError as error:
            self.look(found.id, error)
            return
        self.look_elsewhere(moved)

    def look_elsewhere(self, moved):
        """What one daemon acknowledged, every other one shows."""
        self.hang_up()
        shown = self.insist("get", queries.GetWorkerRequest(worker_id=moved.id, view=worker.WORKER_VIEW_BASIC))
        if shown is not None:
            assert shown.revision >= moved.revision, f"acknowledged {moved}, then shown {shown}"

    def look(self, worker_id, refusal):
        assert refusal.code() in (Code.ABORTED, Code.NOT_FOUND, Code.ALREADY_EXISTS), refusal
        self.known.pop(worker_id, None)
        try:
            found = self.insist("get", queries.GetWorkerRequest(worker_id=worker_id, view=worker.WORKER_VIEW_BASIC))
            if found is not None:
                self.known[worker_id] = found
        except grpc.RpcError as error:
            assert error.code() == Code.NOT_FOUND, error
