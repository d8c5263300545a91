"""What was arranged for him: he agrees to an offer on his page, asks for a certificate, fetches a paper; and how he hears of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Arrangement, ArrangementConsent, Certificate, CertificateRequest
from dunwell.arrangements.queries.agreements import Agreement, parts_of
from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.models import Message
from dunwell.channels.services.queueing import WrongPoint
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.kernel import sealing
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import Account, ContactPoint
from dunwell.selfservice.models import Request
from dunwell.selfservice.services.replies import Reply, refused

OFFER_TEXTS = {"mobile": "SMS-OFFER", "email": "EMAIL-OFFER", "address": "LETTER-OFFER"}  # by the kind of contact point
SETTLED = CertificateRequest.Kind.SETTLED


@transaction.atomic
def send_offer(*, arrangement_id: int, contact_point_id: int, by: Actor, now: datetime, key: str) -> Message:
    """Send him a link to his page, on which what was offered or agreed stands; the same key again is the same message.

    TextError and WrongPoint as of any message; the gate decides whether it leaves.
    """
    found = Arrangement.objects.get(pk=arrangement_id)
    kind = ContactPoint.objects.values_list("kind", flat=True).get(pk=contact_point_id, party_id=found.party_id)
    if kind not in OFFER_TEXTS:
        raise WrongPoint(f"a link to the page goes by {', '.join(OFFER_TEXTS)}, not to a {kind}")
    return channels.queue_message(
        party_id=found.party_id, contact_point_id=contact_point_id, template_code=OFFER_TEXTS[kind],
        account_id=found.account_id, case_id=found.case_id, case_no=found.case_no, by=by, now=now, key=key,
    )  # fmt: skip


def agree(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """He agrees to what was approved for him, its whole cost before his eyes; the host is asked."""
    made = Arrangement.objects.filter(pk=body.get("arrangement") or 0, party_id=asked.party_id).first()
    if made is None:
        return refused("no_offer")
    whole = Agreement(tuple(parts_of(made)))
    offer = {
        "product": made.product, "amount": str(whole.amount), "cost": str(whole.cost),
        "waived": {part: str(given) for part, given in whole.waived.items()},
    }  # fmt: skip
    try:
        agree_here(asked, made, offer, case=case, by=by, now=now)
    except arrangements.NotAllowed:
        return refused("changed")
    return Reply(data={"arrangement": made.pk})


@transaction.atomic
def agree_here(
    asked: Request, made: Arrangement, offer: Mapping[str, Any], *, case: Case | None, by: Actor, now: datetime
) -> None:
    """His consent in writing: what he saw is a record of the log, which is its proof. NotAllowed as of `agree`."""
    said = evidence.write(
        kind="selfservice.agreed", now=now, by=by, entity_id=asked.entity_id, party_id=asked.party_id,
        account_id=made.account_id, case_id=case.pk if case else None,
        data={"request": asked.pk, "arrangement": made.pk, "offer": dict(offer)},
    )  # fmt: skip
    arrangements.agree(
        arrangement_id=made.pk, form=ArrangementConsent.Form.WRITTEN, evidence_ref=f"log:{said.pk}", disclosed=True,
        by=by, now=now,
    )  # fmt: skip


def certificate(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """A certificate that one of his accounts is settled, with those that a combined plan settled with it.

    One that waits for the host's word is not asked for again.
    """
    account = Account.objects.filter(party_id=asked.party_id, pk=body.get("account") or 0).first()
    if account is None:
        return refused("account")
    of_it = Q(account=account) | Q(others__account=account)
    waiting = CertificateRequest.objects.filter(of_it, kind=SETTLED, certificate=None)
    refusals = Q(instruction__answer__confirmed=False) | Q(others__instruction__answer__confirmed=False)
    if waiting.exclude(refusals).exists():
        return Reply()
    for together in (True, False):  # by itself where something is owed again on another
        try:
            arrangements.request_certificate(
                account_id=account.pk, kind=SETTLED, reason=f"asked for on his own page, request {asked.pk}", by=by, now=now,
                key=f"page/{asked.pk}", together=together,
            )  # fmt: skip
        except arrangements.NotAllowed as problem:
            code = problem.code
        else:
            return Reply()
    return refused(code)


def fetch(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """A certificate of his as it was signed, or an agreement of his, sealed under the key of his browser's session."""
    issued = Certificate.objects.filter(
        pk=body.get("certificate") or 0, request__account__party_id=asked.party_id, revocation=None
    )
    made = Arrangement.objects.filter(pk=body.get("agreement") or 0, party_id=asked.party_id)
    if found := issued.select_related("file").first():
        name, data = found.number, evidence.read_file(found.file)
        evidence.write(
            kind="certificate.fetched", now=now, by=by, entity_id=asked.entity_id, party_id=asked.party_id,
            case_id=case.pk if case else None, data={"request": found.pk, "number": found.number},
        )  # fmt: skip
    elif agreed := made.first():
        name = f"agreement-{agreed.pk}"
        data = arrangements.agreement(
            arrangement_id=agreed.pk, language="en" if body.get("language") == "en" else "zh-hans", by=by, now=now
        )
    else:
        return refused("no_paper")
    return Reply(data={"form": "pdf", "name": name}, sealed=sealed_for(body["key"], data, asked.pk))


def sealed_for(key: str, data: bytes, request_id: int) -> bytes:
    """What only the browser's session that asked can open; `key` is what came with the request."""
    return sealing.seal(base64.b64decode(key), data, answer_place(request_id), settings.CIPHER)


def answer_place(request_id: int) -> bytes:
    """What a sealed answer is bound to."""
    return f"selfservice/answer/{request_id}".encode()
