"""The last slot, wanted by many at once: real connections, real commits."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction

from dunwell.compliance import services
from dunwell.compliance.models import Contact, GateDecision
from dunwell.compliance.services.locks import wait_for
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import AccountRole
from tests import build
from tests.running import until
from tests.sizes import size

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
THREADS = size(30, 200)
TRIES, WORKERS = size(240, 1_000_000), 8
#: The most dials of a number, talks of a person and texts of a person in a day, by the ledger alone.
WORST = """
WITH counted AS (
    SELECT contact.*, coalesce((SELECT outcome FROM compliance_contactoutcome AS came
                                WHERE came.contact_id = contact.id ORDER BY came.id DESC LIMIT 1), 'pending') AS outcome
    FROM compliance_contact AS contact
), left_the_house AS (SELECT * FROM counted WHERE outcome <> 'nothing_left')
SELECT
    (SELECT max(n) FROM (SELECT count(*) AS n FROM left_the_house WHERE channel IN ('call', 'ai_call')
                         GROUP BY point_digest, local_date) AS dials),
    (SELECT max(n) FROM (SELECT count(*) AS n FROM left_the_house WHERE channel IN ('call', 'ai_call')
                         AND outcome IN ('connected_rpc', 'hung_up', 'refused_to_identify')
                         GROUP BY person_id, local_date) AS talks),
    (SELECT max(n) FROM (SELECT count(*) AS n FROM left_the_house WHERE channel = 'sms'
                         GROUP BY person_id, local_date) AS texts)
"""
AT_ONCE = threading.BoundedSemaphore(100)  # connections: the shipped server gives 150

#: A worker that is killed at a line: after it took a slot, or while its transaction is still open.
KILLED = """
import os, signal, sys
import django
django.setup()
from datetime import datetime
from django.db import transaction
from dunwell.compliance import services
from dunwell.kernel.actor import Actor
party, point, moment, place = int(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), sys.argv[4]
with transaction.atomic():
    taken = services.reserve(
        party_id=party, contact_point_id=point, channel="call", key="killed", by=Actor.program("worker"), now=moment
    )
    assert taken.allowed
    if place == "before commit":
        os.kill(os.getpid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


def take(point_id, party_id, key, now, outcome="", by=BY, **more):
    taken = services.reserve(
        party_id=party_id, contact_point_id=point_id, channel="call", key=key, by=by, now=now, **more
    )
    if taken.contact and outcome:
        services.record_outcome(contact_id=taken.contact.pk, outcome=outcome, by=BY, now=now, key=f"o-{key}")
    return taken


def all_at_once(calls):
    """Run the calls in threads of their own, begun together; their answers, and what they raised."""
    start, answers, errors = threading.Barrier(len(calls)), [], []

    def run(call):
        try:
            start.wait(60)
            with AT_ONCE:
                try:
                    answers.append(call())
                finally:
                    connection.close()
        except Exception as problem:  # noqa: BLE001  (shown by the test)
            errors.append(problem)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(size(300, 7_200))
    assert not any(thread.is_alive() for thread in threads)
    assert errors == []
    return answers


def test_thirty_want_the_last_dial_and_one_gets_it(fresh_database):
    _, point, _ = build.debtor()
    for nr in range(5):
        take(point.pk, point.party_id, f"before{nr}", NOW, "no_answer")
    calls = [lambda nr=nr: take(point.pk, point.party_id, f"k{nr}", NOW) for nr in range(THREADS)]
    answers = all_at_once(calls)
    assert sum(answer.allowed for answer in answers) == 1
    assert {a.decision.primary.rule for a in answers if not a.allowed} == {"CN-CALL-6-PER-POINT"}
    assert Contact.objects.count() == 6


def test_two_persons_who_share_a_number_share_its_last_dial(fresh_database):
    one, _, _ = build.debtor()
    two, _, _ = build.debtor()
    hers, his = (build.contact_point(party=person, value="19000001234") for person in (one, two))
    for nr in range(5):
        take(hers.pk, one.pk, f"before{nr}", NOW, "no_answer")
    points = [(hers.pk, one.pk), (his.pk, two.pk)]
    calls = [lambda nr=nr: take(*points[nr % 2], f"k{nr}", NOW) for nr in range(THREADS)]
    assert sum(answer.allowed for answer in all_at_once(calls)) == 1


def test_those_who_ask_in_one_process_share_transactions_and_still_no_slot(fresh_database):
    """Ten persons, three askings for each one's last text, one of them twice with one key."""
    people = [build.debtor()[:2] for _ in range(10)]
    for nr, (person, point) in enumerate(people):
        services.reserve(
            party_id=person.pk, contact_point_id=point.pk, channel="sms", key=f"before{nr}", by=BY, now=NOW
        )
    transactions = Counter()

    def ask(nr):
        person, point = people[nr % 10]
        taken = services.reserve_shared(
            party_id=person.pk, contact_point_id=point.pk, channel="sms", key=f"k{min(nr, 29)}",
            by=BY if nr % 3 else Actor.program("another"), now=NOW, keep_refusal=True,
        )  # fmt: skip
        with connection.cursor() as cursor:  # committed when it is answered, and seen by everybody
            cursor.execute("SELECT xmin::text FROM compliance_gatedecision WHERE id = %s", [taken.kept.pk])
            transactions[cursor.fetchone()[0]] += 1
        return nr, taken.kept.pk, taken.allowed

    answers = all_at_once([lambda nr=nr: ask(nr) for nr in range(29)] + [lambda: ask(29)] * 2)
    allowed = {decision for _, decision, ok in answers if ok}
    assert len(allowed) == 10
    assert len({decision for nr, decision, _ in answers if nr == 29}) == 1
    assert Contact.objects.count() == 20
    assert max(transactions.values()) > 1


def test_who_asks_for_what_there_is_not_spoils_nobody_elses_answer(fresh_database):
    people = [build.debtor()[:2] for _ in range(5)]

    def ask(nr):
        person, point = people[nr]
        if nr == 2:
            with pytest.raises(ObjectDoesNotExist):
                services.reserve_shared(
                    party_id=person.pk, contact_point_id=-1, channel="sms", key="no", by=BY, now=NOW
                )
            return True
        return services.reserve_shared(
            party_id=person.pk, contact_point_id=point.pk, channel="sms", key=f"k{nr}", by=BY, now=NOW
        ).allowed

    assert all_at_once([lambda nr=nr: ask(nr) for nr in range(5)]) == [True] * 5


def test_two_numbers_of_one_person_share_his_last_conversation(fresh_database):
    person, first, _ = build.debtor()
    second = build.contact_point(party=person)
    take(first.pk, person.pk, "talk1", NOW, "connected_rpc")
    take(second.pk, person.pk, "talk2", NOW, "connected_rpc")
    points = [first.pk, second.pk]
    calls = [lambda nr=nr: take(points[nr % 2], person.pk, f"k{nr}", NOW) for nr in range(THREADS)]
    assert sum(answer.allowed for answer in all_at_once(calls)) == 1


def test_each_day_has_its_own_last_slot_across_midnight(fresh_database):
    person, point, _ = build.debtor()
    services.record_consent(
        party_id=person.pk, kind="night_consent", evidence_ref=build.proof(person), by=BY, now=NOW - timedelta(days=1)
    )
    before = datetime(2026, 11, 24, 15, 50, tzinfo=UTC)  # 23:50 in Beijing: the wait counts, too
    after = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    for nr in range(5):
        take(point.pk, person.pk, f"today{nr}", before, "no_answer")
        take(point.pk, person.pk, f"tomorrow{nr}", after, "no_answer")
    moments = [before, after]
    calls = [lambda nr=nr: (nr % 2, take(point.pk, person.pk, f"k{nr}", moments[nr % 2])) for nr in range(THREADS)]
    allowed = [day for day, answer in all_at_once(calls) if answer.allowed]
    assert sorted(allowed) == [0, 1]
    assert Contact.objects.filter(local_date="2026-11-24").count() == 6


@pytest.mark.parametrize("outcome", ["no_answer", "connected_rpc"])
def test_a_double_click_by_thirty_is_one_contact(fresh_database, outcome):
    _, point, _ = build.debtor()
    answers = all_at_once([lambda: take(point.pk, point.party_id, "one key", NOW, outcome) for _ in range(THREADS)])
    assert {answer.contact.pk for answer in answers} == {Contact.objects.get().pk}
    assert (GateDecision.objects.count(), Contact.objects.get().outcomes.count()) == (1, 1)


def test_debtor_and_guarantor_of_one_case_do_not_wait_in_a_ring(fresh_database):
    debtor, point, _ = build.debtor()
    guarantor = build.party()
    AccountRole.objects.create(account_no=debtor.accounts.get().account_no, party=guarantor, role="guarantor")
    his = build.contact_point(party=guarantor)

    def reach(nr):
        person, at = ((debtor, point), (guarantor, his))[nr % 2]
        taken = services.reserve(
            party_id=debtor.pk,
            person_id=person.pk,
            contact_point_id=at.pk,
            channel="call",
            key=f"k{nr}",
            by=BY,
            now=NOW,
        )
        if taken.contact:
            services.record_outcome(contact_id=taken.contact.pk, outcome="busy", by=BY, now=NOW, key=f"o{nr}")
        return taken.allowed

    # Dials without an outcome yet count as conversations too, so how many of the thirty pass depends on
    # their order; that nobody waits for ever and that twelve are there to be had does not.
    at_once = all_at_once([lambda nr=nr: reach(nr) for nr in range(THREADS)])
    in_turn = [reach(nr) for nr in range(THREADS, 2 * THREADS)]
    assert 3 <= sum(at_once) <= 12
    assert sum(at_once) + sum(in_turn) == 12


def test_the_bank_and_two_agencies_share_the_last_dial_of_a_number_of_two_persons(fresh_database):
    people = [build.debtor()[0] for _ in range(2)]
    shared = [build.contact_point(party=person, value="19000004321") for person in people]
    callers = [BY, *(build.agency(code, debtors=people) for code in ("agency-1", "agency-2"))]
    for nr in range(5):
        take(shared[nr % 2].pk, people[nr % 2].pk, f"before{nr}", NOW, "no_answer")

    def reach(nr):
        point, person, by = shared[nr % 2], people[nr % 2], callers[nr % 3]
        return take(point.pk, person.pk, f"k{nr}", NOW, by=by)

    answers = all_at_once([lambda nr=nr: reach(nr) for nr in range(THREADS)])
    assert sum(answer.allowed for answer in answers) == 1
    assert {a.decision.primary.rule for a in answers if not a.allowed} == {"CN-CALL-6-PER-POINT"}
    assert Contact.objects.count() == 6


def somebody_waits() -> bool:
    """Whether a transaction of this database waits for a name of the gate."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0] > 0


def test_a_dial_that_waited_past_the_hours_is_refused(fresh_database):
    party, point, _ = build.debtor()
    almost = datetime(2026, 11, 24, 13, 59, 59, 500000, tzinfo=UTC)  # 21:59:59.5 in Beijing
    held = threading.Event()

    def hold():
        with transaction.atomic():
            wait_for(b"party/%d" % party.pk)
            held.set()
            until(somebody_waits)
            time.sleep(0.7)  # from then on: longer than the hours have left
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    refused = take(point.pk, party.pk, "waited", almost)
    holder.join()
    assert refused.decision.primary.rule == "CN-TIME-NIGHT"
    assert refused.kept.decided_at > almost + timedelta(milliseconds=500)


def test_allotments_and_dials_share_the_last_slots(fresh_database):
    party, point, _ = build.debtor()
    for nr in range(4):
        take(point.pk, party.pk, f"before{nr}", NOW, "no_answer")

    def reach(nr):
        if nr % 2:
            return int(take(point.pk, party.pk, f"k{nr}", NOW).allowed)
        given = services.allot(
            party_id=party.pk, contact_point_id=point.pk, channel="call", dials=3, key=f"lot{nr}", by=BY, now=NOW
        )
        return len(given.contacts)

    assert sum(all_at_once([lambda nr=nr: reach(nr) for nr in range(THREADS)])) == 2
    assert Contact.objects.count() == 6


def test_no_limit_is_exceeded_however_many_try(fresh_database):
    """Dials of every outcome, texts, corrections and returned slots by many at once, on a few persons who share numbers:
    afterwards the ledger is counted by a statement that knows nothing of the gate."""
    people = [build.debtor()[0] for _ in range(4)]
    points = [
        build.contact_point(party=person, value=f"1900000{number:04}") for person in people for number in (7001, 7002)
    ]
    rounds = TRIES // WORKERS

    def work(nr):
        chance = random.Random(nr)
        for turn in range(rounds):
            point, channel = chance.choice(points), chance.choice(("call", "call", "ai_call", "sms"))
            key = f"w{nr}-{turn}"
            taken = services.reserve(
                party_id=point.party_id, contact_point_id=point.pk, channel=channel, key=key, by=BY,
                now=NOW + timedelta(days=turn * 20 // rounds),
            )  # fmt: skip
            if taken.contact is None or chance.random() < 0.2:
                continue  # refused, or never reported
            fields = {"contact_id": taken.contact.pk, "by": BY, "now": NOW}
            if chance.random() < 0.1:
                services.give_back(**fields, key=f"o-{key}", proof="switch_record", shown=services.Proof(key))
                continue
            of_channel = (
                ("sent", "delivered") if channel == "sms" else ("no_answer", "busy", "connected_rpc", "hung_up")
            )
            first = chance.choice(of_channel)
            services.record_outcome(**fields, key=f"o-{key}", outcome=first)
            # What turns out to have been a talk counts as one, whatever was granted meanwhile; what does not lowers none.
            later = of_channel if first in ("connected_rpc", "hung_up") else of_channel[:2]
            with contextlib.suppress(services.OutcomeRefused):
                services.record_outcome(**fields, key=f"c-{key}", outcome=chance.choice(later))

    all_at_once([lambda nr=nr: work(nr) for nr in range(WORKERS)])
    with connection.cursor() as cursor:
        cursor.execute(WORST)
        dials, talks, texts = cursor.fetchone()
    assert (dials <= 6, talks <= 3, texts <= 2) == (True, True, True), (dials, talks, texts)
    assert Contact.objects.count() > 20  # and it was not refused all along


@pytest.mark.parametrize(("place", "left"), [("after commit", 0), ("before commit", 1)])
def test_a_killed_workers_slot_stays_used_unless_it_was_never_taken(fresh_database, place, left):
    party, point, _ = build.debtor()
    for nr in range(5):
        take(point.pk, party.pk, f"before{nr}", NOW, "no_answer")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(party.pk), str(point.pk), NOW.isoformat(), place],
        env={**fresh_database.environment, "PYTHONPATH": os.getcwd()}, capture_output=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert take(point.pk, party.pk, "after", NOW).allowed is bool(left)
    if place == "after commit":
        killed = Contact.objects.get(key="killed")
        assert killed.outcomes.count() == 0
        services.give_back(
            contact_id=killed.pk, proof="switch_record", shown=services.Proof("CDR-1"), by=BY, now=NOW, key="proof"
        )
        assert take(point.pk, party.pk, "proven", NOW).allowed
