"""What he tells us: a dispute, a hardship, a complaint, anything else; with a paper where he has one."""

from __future__ import annotations

import base64
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dunwell.casework.models import Case
from dunwell.channels.services.inbound import keep_told
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account
from dunwell.selfservice import rules
from dunwell.selfservice.models import Request
from dunwell.selfservice.services.replies import Reply, refused

#: What may be told, and the result of a contact and the hold that it is (as in casework/codes.yaml).
TOLD = {
    "not_mine": "dispute",
    "wrong_amount": "dispute",
    "paid_already": "dispute",
    "hardship": "hardship",
    "complaint": "complaint",
    "other": "",
}
RESULTS = {"dispute": "dispute", "hardship": "hardship", "complaint": "complains", "": "asks_something"}
PAGE = "page"


def keep_words(asked: Request, meaning: str, text: str, *, by: Actor, now: datetime) -> None:
    """His words, word for word, in the timeline of his case, sealed under his key."""
    keep_told(
        party_id=asked.party_id, entity_id=asked.entity_id, line=PAGE, channel=PAGE, meaning=meaning,
        text=text[: rules.TEXT_MOST], key=f"page/{asked.pk}", by=by, now=now,
    )  # fmt: skip


def tell(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """Kept in his words; a dispute, a hardship or a complaint stops demands at once, until somebody has looked at it."""
    what = body.get("what", "")
    if what not in TOLD:
        return refused("what")
    account = Account.objects.filter(party_id=asked.party_id, pk=body.get("account") or 0).first()
    if body.get("account") and account is None:
        return refused("account")
    data: dict[str, Any] = {"what": RESULTS[TOLD[what]], "told": what}
    if body.get("file"):
        try:
            data["file"] = _keep_paper(asked, base64.b64decode(body["file"]), account, by=by, now=now)
        except rules.Wrong as wrong:
            return refused(wrong.code)
    keep_words(asked, what, body.get("text", ""), by=by, now=now)
    kind = TOLD[what]
    if kind:
        days = rules.number("hold_days", business_date(now))[kind]
        compliance.place_hold(
            party_id=asked.party_id, account_id=account.pk if account and kind == "dispute" else None, kind=kind,
            reason=f"page {asked.pk}: {what}", ends_at=now + timedelta(days=days), by=by, now=now,
        )  # fmt: skip
    return Reply(data=data)


def _keep_paper(asked: Request, data: bytes, account: Account | None, *, by: Actor, now: datetime) -> str:
    """A paper he sent, kept by content and encrypted; its type is told by what stands in it."""
    kind = rules.kind_of_file(data)
    with tempfile.TemporaryDirectory(prefix="dunwell-") as folder:
        path = Path(folder) / f"paper.{kind}"
        path.write_bytes(data)
        stored = evidence.keep_file(path=path, name=f"page-{asked.pk}.{kind}", now=now)
    evidence.write(
        kind="selfservice.paper", now=now, by=by, entity_id=asked.entity_id, party_id=asked.party_id,
        account_id=account.pk if account else None,
        data={"request": asked.pk, "file": stored.pk, "sha256": stored.sha256, "type": kind, "bytes": len(data)},
    )  # fmt: skip
    return stored.sha256
