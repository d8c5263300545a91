"""The worker's side of the page: each request is answered once, in a transaction with everything that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from dunwell.arrangements.means.services import MeansRefused
from dunwell.casework.models import Case
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.sealing import Unsealable
from dunwell.portfolio import services as portfolio
from dunwell.selfservice.models import Answer, Request
from dunwell.selfservice.services import agreed, arriving, asking, heard, paying, planning, telling
from dunwell.selfservice.services.replies import Reply, opened_body, refused

log = structlog.get_logger("dunwell.selfservice")
CARDHOLDER = "cardholder"
CHANNEL = "page"
REST = timedelta(minutes=1)  # after an error of ours a request is tried again, and the others go on
_resting: dict[int, datetime] = {}

Deed = Callable[..., Reply]
DEEDS: dict[str, Deed] = {
    "why": arriving.why,
    "code": arriving.send_code,
    "again": arriving.send_again,
    "pay": paying.order,
    "promise": asking.promise,
    "plan": asking.plan,
    "offers": planning.offers,
    "take": planning.take,
    "change": planning.change,
    "wishes": asking.wishes,
    "copy": asking.copy,
    "tell": telling.tell,
    "agree": agreed.agree,
    "certificate": agreed.certificate,
    "fetch": agreed.fetch,
    "heard": heard.heard,
}
NO_CONTACT = frozenset({"why", "offers", "fetch", "heard"})  # he only looks: his coming in was the contact
LONG = ("why", "copy", "fetch")  # programs run, papers are made: one a round, so that others do not wait for them
RESULTS = {
    "promise": "promise",
    "plan": "ask_plan",
    "take": "ask_plan",
    "tell": "",
    "change": "",
}  # of a contact; of `tell` and `change` it is what the reply says, if anything


def handle(*, now: datetime, limit: int = 200) -> int:
    """Answer what waits, the oldest first and what takes long last; how many. May be killed at any line and run again."""
    waiting = (
        Request.objects.filter(answer=None)
        .exclude(pk__in=[key for key, until in _resting.items() if until > now])
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    waiting = [*waiting.exclude(kind__in=LONG)[:limit], *waiting.filter(kind__in=LONG)[:1]]
    done = 0
    for request_id in waiting:
        try:
            _keep_paper(request_id, now=now)
            done += _answer(request_id, now=now)
            _resting.pop(request_id, None)
        except Exception as error:
            _resting[request_id] = now + REST
            log.error("request not answered", request=request_id, error=type(error).__name__, exc_info=True)
    return done


def _keep_paper(request_id: int, *, now: datetime) -> None:
    """Before the answer's transaction: a scanner may take seconds. Why a paper is not taken, the answer says."""
    asked = Request.objects.filter(pk=request_id, kind="tell", answer=None).first()
    if asked is not None:
        with suppress(MeansRefused, Unsealable, portfolio.Erased):
            telling.keep_paper(asked, by=Actor.program(CARDHOLDER, entity_id=asked.entity_id), now=now)


@transaction.atomic
def _answer(request_id: int, *, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('dunwell.request/' || %s, 0))", [request_id])
    asked = Request.objects.select_related("party", "session", "link").get(pk=request_id)
    if Answer.objects.filter(pk=request_id).exists():
        return False
    by = Actor.program(CARDHOLDER, entity_id=asked.entity_id)
    case = Case.objects.filter(party_id=asked.party_id, closed_on=None).first()
    try:
        body = opened_body(asked.kind, asked.body)
        inside = asked.session is not None and asked.session.passed_at is not None and asked.kind not in NO_CONTACT
        contact = _contact(asked, case, by=by, now=now) if inside else None
        deed = DEEDS.get(asked.kind)
        reply = deed(asked, body, case=case, contact=contact, by=by, now=now) if deed else Reply()
    except Unsealable:
        contact, reply = None, refused("unreadable")
    except portfolio.Erased:
        contact, reply = None, refused("erased")
    Answer.objects.create(request=asked, done=reply.done, data=dict(reply.data), sealed=reply.sealed, recorded_at=now)
    _note(asked, reply, case, contact, by=by, now=now)
    portfolio.touch(party_id=asked.party_id, now=now)
    return True


def _contact(asked: Request, case: Case | None, *, by: Actor, now: datetime) -> Contact:
    """His visit counts as a contact of his own: one a session, identified, and never against a limit."""
    key = f"page/{asked.session_id}"
    contact = compliance.take_call(
        party_id=asked.party_id, person_id=asked.party_id, case_id=case.pk if case else None, channel=CHANNEL,
        by=by, now=now, key=key,
    )  # fmt: skip
    compliance.record_outcome(
        contact_id=contact.pk, outcome="connected_rpc", identified=True, by=by, now=now, key=f"{key}/in"
    )
    return contact


def _note(
    asked: Request, reply: Reply, case: Case | None, contact: Contact | None, *, by: Actor, now: datetime
) -> None:
    data: dict[str, Any] = {"request": asked.pk, "link": asked.link_id, "session": asked.session_id, "done": reply.done}
    if not reply.done:
        data["code"] = reply.data.get("code", "")
    evidence.write(
        kind=f"selfservice.{asked.kind}", now=now, by=by, entity_id=asked.entity_id, party_id=asked.party_id,
        case_id=case.pk if case else None, data=data,
    )  # fmt: skip
    result = RESULTS.get(asked.kind, "") or str(reply.data.get("what", ""))
    if asked.kind in RESULTS and result and contact is not None and reply.done:
        compliance.record_outcome(
            contact_id=contact.pk, outcome="connected_rpc", identified=True, by=by, now=now, key=f"page/r{asked.pk}",
            result=result,
        )  # fmt: skip
