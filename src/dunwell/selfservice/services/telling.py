"""What he tells us: a dispute, a hardship, a complaint, anything else; with a paper where he has one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F

from dunwell.arrangements.means.models import Proof
from dunwell.arrangements.means.rules import document
from dunwell.arrangements.means.services import MeansRefused, keep_proof
from dunwell.casework.models import Case
from dunwell.casework.services.disputes import add_step
from dunwell.casework.services.registers import knows, open_entry
from dunwell.channels.models import Inbound
from dunwell.channels.services.inbound import keep_told
from dunwell.compliance.models import Contact
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account
from dunwell.selfservice import rules
from dunwell.selfservice.models import Request
from dunwell.selfservice.services.replies import Reply, opened_body, refused

PAGE = "page"


@dataclass(frozen=True, slots=True)
class Told:
    """What is told opens an entry of a register of casework, under the register's `kind`; `result` is of the contact."""

    register: str
    kind: str
    result: str


TOLD: Mapping[str, Told] = {
    "not_mine": Told("disputes", "not_mine", "dispute"),
    "wrong_amount": Told("disputes", "wrong_amount", "dispute"),
    "paid_already": Told("disputes", "paid", "dispute"),
    "hardship": Told("paths", "hardship", "hardship"),
    "complaint": Told("complaints", "other", "complains"),
    "other": Told("", "", "asks_something"),
}
WRONG = {"file": "file_size", "media": "file_kind"}  # why a paper was not taken, in the page's words


def proofs() -> Mapping[str, Any]:
    """The kinds of a paper."""
    return document()["proofs"]


def keep_words(asked: Request, meaning: str, text: str, *, by: Actor, now: datetime) -> Inbound:
    """His words, word for word, in the timeline of his case, sealed under his key."""
    return keep_told(
        party_id=asked.party_id, entity_id=asked.entity_id, line=PAGE, channel=PAGE, meaning=meaning,
        text=text[: rules.TEXT_MOST], key=f"page/{asked.pk}", by=by, now=now,
    )  # fmt: skip


def keep_paper(asked: Request, *, by: Actor, now: datetime) -> Proof | None:
    """The paper that came with a request, scanned and among his papers; None without one. MeansRefused.

    Called first outside the transaction that answers, so that a slow scanner holds no lock; again is the same paper.
    """
    body = opened_body(asked.kind, asked.body)
    if not body.get("file"):
        return None
    case, kind = case_of(asked), body.get("kind", "")
    return keep_proof(
        party_id=asked.party_id, case_id=case.pk if case else None, kind=kind if kind in proofs() else "other",
        name=f"page-{asked.pk}",
        content=base64.b64decode(body["file"]), issued_on=business_date(now), by=by, now=now, key=f"page/{asked.pk}/paper",
    )  # fmt: skip


def case_of(asked: Request) -> Case | None:
    """His open case, else his last one: what he objects to after it was closed belongs to it."""
    last = F("closed_on").desc(nulls_first=True)
    return Case.objects.filter(party_id=asked.party_id).order_by(last, "-pk").first()


def tell(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """Kept in his words; a dispute, a hardship or a complaint is an entry of its register, which stops demands at once."""
    what = body.get("what", "")
    if what not in TOLD:
        return refused("what")
    account = Account.objects.filter(party_id=asked.party_id, pk=body.get("account") or 0).first()
    if body.get("account") and account is None:
        return refused("account")
    text = body.get("text", "").strip()
    if not text:
        return refused("tell")
    try:
        paper = keep_paper(asked, by=by, now=now)
    except MeansRefused as wrong:
        return refused(WRONG.get(str(wrong), "file_kind"))
    keep_words(asked, what, text, by=by, now=now)
    told = TOLD[what]
    if told.register == "complaints" and knows(told.register, body.get("category", "")):
        told = replace(told, kind=body["category"])
    held = _register(asked, told, text, account, paper, by=by, now=now)
    data = {"what": told.result, "told": what, "held": held}
    return Reply(data={**data, "file": paper.file.sha256} if paper else data)


def _register(
    asked: Request, told: Told, text: str, account: Account | None, paper: Proof | None, *, by: Actor, now: datetime
) -> bool:
    """Open the entry; whether demands stop by it. Somebody who never had a case is only heard."""
    case = case_of(asked)
    if case is None or not told.register:
        return False
    key = f"page/{asked.pk}"
    made = open_entry(
        case_id=case.pk, register=told.register, kind=told.kind, text=text, account_id=account.pk if account else None,
        by=by, now=now, key=key,
    )  # fmt: skip
    for one in made if paper and told.register == "disputes" else ():
        add_step(dispute_id=one.pk, kind="evidence", file=paper.file, key=f"{key}/{one.pk}/paper", by=by, now=now)
    return any(one.hold_id is not None for one in made)
