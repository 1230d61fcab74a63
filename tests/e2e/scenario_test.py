"""A Python client, generated from the protos: the walk-through, every call, and everything that must be refused."""
import unittest

import harness
from harness import ACTIVE, FAILED, OFFLINE, PENDING, Code, commands, micros, queries, refusal, until, worker


class WithDaemon(unittest.TestCase):
    flags = {"heartbeat_timeout": "2s", "activation_interval": "1s", "stale_interval": "1s", "reactivation_interval": "1s"}

    def setUp(self):
        self.directory = self.enterContext(harness.Directory())
        self.daemon = self.enterContext(harness.Daemon(self.directory, self.store(), **self.flags))

    def store(self):
        return harness.any_store(f"sqlite:{self.directory}/roll.db")


class WalkThrough(WithDaemon):
    def statuses(self):
        answer = self.daemon.queries.ListWorkers(queries.ListWorkersRequest())
        return {w.id: w.status for w in answer.workers}

    def wait_for(self, expected, beating=()):
        def reached():
            for worker_id in beating:
                self.daemon.beat(worker_id)
            return self.statuses() == expected
        until(reached, 60, f"{expected}, not {self.statuses()}")

    def test_three_workers(self):
        for number in (1, 2, 3):
            added = self.daemon.register(f"worker-{number}", capacity=number, capabilities=["gpu", "avx"],
                                         metadata={"rack": f"r{number}"})
            self.assertEqual(added.status, PENDING)
            self.assertEqual(list(added.capabilities), ["avx", "gpu"])
        self.wait_for({"worker-1": ACTIVE, "worker-2": ACTIVE, "worker-3": PENDING}, ["worker-1", "worker-2"])

        def active():  # and heard in time for it
            for worker_id in ("worker-1", "worker-2"):
                self.daemon.beat(worker_id)
            return [w.id for w in self.daemon.queries.ListWorkers(queries.ListWorkersRequest(statuses=[ACTIVE])).workers]
        until(lambda: active() == ["worker-1", "worker-2"], 60, "the list of those that are Active")
        self.assertEqual(self.daemon.get("worker-1").metadata, {"rack": "r1"})
        self.wait_for({"worker-1": OFFLINE, "worker-2": OFFLINE, "worker-3": PENDING})
        self.wait_for({"worker-1": ACTIVE, "worker-2": OFFLINE, "worker-3": PENDING}, ["worker-1"])
        self.daemon.unregister("worker-3")
        self.assertEqual(refusal(self.daemon.get, "worker-3").reason, "WORKER_NOT_FOUND")
        story = [(e.type, e.to_status, e.actor) for e in self.daemon.events(worker_id="worker-2")]
        self.assertEqual(story[:3], [(worker.EVENT_TYPE_REGISTERED, PENDING, story[0][2]),
                                     (worker.EVENT_TYPE_STATUS_CHANGED, ACTIVE, "job:activation"),
                                     (worker.EVENT_TYPE_STATUS_CHANGED, OFFLINE, "job:stale-detection")])


class EveryCall(WithDaemon):
    flags = harness.CALM

    def test_register_is_safe_to_retry_and_replace_fences(self):
        first = self.daemon.register("a", instance_id="one")
        self.assertEqual(self.daemon.register("a", instance_id="one"), first)
        self.assertEqual(refusal(self.daemon.register, "a", instance_id="two").reason, "WORKER_ALREADY_EXISTS")
        self.daemon.beat("a", instance_id="one")
        second = self.daemon.register("a", instance_id="two", capacity=9, replace=True)
        self.assertEqual((second.status, second.capacity, second.instance_id), (PENDING, 9, "two"))
        self.assertGreater(second.revision, first.revision)
        superseded = refusal(self.daemon.beat, "a", instance_id="one")
        self.assertEqual((superseded.code, superseded.reason), (Code.FAILED_PRECONDITION, "INSTANCE_SUPERSEDED"))
        self.daemon.beat("a", instance_id="two")
        self.daemon.beat("a")  # a simple client, not fenced
        self.assertEqual(self.daemon.get("a").heartbeats.total, 3)

    def test_heartbeat_tells_status_and_pacing_and_keeps_in_use(self):
        self.daemon.register("a")
        self.assertFalse(self.daemon.get("a").HasField("in_use"))
        answer = self.daemon.beat("a", in_use=3)
        self.assertEqual(answer.status, PENDING)
        self.assertEqual(answer.heartbeat_timeout.ToSeconds(), 120)
        self.assertLessEqual(answer.next_interval.ToSeconds(), 40)
        self.daemon.beat("a")  # says nothing: the latest value stays
        self.assertEqual(self.daemon.get("a").in_use, 3)
        self.assertTrue(self.daemon.get("a").heartbeats.fresh)
        last = self.daemon.queries.GetLastHeartbeat(queries.GetLastHeartbeatRequest(worker_id="a")).heartbeat
        self.assertEqual(last.ordinal, 2)

    def test_batch_answers_each(self):
        self.daemon.register("a")
        self.daemon.register("b", instance_id="now")
        beats = [commands.HeartbeatRequest(worker_id="a"), commands.HeartbeatRequest(worker_id="ghost"),
                 commands.HeartbeatRequest(worker_id="b", instance_id="before"), commands.HeartbeatRequest(worker_id="a"),
                 commands.HeartbeatRequest(worker_id="")]
        answer = self.daemon.commands.BatchHeartbeat(commands.BatchHeartbeatRequest(heartbeats=beats))
        self.assertEqual([r.error.reason for r in answer.results],
                         ["", "WORKER_NOT_FOUND", "INSTANCE_SUPERSEDED", "", "INVALID_ARGUMENT"])
        self.assertEqual(self.daemon.get("a").heartbeats.total, 2)
        self.assertEqual(self.daemon.get("b").heartbeats.total, 0)

    def test_history_is_newest_first_bounded_and_paged(self):
        self.daemon.register("a")
        for _ in range(130):
            self.daemon.beat("a")
        seen, token = [], ""
        while True:
            page = self.daemon.queries.ListHeartbeats(
                queries.ListHeartbeatsRequest(worker_id="a", page_size=30, page_token=token))
            seen += page.heartbeats
            token = page.next_page_token
            if not token:
                break
        self.assertEqual([h.ordinal for h in seen], list(range(130, 30, -1)))
        times = [micros(h.recorded_at) for h in seen]
        self.assertEqual(times, sorted(times, reverse=True))

    def test_status_by_hand_follows_the_state_machine(self):
        at_first = self.daemon.register("a")
        active = self.daemon.set_status("a", ACTIVE, expected_status=PENDING, reason="by hand")
        self.assertEqual(active.status_reason, "by hand")
        self.assertEqual(self.daemon.set_status("a", ACTIVE).revision, active.revision)  # a no-op
        missed = refusal(self.daemon.set_status, "a", OFFLINE, expected_revision=at_first.revision)
        self.assertEqual((missed.code, missed.reason), (Code.ABORTED, "INVALID_WORKER_STATE"))
        missed = refusal(self.daemon.set_status, "a", OFFLINE, expected_status=PENDING)
        self.assertEqual(missed.code, Code.ABORTED)
        illegal = refusal(self.daemon.set_status, "a", PENDING)
        self.assertEqual((illegal.code, illegal.reason), (Code.FAILED_PRECONDITION, "INVALID_STATE_TRANSITION"))
        self.daemon.set_status("a", FAILED)
        for status in (PENDING, ACTIVE, OFFLINE):
            self.assertEqual(refusal(self.daemon.set_status, "a", status).reason, "INVALID_STATE_TRANSITION")
        self.assertEqual(self.daemon.beat("a").status, FAILED)
        self.assertEqual(refusal(self.daemon.unregister, "a", expected_revision=1).code, Code.ABORTED)
        self.daemon.unregister("a")
        self.assertEqual(self.daemon.register("a").status, PENDING)

    def test_run_scheduler_says_whom_it_moved(self):
        self.daemon.register("a")
        self.daemon.register("b")
        self.daemon.beat("b")
        report = self.daemon.run_scheduler()
        self.assertEqual((report.activation.moved, list(report.activation.worker_ids)), (1, ["b"]))
        self.assertEqual((report.stale_detection.moved, report.reactivation.moved), (0, 0))

    def test_list_filters_and_pages(self):
        for number in range(25):
            self.daemon.register(f"w{number:02}", region="eu" if number % 2 else "us", metadata={"rack": str(number % 3)},
                                 capabilities=["gpu"] if number % 5 == 0 else [])
        def ids(**fields):
            out, token = [], ""
            while True:
                page = self.daemon.queries.ListWorkers(queries.ListWorkersRequest(page_token=token, **fields))
                out += [w.id for w in page.workers]
                token = page.next_page_token
                if not token:
                    return out
        everyone = [f"w{number:02}" for number in range(25)]
        self.assertEqual(ids(page_size=4), everyone)
        self.assertEqual(ids(region="us", page_size=3), everyone[0::2])
        self.assertEqual(ids(capability="gpu"), everyone[0::5])
        self.assertEqual(ids(metadata={"rack": "1"}, region="eu"), [w for w in everyone if int(w[1:]) % 6 == 1])
        self.assertEqual(ids(statuses=[FAILED]), [])
        token = self.daemon.queries.ListWorkers(queries.ListWorkersRequest(page_size=4)).next_page_token
        for bad in ("nonsense", token[:-1], token + "A"):
            refused = refusal(self.daemon.queries.ListWorkers, queries.ListWorkersRequest(page_token=bad))
            self.assertEqual(refused.code, Code.INVALID_ARGUMENT)
            self.assertIn("page_token", refused.fields)
        other = refusal(self.daemon.queries.ListWorkers, queries.ListWorkersRequest(page_token=token, region="eu"))
        self.assertIn("page_token", other.fields)

    def test_summary_and_events_add_up(self):
        self.daemon.register("a", region="eu", capacity=4)
        self.daemon.register("b", region="us", capacity=2)
        self.daemon.beat("a", in_use=1)
        self.daemon.run_scheduler()
        summary = self.daemon.summary()
        self.assertEqual((summary.workers, summary.heartbeats_recorded), (2, 1))
        self.assertEqual({c.status: c.workers for c in summary.by_status if c.workers}, {PENDING: 1, ACTIVE: 1})
        eu = summary.by_region[0]
        self.assertEqual((eu.region, eu.capacity, eu.in_use, eu.free_capacity), ("eu", 4, 1, 3))
        events = self.daemon.events()
        self.assertEqual([e.cursor for e in events], list(range(events[0].cursor, events[0].cursor + 3)))
        self.assertEqual(events[-1].cursor, summary.last_event_cursor)
        self.assertEqual([e.cursor for e in self.daemon.events(newest_first=True)], [e.cursor for e in events][::-1])
        self.assertEqual(len(self.daemon.events(after_cursor=events[0].cursor)), 2)

    def test_calls_of_a_later_version_say_so(self):
        self.assertEqual(refusal(next, self.daemon.queries.WatchWorkers(queries.WatchWorkersRequest())).code,
                         Code.UNIMPLEMENTED)

    def test_health_of_each_service(self):
        for service in (b"", b"muster.v1.WorkerCommands", b"muster.v1.WorkerQueries"):
            self.assertEqual(self.daemon.health(service), harness.SERVING)
        self.assertEqual(self.daemon.health(b"no.such.Service"), Code.NOT_FOUND)


class BadInput(WithDaemon):
    flags = {}

    def refused_field(self, field, call, *arguments, **fields):
        refused = refusal(call, *arguments, **fields)
        self.assertEqual((refused.code, refused.reason, refused.domain), (Code.INVALID_ARGUMENT, "INVALID_ARGUMENT", "muster"))
        self.assertEqual(list(refused.fields), [field], refused)
        self.assertNotIn(self.directory, refused.message)

    def test_each_field_of_register_is_checked(self):
        register = self.daemon.register
        for bad in ("", "-a", "a b", "a/b", "ä", "a\x00", "a\n", "x" * 129, "active"):
            self.refused_field("worker_id", register, bad)
        for bad in ("", "x" * 65):
            self.refused_field("region", register, "a", region=bad)
        for bad in (0, -1, -2**31):
            self.refused_field("capacity", register, "a", capacity=bad)
        for bad in (["a", "a"], [""], ["x" * 65], [str(n) for n in range(65)]):
            refused = refusal(register, "a", capabilities=bad)
            self.assertEqual(refused.code, Code.INVALID_ARGUMENT)
            self.assertTrue(next(iter(refused.fields)).startswith("capabilities"), refused)
        for bad in ({"k": "v" * 16384}, {str(n): "" for n in range(65)}):
            refused = refusal(register, "a", metadata=bad)
            self.assertEqual(refused.code, Code.INVALID_ARGUMENT)
            self.assertTrue(next(iter(refused.fields)).startswith("metadata"), refused)
        self.refused_field("instance_id", register, "a", instance_id="x" * 129)
        self.assertEqual(self.daemon.summary().workers, 0)
        self.assertEqual(list(self.daemon.events()), [])

    def test_the_other_calls_check_too(self):
        self.daemon.register("a")
        before = self.daemon.get("a")
        self.refused_field("worker_id", self.daemon.beat, "")
        self.refused_field("in_use", self.daemon.beat, "a", in_use=-1)
        self.refused_field("status", self.daemon.set_status, "a", 0)
        self.refused_field("status", self.daemon.set_status, "a", 77)
        self.refused_field("expected_status", self.daemon.set_status, "a", ACTIVE, expected_status=77)
        self.refused_field("reason", self.daemon.set_status, "a", ACTIVE, reason="x" * 257)
        for bad in (-1, 1001):
            self.refused_field("page_size", self.daemon.queries.ListWorkers, queries.ListWorkersRequest(page_size=bad))
        refused = refusal(self.daemon.queries.ListWorkers, queries.ListWorkersRequest(statuses=[77]))
        self.assertEqual(refused.code, Code.INVALID_ARGUMENT)
        self.refused_field("heartbeats", self.daemon.commands.BatchHeartbeat, commands.BatchHeartbeatRequest())
        many = commands.BatchHeartbeatRequest(heartbeats=[commands.HeartbeatRequest(worker_id="a")] * 1001)
        self.refused_field("heartbeats", self.daemon.commands.BatchHeartbeat, many)
        for call in (self.daemon.get, self.daemon.beat, self.daemon.unregister):
            refused = refusal(call, "ghost")
            self.assertEqual((refused.code, refused.reason), (Code.NOT_FOUND, "WORKER_NOT_FOUND"))
        after = self.daemon.get("a")
        self.assertEqual(after, before)

    def test_what_no_generated_client_would_send(self):
        call = self.daemon.channel.unary_unary("/muster.v1.WorkerCommands/RegisterWorker", lambda b: b, lambda b: b)
        invalid_utf8 = b"\x0a\x01a\x12\x02\xff\xfe\x18\x01"
        truncated = b"\x0a\x7fa"
        for body in (invalid_utf8, truncated):
            self.assertEqual(refusal(call, body).code, Code.INVALID_ARGUMENT, body)
        huge = commands.RegisterWorkerRequest(worker_id="a", metadata={"k": "v" * (64 << 20)}).SerializeToString()
        self.assertIn(refusal(call, huge).code, (Code.RESOURCE_EXHAUSTED, Code.INVALID_ARGUMENT))
        self.assertEqual(self.daemon.summary().workers, 0)


@unittest.skipIf(harness.POSTGRES, "runs with any store")
class EveryCallInMemory(EveryCall):
    def store(self):
        return "memory:"


if __name__ == "__main__":
    harness.main()
