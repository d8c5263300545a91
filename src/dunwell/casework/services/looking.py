"""A contact point in clear. Whoever may dial sees a telephone number only as the gate would let him dial it."""

from __future__ import annotations

from datetime import datetime

from dunwell.casework.models import Case
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.compliance.queries import party_of
from dunwell.compliance.rules.purposes import offered
from dunwell.identity.models import User
from dunwell.kernel.decision import Decision
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import AccountRole, ContactPoint

PHONES = (ContactPoint.Kind.MOBILE, ContactPoint.Kind.LANDLINE)


class NotShown(Exception):
    """Why nothing is shown: `no_such_point`, `not_held` (somebody else has the case), or `refused` with the decision."""

    def __init__(self, code: str, decision: Decision | None = None) -> None:
        super().__init__(code)
        self.code, self.decision = code, decision


def reveal_point(*, case_id: int, contact_point_id: int, user: User, reason: str, now: datetime) -> str:
    """The number or address in clear, of the person or of somebody in his accounts; who looked and why is logged.

    A telephone number is shown to somebody who may dial (`case.work`) only while he has the case, and either his dial
    of it is under way or the gate would let him dial it now. Others (compliance, legal) see it for the reason they
    give. The gate's answer is kept in every case. Raises NotShown, or portfolio.Erased.
    """
    case, by = Case.objects.get(pk=case_id), user.actor
    point = ContactPoint.objects.filter(pk=contact_point_id).first()
    if point is None or point.party_id not in _people(case):
        raise NotShown("no_such_point")
    if point.kind in PHONES:
        dials = user.may("case.work")
        if dials and not (case.held_by_id == user.pk and case.held_until is not None and case.held_until > now):
            raise NotShown("not_held")
        if not (dials and _on_call(case, point, user)):
            party = party_of(party_id=case.party_id, person_id=point.party_id)
            _, decision = compliance.judge(
                party_id=case.party_id, person_id=point.party_id, contact_point_id=point.pk, channel="call",
                purpose=offered(party)[0], case_id=case.pk, by=by, now=now,
            )  # fmt: skip
            if dials and not decision.allowed:
                raise NotShown("refused", decision)
    return portfolio.reveal_contact_point(contact_point_id=point.pk, by=by, reason=reason, now=now, case_id=case.pk)


def _people(case: Case) -> set[int]:
    numbers = case.party.accounts.values("account_no")
    roles = AccountRole.objects.filter(account_no__in=numbers, party__entity_id=case.entity_id)
    return {case.party_id, *roles.values_list("party_id", flat=True)}


def _on_call(case: Case, point: ContactPoint, user: User) -> bool:
    """Whether the number was shown to him already, for a dial whose outcome is not written yet."""
    under_way = Contact.objects.filter(
        party_id=case.party_id, contact_point=point, by_id=user.pk, direction="out", outcomes=None
    )
    return under_way.exists()
