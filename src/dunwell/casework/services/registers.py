"""What somebody says in a call, on his page or to a robot, as an entry of the register that it belongs to."""

from __future__ import annotations

from datetime import datetime

from dunwell.casework.models import Case, Complaint, Dispute, Path
from dunwell.casework.rules import objections as rules
from dunwell.casework.services import complaints, disputes, paths
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import Account


def knows(register: str, kind: str) -> bool:
    """Whether a register has a kind."""
    return kind in {"disputes": rules.disputes, "paths": rules.paths}.get(register, lambda: rules.named("categories"))()


def open_entry(
    *,
    case_id: int,
    register: str,
    kind: str,
    text: str,
    by: Actor,
    now: datetime,
    key: str,
    account_id: int | None = None,
) -> list[Dispute] | list[Complaint] | list[Path]:
    """Open an entry of `disputes`, `complaints` or `paths`, which places its own hold; the same key again is the same.

    A dispute is about the account, else about each of his accounts in work.
    """
    given = {"case_id": case_id, "text": text, "by": by, "now": now}
    if register == "complaints":
        made = complaints.open_complaint(source="bank", category=kind, severity="normal", key=key, **given)
        return [made]
    if register == "paths":
        return [paths.open_path(kind=kind, key=key, **given)]
    his = Account.objects.filter(party_id=Case.objects.values_list("party_id", flat=True).get(pk=case_id))
    his = his.filter(pk=account_id) if account_id else his.filter(state__isnull=False)
    return [
        disputes.open_dispute(account_id=one, kind=kind, key=f"{key}/{one}", **given)
        for one in his.order_by("pk").values_list("pk", flat=True)
    ]
