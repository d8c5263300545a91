"""Plans that were repaid early: nothing is owed on the account any more, though instalments were still to come.

Interest of instalments to come was never charged, so that less than their sum pays all that is owed.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from dunwell.arrangements.models import Arrangement, ArrangementEnd
from dunwell.arrangements.queries.plans import PERFORMED
from dunwell.arrangements.services.instructing import lift_holds, take_back, undone_at
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

OWED = (
    "principal_retail", "principal_cash", "principal_instalment_billed", "principal_instalment_unbilled",
    "interest_on_balance", "interest_off_balance", "late_charge", "other_fees",
)  # fmt: skip


def end_repaid(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """End the plans on whose account nothing is owed by the host's books of a day after that on which they came into force,
    with money received on them; answers how many. Once ended so, a later purchase on the card does not bring one back."""
    owed = sum((F(f"account__state__{column}") for column in OWED), -F("account__state__credit_balance"))
    found = Arrangement.objects.filter(
        standing__in=PERFORMED, end=None, instalments__received__gt=0,
        account__state__business_date__gt=F("force__in_force_on"),
    ).alias(owed=owed)  # fmt: skip
    ids = found.filter(owed__lte=Decimal(0)).order_by("pk").values_list("pk", flat=True).distinct()[:limit]
    return sum(_end(arrangement_id, by=by, now=now) for arrangement_id in list(ids))


@transaction.atomic
def _end(arrangement_id: int, *, by: Actor, now: datetime) -> bool:
    party_id = Arrangement.objects.values_list("party_id", flat=True).get(pk=arrangement_id)
    portfolio.touch(party_id=party_id, now=now)  # it locks the party; and the programs judge the plan anew
    found = Arrangement.objects.select_related("account").get(pk=arrangement_id)
    end, new = ArrangementEnd.objects.get_or_create(
        arrangement=found, defaults={"repaid": True, "recorded_at": now, "recorded_by": by.user_id}
    )
    if new:
        if found.combined_id is not None:  # the whole may run on, but nothing follows for this account any more
            lift_holds(found, reason="repaid", by=by, now=now)
            take_back(found, undone_at(Arrangement.Standing.ENDED), by=by, now=now)
        evidence.write(
            kind="arrangement.repaid", now=now, by=by, entity_id=found.entity_id, party_id=found.party_id,
            account_id=found.account_id, case_id=found.case_id,
            data={"arrangement": found.pk, "product": found.product}, rows=[end],
        )  # fmt: skip
    return new
