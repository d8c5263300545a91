"""What the demo's staff did on the days after some of its nights: invented, and done by the services like anybody's work.

A collector takes the next case, dials if the gate lets him, and writes what came of it; a team leader hands cases out and
answers proposals; a complaint and a dispute come in. So promises are kept or broken by payments of the replay, and no list
of the demo is empty. The same day, seed and portfolio give the same work.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Arrangement
from dunwell.arrangements.queries import past_due, terms
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.rules.promises import Part
from dunwell.casework import services as casework
from dunwell.casework.models import Case, Complaint, Dispute
from dunwell.casework.rules.codes import codes
from dunwell.casework.rules.objections import DECISIONS
from dunwell.casework.services import complaints, disputes, identity
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.compliance.rules import purposes
from dunwell.identity.models import Role, User
from dunwell.kernel.times import BANK_ZONE
from dunwell.portfolio.models import Account

CALLS = 4  # of each collector in a day
BEGINS, BETWEEN = time(9, 20), timedelta(minutes=45)
OWNED = 8  # cases handed out to each collector, on the first day
#: How often a call ends so; codes of casework/codes.yaml.
ENDS = {
    "promise": 28, "no_answer": 24, "rejected": 8, "busy": 5, "powered_off": 6, "call_back": 6, "says_paid": 5, "refused": 6,
    "ask_plan": 6, "hardship": 2, "dispute": 3,
}  # fmt: skip
HEARD = {
    "ask_plan": "工资减少，希望分期归还。",
    "hardship": "上月被辞退，尚未找到工作，愿意配合提供证明。",
    "dispute": "称上月一笔消费金额与签购单不符，会补交签购单。",
    "promise": "承认欠款，等工资到账后归还。",
}
FOUND = "经核对，签购单金额与账单一致，款项无误。"
ANSWERED = "经核查通话记录与账务，本行联系次数与计收方式符合规定。感谢您的反馈。"
FOUND_OUT = "核查通话记录与账务，未见违规。"
COMPLAINED = (("bank", "frequency", "称一周内多次接到电话。"), ("12378", "amount", "对违约金的计算有疑问。"))
AT_ONCE = Decimal(800)  # more is promised in parts, or not at all
SETTLED_AFTER = timedelta(days=6)  # disputes and complaints are answered on the next day of work after so long
WISHES = (Wish("instalment_plan", 6), Wish("instalment_plan", 12), Wish("deferral", 2))


def work(day: date) -> None:
    """A day's work of all collectors. What the rules refuse is refused, as on any day."""
    chance = random.Random(f"work {day}")
    people = list(User.objects.filter(role=Role.COLLECTOR).order_by("username"))
    leader = User.objects.filter(role=Role.TEAM_LEADER).order_by("username").first()
    begins = datetime.combine(day, BEGINS, BANK_ZONE)
    _hand_out(people, leader, now=begins - BETWEEN)
    for round_ in range(CALLS):
        for nr, user in enumerate(people):
            now = begins + round_ * BETWEEN + timedelta(minutes=4 * nr, seconds=chance.randrange(200))
            asks = "ask_plan" if round_ == nr % CALLS and nr % 2 else ""  # a plan is asked for on each day
            _call(user, chance, now=now, key=f"demo-{day}-{round_}-{nr}", ends=asks)
    evening = begins + (CALLS + 1) * BETWEEN
    _approve(leader, now=evening)
    _settle_disputes(leader, now=evening)
    _settle_complaints(now=evening)
    _complaint(people[0], chance, now=evening, key=f"demo-{day}")


def _hand_out(people: list[User], leader: User, *, now: datetime) -> None:
    """On the first day; the key does it once."""
    waiting = Case.objects.filter(closed_on=None, queue="call").order_by("rank", "pk")
    few = list(waiting.values_list("pk", flat=True)[: OWNED * len(people)])
    casework.hand_out(cases=few, owners=[user.pk for user in people], by=leader.actor, now=now, key="demo-hand-out")


def _call(user: User, chance: random.Random, *, now: datetime, key: str, ends: str = "") -> None:
    case = casework.take_next(user=user, now=now)
    if case is None:
        return
    by, code = user.actor, ends or chance.choices([*ENDS], [*ENDS.values()])[0]
    seconds = chance.randrange(40, 320) if code in HEARD or code in ("says_paid", "refused", "call_back") else 0
    point = case.party.contact_points.filter(kind="mobile").order_by("pk").first()
    taken = point and compliance.reserve(
        key=key, by=by, now=now, party_id=case.party_id, person_id=case.party_id, contact_point_id=point.pk, channel="call",
        purpose=purposes.chosen("debtor", ""), case_id=case.pk,
    )  # fmt: skip
    if not taken or not taken.allowed:
        casework.snooze(case_id=case.pk, until=now + timedelta(hours=20), by=by, now=now, key=f"{key}:later")
        return
    ended = now + timedelta(seconds=25 + seconds)
    known = codes().actions["call"].find(code)
    if known.identity == "must":
        identity.vouch(case_id=case.pk, contact_id=taken.contact.pk, by=by, now=now, key=f"{key}:known")
    saved = casework.save_contact(
        case_id=case.pk, contact_id=taken.contact.pk, code=code, user=user, now=ended, key=key, seconds=seconds,
        disclosures=[one.code for one in codes().disclosures] if known.disclosures else (),
        parts=_parts(case, chance, now=ended) if code == "promise" else (),
        call_back_at=ended + timedelta(hours=26) if code == "call_back" else None,
        note=HEARD.get(code, ""),
    )  # fmt: skip
    if not saved.ok:  # a promise stands already, or he owes too little for one
        casework.save_contact(
            case_id=case.pk,
            contact_id=taken.contact.pk,
            code="interrupted",
            user=user,
            now=ended,
            key=key,
            seconds=seconds,
        )
    elif code == "ask_plan":
        _propose(case, user, now=ended, key=key)


def _parts(case: Case, chance: random.Random, *, now: datetime) -> list[Part]:
    """What he can raise at once, or that much and as much again later, on working days within the policy."""
    owed = past_due(party_id=case.party_id, currency=case.currency)
    allowed = terms(past_due=owed, currency=case.currency, now=now)
    days = [day for day, works in allowed.days if works][1:]
    part = owed if owed <= AT_ONCE else max(AT_ONCE, allowed.least)
    if len(days) < 4 or part * 2 > owed or chance.random() < 0.7:
        return [Part(chance.choice(days[:5]), part)] if days else []
    return [Part(days[1], part), Part(days[-1], part)]


def _propose(case: Case, user: User, *, now: datetime, key: str) -> None:
    account = Account.objects.filter(party_id=case.party_id, state__past_due__gt=0).order_by("pk").first()
    for wish in WISHES if account else ():
        try:
            arrangements.propose(
                account_id=account.pk, wish=wish, left=Decimal(3000), known=frozenset({"willing"}), heard=HEARD["ask_plan"],
                by_role=user.role, by=user.actor, now=now, key=f"{key}:plan", case_id=case.pk, case_no=case.case_no,
            )  # fmt: skip
        except (arrangements.NotOffered, arrangements.NotAllowed):
            continue
        return


def _approve(leader: User, *, now: datetime) -> None:
    """Every other proposal is approved; the others wait on the leader's page."""
    for proposal in Arrangement.objects.filter(standing="proposed", answers=None).order_by("pk")[::2]:
        with suppress(arrangements.NotAllowed):
            arrangements.answer_proposal(
                arrangement_id=proposal.pk, approved=True, by=leader.actor, by_role=leader.role, now=now
            )


def _settle_disputes(leader: User, *, now: datetime) -> None:
    waiting = Dispute.objects.filter(recorded_at__lt=now - SETTLED_AFTER).exclude(steps__kind__in=DECISIONS)
    for row in waiting.order_by("pk"):
        said = {"dispute_id": row.pk, "text": FOUND, "by": leader.actor, "now": now, "key": f"demo-{row.pk}"}
        with suppress(disputes.DisputeRefused):  # no address to write to
            disputes.decide(outcome="rejected", **said)
            disputes.answer(**said | {"key": f"demo-{row.pk}:letter"})


def _settle_complaints(*, now: datetime) -> None:
    handler = User.objects.filter(role=Role.COMPLIANCE).order_by("username").first()
    for row in Complaint.objects.filter(recorded_at__lt=now - SETTLED_AFTER, steps__isnull=True).order_by("pk"):
        said = {"complaint_id": row.pk, "by": handler.actor, "now": now, "key": f"demo-{row.pk}"}
        complaints.assign(handler_id=handler.pk, **said)
        with suppress(complaints.ComplaintRefused):  # no address to write to
            complaints.answer(text=ANSWERED, **said | {"key": f"demo-{row.pk}:letter"})
            complaints.close(
                founded=False,
                root_cause="misunderstanding",
                redress="none",
                text=FOUND_OUT,
                **said | {"key": f"demo-{row.pk}:end"},
            )


def _complaint(taken_by: User, chance: random.Random, *, now: datetime, key: str) -> None:
    """Now and then somebody complains who was called."""
    source, category, text = chance.choice(COMPLAINED)
    called = Case.objects.filter(closed_on=None, pk__in=Contact.objects.values("case_id"), complaints=None).order_by(
        "-pk"
    )
    if chance.random() < 0.6 and (case := called.first()) is not None:
        complaints.open_complaint(
            case_id=case.pk, source=source, category=category, severity="normal", text=text, by=taken_by.actor, now=now,
            key=f"{key}:complaint",
        )  # fmt: skip
