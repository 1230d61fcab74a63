"""Three daemons on one PostgreSQL, 10,000 workers behind them, and everything that may fail does: each daemon in turn,
the server, its host. Nothing that was acknowledged is lost, nobody who was heard is called Offline, the dead are
found, and every transition happens once."""
import datetime
import re
import signal
import time
import unittest

import harness
import postgres
from agents import Agent, Newcomers, Operator, Relay
from balancer import Balancer
from event_log import EventReader, Story
from harness import ACTIVE, OFFLINE, micros, queries, until, worker
from listening_track import ListeningTrack, wall_micros

TIMEOUT, STALE_INTERVAL, ACTIVATION_INTERVAL = 10, 5, 3
FLAGS = {"heartbeat_timeout": f"{TIMEOUT}s", "activation_interval": f"{ACTIVATION_INTERVAL}s",
         "stale_interval": f"{STALE_INTERVAL}s", "reactivation_interval": "5s",
         "guard_share": "1"}  # the guard would hide mistakes
TICK = TIMEOUT / 20
ALLOWANCE = TIMEOUT / 3
# Who follows goes by what it heard, brought forward by two ticks at most when it hears it, and by two more until it
# hears again; who takes over, by what was stored, a tick ago.
APART = 6 * TICK
RELAYS, PER_RELAY, AGENTS = 10, 1000, 20
LEADS, FOLLOWS = "this daemon leads", "this daemon does not lead any more"
LONGEST_BACKOFF = 5  # of a daemon that tries to reach the server again
SECOND = 1_000_000


def seconds(micros_):
    return micros_ / SECOND


class Cluster:
    """A primary, its replica, and three daemons that know both."""

    def __init__(self, enter_context):
        self.primary = enter_context(postgres.Postgres())
        self.replica = enter_context(postgres.Replica(self.primary))
        url = postgres.url_of(self.primary, self.replica) + "?target_session_attrs=read-write"
        self.daemons, self.killed = [], []
        for number in range(3):
            directory = enter_context(harness.Directory())
            self.daemons.append(enter_context(harness.Daemon(directory, store=url, **FLAGS)))

    def kill(self, daemon):
        daemon.kill()
        self.killed.append((wall_micros(), daemon))

    def reigns(self):
        """Who led, as the daemons knew it: (begin, end, daemon), by the wall clock, oldest first."""
        found = []
        for daemon in self.daemons:
            turns = [(at, False) for at, killed in self.killed if killed is daemon]
            for line in daemon.log().splitlines():
                if LEADS in line or FOLLOWS in line:
                    at = datetime.datetime.fromisoformat(re.match(r"\S+?(?=Z)", line)[0] + "+00:00")
                    turns.append((int(at.timestamp() * SECOND), LEADS in line))
            turns.sort()
            for (begin, leads), (end, _) in zip(turns, [*turns[1:], (wall_micros(), False)]):
                if leads:
                    found.append((begin, end, daemon))
        return sorted(found, key=lambda each: each[0])

    def leader(self):
        """The one that leads, and was seen to do so: after an outage the lead may be about to move."""
        sql = "SELECT holder, leader_beat FROM roll JOIN daemons ON daemons.id = leader"
        seen = self.primary.psql(sql)

        def counted_up():
            nonlocal seen
            before, seen = seen, self.primary.psql(sql)
            return seen and before != seen and before.split("|")[0] == seen.split("|")[0]
        until(counted_up, 60, "a leader")
        return next(daemon for daemon in self.daemons if seen.startswith(f"musterd {daemon.address}|"))

    def taken_over(self, since):
        """Waits until somebody takes the lead. Returns how long that took."""
        return seconds(until(lambda: [begin for begin, *_ in self.reigns() if begin > since], 60, "a new leader")[0] - since)

    def is_in_a_transaction(self):
        """Whether a daemon, one that is stopped, sits in a transaction, and everybody else waits for it."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'musterd' AND state = 'idle in transaction'"
        return all(self.primary.psql(sql) != "0" for _ in range(2))


class Shared(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(self.enterContext)
        self.balancer = Balancer(self.cluster.daemons)
        ids = [f"worker-{number:05}" for number in range(RELAYS * PER_RELAY)]
        self.relays = [Relay(self.balancer, f"relay-{n}", ids[n::RELAYS], 2.5) for n in range(RELAYS)]
        self.agents = [Agent(self.balancer, f"agent-{n:02}", [f"agent-{n:02}"], 1.0) for n in range(AGENTS)]
        self.operators = [Operator(self.balancer, f"operator-{n}", 0.05) for n in range(2)]
        self.newcomers = Newcomers(self.balancer, 1.0)
        self.readers = [EventReader(self.balancer, daemon) for daemon in self.cluster.daemons]
        self.track = ListeningTrack(self.balancer)
        self.died = {}  # id -> when, by the wall clock
        self.outages = []  # (begin, end, what), by the wall clock
        self.everybody = [*self.relays, *self.agents, *self.operators, self.newcomers, *self.readers, self.track]
        for client in self.everybody:
            client.start()
            self.addCleanup(client.ended.set)

    @property
    def beaters(self):
        return self.relays + self.agents

    def wait_for_all(self, since, limit=90):
        """Until each relay and agent had a heartbeat acknowledged that it sent after `since`."""
        def silent():
            for client in self.everybody:
                client.check()
            return [beater.name for beater in self.beaters if beater.last_heard < since]
        until(lambda: not silent(), limit, "everybody to be heard again")

    def outage(self, what, action):
        """Some die, then `action`; the outage is over when all others are heard again."""
        for relay in self.relays:
            victims = relay.ids[:2]
            relay.silence(victims)
            self.died.update(dict.fromkeys(victims, wall_micros()))
        begin = wall_micros()
        told = action()
        self.wait_for_all(time.monotonic())
        self.outages.append((begin, wall_micros(), what))
        print(f"  {what}: over after {seconds(wall_micros() - begin):.1f} s{told or ''}", flush=True)

    # What happens.

    def test_everything_fails(self):
        try:
            self.play()
        except BaseException:
            for daemon in self.cluster.daemons:
                print(f"--- {daemon.address}\n{daemon.log()[-6000:]}")
            raise

    def play(self):
        cluster = self.cluster
        begin = time.monotonic()
        until(lambda: all(beater.last_heard for beater in self.beaters), 120, "everybody heard")
        print(f"\n  {RELAYS * PER_RELAY + AGENTS} workers beat after {time.monotonic() - begin:.1f} s", flush=True)
        until(lambda: cluster.daemons[0].summary().by_status[0].workers < 100, 60, "all Active")
        for name in ("the leader", "the next leader"):
            self.outage(f"kill -9 of {name}", self.kill_the_leader)
        self.outage("kill -9 of a follower", self.kill_a_follower)
        self.outage("PostgreSQL restarted", cluster.primary.restart)
        self.outage("kill -9 of PostgreSQL", self.kill_the_server)
        self.outage("leader stopped for longer than the timeout", self.stop_the_leader)
        self.outage("fail-over to the replica", self.fail_over)
        self.last_ones_die_and_first_ones_return()
        self.check_everything()
        print(f"  {time.monotonic() - begin:.0f} s in all", flush=True)

    def kill_the_leader(self):
        leader = self.cluster.leader()
        at = wall_micros()
        self.cluster.kill(leader)
        took = self.cluster.taken_over(at)
        self.assertLess(took, TIMEOUT, "taken over before anybody could count as silent")
        leader.start()
        return f", taken over after {took:.1f} s"

    def kill_a_follower(self):
        follower = next(daemon for daemon in self.cluster.daemons if daemon is not self.cluster.leader())
        self.cluster.kill(follower)
        follower.start()

    def kill_the_server(self):
        self.cluster.primary.kill9()
        self.cluster.primary.start()

    def stop_the_leader(self):
        """At the worst moment: while it holds the lock that every change needs."""
        leader = self.cluster.leader()
        busy = [Operator(Balancer([leader]), f"busy-{number}", pause=0) for number in range(4)]
        self.operators += busy
        for operator in busy:
            operator.start()
        for _ in range(200):
            at = wall_micros()
            leader.signal(signal.SIGSTOP)
            if self.cluster.is_in_a_transaction():
                break
            leader.signal(signal.SIGCONT)
            time.sleep(0.02)
        else:
            self.fail("the leader was never caught in a transaction")
        for operator in busy:
            operator.balancer, operator.pause = self.balancer, 0.2
        took = self.cluster.taken_over(at)
        self.assertLess(took, TIMEOUT, "taken over before anybody could count as silent")
        self.wait_for_all(time.monotonic())
        until(lambda: wall_micros() - at > 1.2 * TIMEOUT * SECOND, 2 * TIMEOUT, "the timeout")
        leader.signal(signal.SIGCONT)
        until(lambda: FOLLOWS in leader.log(), 60, "the woken one to follow")
        return f", taken over after {took:.1f} s"

    def fail_over(self):
        self.cluster.primary.kill9()
        self.cluster.replica.promote()

    def last_ones_die_and_first_ones_return(self):
        returning = [worker_id for worker_id in self.died][:2 * RELAYS]
        for relay in self.relays:
            mine = [worker_id for worker_id in returning if worker_id in relay.ledger.acknowledged]
            relay.resume(mine)
        self.returned = set(returning)
        last = [relay.ids[0] for relay in self.relays]
        for relay, worker_id in zip(self.relays, last):
            relay.silence([worker_id])
        self.died.update(dict.fromkeys(last, wall_micros()))
        self.newcomers.stop()
        dead = (set(self.died) | set(self.newcomers.heard)) - self.returned
        reader = self.readers[0]

        def settled():
            status = {event.worker_id: event.to_status for event in list(reader.events)}
            return all(status.get(i) == OFFLINE for i in dead) and all(status.get(i) == ACTIVE for i in self.returned)
        # How long that may take is asserted by the listening clock.
        until(settled, 90, "all dead Offline, and those who returned Active")

    # What must be true.

    def check_everything(self):
        for client in [*self.beaters, *self.operators]:
            client.stop()
            client.check()
        events = self.read_to_the_end()
        self.track.stop()
        for daemon in self.cluster.daemons:
            self.assertEqual(daemon.has_ended(), False)
        story = Story(events)
        roll = self.whole_roll()
        self.check_nothing_is_lost(story, roll)
        self.check_heartbeats(roll)
        self.check_nobody_is_called_offline_wrongly(story)
        self.check_the_dead_are_found(story, roll)
        self.check_jobs_went_on(story)
        self.check_leaders()
        lines = [len(daemon.log().splitlines()) for daemon in self.cluster.daemons]
        self.assertLess(max(lines), 400, "the logs are not flooded")
        print(f"  {len(events)} events, {max(lines)} lines of log at most", flush=True)

    def read_to_the_end(self):
        last = self.cluster.daemons[0].summary().last_event_cursor
        for reader in self.readers:
            until(lambda: reader.cursor >= last or reader.failure, 60, f"the {reader.name}")
            reader.stop()
            reader.check()
        first, *others = [reader.events[:last] for reader in self.readers]
        for other in others:
            self.assertEqual(other, first, "every daemon tells the same story")
        self.assertEqual([event.cursor for event in first], list(range(1, last + 1)))
        return first

    def whole_roll(self):
        roll, token = {}, ""
        while True:
            request = queries.ListWorkersRequest(page_size=1000, page_token=token, view=worker.WORKER_VIEW_HEARTBEATS)
            page = self.cluster.daemons[1].queries.ListWorkers(request, timeout=60)
            roll.update((found.id, found) for found in page.workers)
            token = page.next_page_token
            if not token:
                return roll

    def check_nothing_is_lost(self, story, roll):
        self.assertEqual({i: found.status for i, found in roll.items()}, story.status)
        self.assertEqual({i: found.revision for i, found in roll.items()}, {i: story.revision[i] for i in roll})
        done = [change for operator in self.operators for change in operator.done]
        for change in done:
            self.assertEqual(story.by_change[change], 1, f"{change} was acknowledged")
        self.assertEqual({i for beater in self.beaters for i in beater.ledger.acknowledged} - set(roll), set())
        print(f"  {len(done)} changes by hand acknowledged, each one there, once")

    def check_heartbeats(self, roll):
        acknowledged = in_doubt = 0
        for beater in self.beaters:
            ledger = beater.ledger
            acknowledged += ledger.acknowledged.total()
            in_doubt += ledger.in_doubt.total()
            for worker_id, count in ledger.acknowledged.items():
                total = roll[worker_id].heartbeats.total
                self.assertGreaterEqual(total, count, f"{worker_id} lost heartbeats")
                self.assertLessEqual(total, count + ledger.in_doubt[worker_id], f"{worker_id} grew heartbeats")
            sample = list(ledger.acknowledged)[::200]
            for worker_id in sample:
                self.check_history(worker_id, roll[worker_id].heartbeats.total, ledger.recent[worker_id])
        longest = max(beater.longest_silence for beater in self.beaters)
        print(f"  {acknowledged} heartbeats acknowledged, all there ({in_doubt} without an answer); "
              f"the longest that one waited: {longest:.1f} s")

    def check_history(self, worker_id, total, recent):
        request = queries.ListHeartbeatsRequest(worker_id=worker_id, page_size=100)
        kept = self.cluster.daemons[2].queries.ListHeartbeats(request, timeout=20).heartbeats
        self.assertEqual([each.ordinal for each in kept], list(range(total, max(0, total - 100), -1)), worker_id)
        self.assertEqual(set(recent) - {micros(each.recorded_at) for each in kept}, set(), worker_id)

    def check_nobody_is_called_offline_wrongly(self, story):
        wrong = []
        for beater in self.beaters:
            for worker_id in beater.ledger.acknowledged:
                for event in story.to_offline(worker_id):
                    if worker_id not in self.died or micros(event.occurred_at) < self.died[worker_id]:
                        wrong.append(event)
        self.assertEqual(len(wrong), 0, f"falsely Offline: {wrong[:3]}")
        print("  0 falsely Offline")

    def check_the_dead_are_found(self, story, roll):
        worst = slowest = 0
        for worker_id in (set(self.died) | set(self.newcomers.heard)) - self.returned:
            heard, offline = micros(roll[worker_id].last_heartbeat_at), story.to_offline(worker_id)
            self.assertEqual(roll[worker_id].status, OFFLINE)
            found = micros(offline[-1].occurred_at)
            silent_at_least = seconds(self.track.at_least(found) - self.track.at_most(heard))
            silent_at_most = seconds(self.track.at_most(found) - self.track.at_least(heard))
            # A run that failed in an outage is made up for after a second, and one whose runner died when that is noticed.
            late = (1 + 5 * TICK) * any(heard < end and begin < found for begin, end, _ in self.outages)
            self.assertLess(silent_at_least, TIMEOUT + STALE_INTERVAL + late + APART, f"{worker_id} was found late")
            self.assertGreater(silent_at_most, TIMEOUT - APART, f"{worker_id} was found early")
            worst = max(worst, seconds(found - heard))
            slowest = max(slowest, silent_at_least)
        self.assertLess(self.track.set_back(), APART, "all daemons go by one clock")
        still, out = self.track.stood_still(), sum(seconds(end - begin) for begin, end, _ in self.outages)
        self.assertLess(still, out + len(self.outages) * (ALLOWANCE + 5 * TICK), "the clock stands still for outages only")
        print(f"  {len(self.died)} died, {len(self.newcomers.heard)} newcomers fell silent: found after {worst:.1f} s at "
              f"worst, {slowest:.1f} s on the listening clock, which stood still for {still:.0f} s; outages took {out:.0f} s")

    def check_jobs_went_on(self, story):
        worst = 0
        for worker_id, heard in self.newcomers.heard.items():
            active = micros(story.moves[worker_id][0].occurred_at)
            lost = sum(max(0, min(end, active) - max(begin, heard)) for begin, end, _ in self.outages)
            worst = max(worst, seconds(active - heard - lost))
        self.assertLess(worst, ACTIVATION_INTERVAL + STALE_INTERVAL)
        print(f"  newcomers were Active after {worst:.1f} s at worst, outages not counted")

    def check_leaders(self):
        """The lead moves in an outage only; and who does not know yet that it has lost it is cut off, by the outage."""
        reigns = self.cluster.reigns()
        for (_, end, _), (begin, _, _) in zip(reigns, reigns[1:]):
            known_by = max(begin, end) - LONGEST_BACKOFF * SECOND
            self.assertTrue(any(first <= begin and known_by <= last for first, last, _ in self.outages), reigns)
        print(f"  the lead moved {len(reigns) - 1} times")


if __name__ == "__main__":
    harness.main()
