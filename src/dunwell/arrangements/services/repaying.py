"""Plans that were repaid early: nothing is owed on the account any more, though instalments were still to come.

Interest of instalments to come was never charged, so that less than their sum pays all that is owed. A payment by which it was
repaid may be taken back: then it was not, and the programs judge the plan by its own terms again.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from dunwell.arrangements.models import Arrangement, ArrangementRepaid
from dunwell.arrangements.queries.plans import PERFORMED, surplus
from dunwell.arrangements.queries.repaid import missing, repaid_among, repaid_early, taken_back
from dunwell.arrangements.rules.agreements import STILL_JUDGED
from dunwell.arrangements.services.instructing import ask_again, lift_holds, place_hold, take_back, undone_at
from dunwell.arrears.models import AccountState
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.payments.models import Reversal
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.rules import COMPONENTS

Standing = Arrangement.Standing
KNEW = {"account": "arrangement__account", "books_of": "books_of", "told_at": "recorded_at"}


def end_repaid(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """End the plans on whose account nothing is owed by the host's books of a day after that on which they came into force,
    with money received on them; answers how many. Once ended so, a later purchase on the card does not bring one back.

    Books that do not know of a reversal yet do not say what is owed.
    """
    owed = sum((F(f"account__state__{column}") for column in COMPONENTS), -F("account__state__credit_balance"))
    unknown = Reversal.objects.filter(
        payment__account=OuterRef("account"), business_date__gt=OuterRef("account__state__business_date")
    )
    found = Arrangement.objects.filter(
        ~Exists(unknown), standing__in=PERFORMED, end=None, instalments__received__gt=0,
        account__state__business_date__gt=F("force__in_force_on"),
    ).alias(owed=owed, repaid=repaid_early())  # fmt: skip
    ids = (
        found.filter(owed__lte=Decimal(0), repaid=False).order_by("pk").values_list("pk", flat=True).distinct()[:limit]
    )
    return sum(_end(arrangement_id, by=by, now=now) for arrangement_id in list(ids))


@transaction.atomic
def _end(arrangement_id: int, *, by: Actor, now: datetime) -> bool:
    party_id = Arrangement.objects.values_list("party_id", flat=True).get(pk=arrangement_id)
    portfolio.touch(party_id=party_id, now=now)  # it locks the party; and the programs judge the plan anew
    found = Arrangement.objects.select_related("account").get(pk=arrangement_id)
    if repaid_among([found]):
        return False
    state = AccountState.objects.get(account=found.account)
    made = ArrangementRepaid.objects.create(
        arrangement=found, repaid=True, books_of=state.business_date, credit=surplus(state), recorded_at=now,
        recorded_by=by.user_id,
    )  # fmt: skip
    if found.combined_id is not None:  # the whole may run on, but nothing follows for this account any more
        lift_holds(found, reason="repaid", by=by, now=now)
        take_back(found, undone_at(Standing.ENDED), by=by, now=now)
    _log("repaid", made, by, now)
    return True


def end_not_repaid(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """Write down of plans that count as repaid early that they were not: of the money by which nothing was owed more was taken
    back than was there beyond it; answers how many. The programs then judge them by their own terms."""
    ids = _not_repaid(now).order_by("pk").values_list("pk", flat=True)[:limit]
    return sum(_end_not(repaid_id, by=by, now=now) for repaid_id in list(ids))


def _not_repaid(now: datetime) -> QuerySet[ArrangementRepaid]:
    later = ArrangementRepaid.objects.filter(arrangement=OuterRef("arrangement"), pk__gt=OuterRef("pk"))
    judged = Q(arrangement__standing__in=PERFORMED) | Q(
        arrangement__standing=Standing.ENDED, arrangement__standing_on__gt=business_date(now) - STILL_JUDGED
    )
    found = ArrangementRepaid.objects.filter(judged, ~Exists(later), Exists(taken_back(**KNEW)), repaid=True)
    return found.alias(missing=missing(**KNEW)).filter(missing__gt=F("credit"))


@transaction.atomic
def _end_not(repaid_id: int, *, by: Actor, now: datetime) -> bool:
    said = ArrangementRepaid.objects.select_related("arrangement__account").get(pk=repaid_id)
    found = said.arrangement
    portfolio.touch(party_id=found.party_id, now=now)
    if not _not_repaid(now).filter(pk=said.pk).exists():
        return False
    last = ArrangementRepaid.objects.annotate(last=Subquery(taken_back(**KNEW).order_by("-pk").values("pk")[:1]))
    made = ArrangementRepaid.objects.create(
        arrangement=found, repaid=False, books_of=said.books_of, credit=said.credit,
        reversal_id=last.values_list("last", flat=True).get(pk=said.pk), recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    standing = Standing(found.standing)
    if found.combined_id is not None and standing in PERFORMED:  # what was done for this account alone
        ask_again(found, by=by, now=now)
        if standing != Standing.BREACHED:
            place_hold(found, by=by, now=now)
    _log("not_repaid", made, by, now)
    return True


def _log(what: str, made: ArrangementRepaid, by: Actor, now: datetime) -> None:
    found = made.arrangement
    evidence.write(
        kind=f"arrangement.{what}", now=now, by=by, entity_id=found.entity_id, party_id=found.party_id,
        account_id=found.account_id, case_id=found.case_id,
        data={"arrangement": found.pk, "product": found.product}, rows=[made],
    )  # fmt: skip
