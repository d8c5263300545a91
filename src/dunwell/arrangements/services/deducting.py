"""Deductions (CN-SETOFF): only what is authorised, never the minimum to live on, one instruction a day, not before its retry."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from dunwell.arrangements.models import DeductionAuthority, DeductionRevocation, Instruction
from dunwell.arrangements.queries.deductions import Failed, authority_on, deductions_asked, failures
from dunwell.arrangements.rules.promises import policy
from dunwell.arrangements.services.instructing import instruct
from dunwell.arrangements.services.refusing import NotAllowed
from dunwell.arrears.models import AccountState
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account


@transaction.atomic
def authorise_deduction(
    *, account_id: int, evidence_ref: str, most: Decimal, leaves: Decimal, by: Actor, now: datetime, key: str,
    ends_on: date | None = None,
) -> DeductionAuthority:  # fmt: skip
    """Write down what the cardholder allowed, with its proof (Unproven without). The same key again is the same.

    NotAllowed with `minimum` where less would stay than the policy leaves everybody to live on, `amount` where nothing may go.
    """
    account = Account.objects.get(pk=account_id)
    portfolio.touch(party_id=account.party_id, now=now)
    known = DeductionAuthority.objects.filter(key=key).first()
    if known is not None:
        return known
    on = business_date(now)
    if leaves < policy(on).leaves:
        raise NotAllowed("minimum")
    if most <= 0:
        raise NotAllowed("amount")
    made = DeductionAuthority.objects.create(
        entity_id=account.entity_id, account=account, most=most, leaves=leaves, starts_on=on, ends_on=ends_on,
        evidence=compliance.proven(evidence_ref, party_id=account.party_id), recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log("authorised", account, by, now, authority=made.pk, most=str(most), leaves=str(leaves), evidence=made.evidence)
    return made


@transaction.atomic
def revoke_deduction(*, authority_id: int, reason: str, by: Actor, now: datetime) -> DeductionRevocation:
    """The cardholder takes his authorisation back. The second revocation answers the first."""
    authority = DeductionAuthority.objects.select_related("account").get(pk=authority_id)
    portfolio.touch(party_id=authority.account.party_id, now=now)
    made, created = DeductionRevocation.objects.get_or_create(
        authority=authority, defaults={"reason": reason.strip()[:200], "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        _log("revoked", authority.account, by, now, authority=authority.pk, reason=made.reason)
    return made


@transaction.atomic
def deduct(*, account_id: int, amount: Decimal, by: Actor, now: datetime) -> Instruction:
    """Ask the host to take an amount from the cardholder's own account, leaving what the authorisation leaves there.

    The same amount again on the same day is the same instruction. NotAllowed with unauthorised, amount (more than was
    allowed at once), today (another one was asked already), retry (the last one failed, and its next day has not come) or
    past_due (more than is past due by the published columns).
    """
    account = Account.objects.get(pk=account_id)
    portfolio.touch(party_id=account.party_id, now=now)  # it locks the party, so that of two askers one waits
    on = business_date(now)
    given = DeductionAuthority.objects.filter(account=account).select_related("revocation")
    authority = authority_on(account, on, given)
    if authority is None:
        raise NotAllowed("unauthorised")
    if not 0 < amount <= authority.most:
        raise NotAllowed("amount")
    key = f"deduction-{account.pk}-{on:%Y%m%d}"
    known = Instruction.objects.filter(key=key).first()
    if known is not None:
        if known.amount == amount:
            return known
        raise NotAllowed("today")
    failed = failed_deductions(account_id=account.pk)
    if failed and failed[0].retry_on > on:
        raise NotAllowed("retry")
    past_due = AccountState.objects.filter(account=account).values_list("past_due", flat=True).first()
    if past_due is not None and amount > past_due:
        raise NotAllowed("past_due")
    return instruct(
        account_id=account.pk, kind=Instruction.Kind.DEDUCTION, amount=amount,
        payload={"leave": str(authority.leaves), "authority": authority.pk}, by=by, now=now, key=key,
    )  # fmt: skip


def failed_deductions(*, account_id: int) -> list[Failed]:
    """Deductions that failed since the last that did not, the newest first: each with the host's reason and its next day."""
    return failures(deductions_asked(account_ids=[account_id])[account_id])


def _log(what: str, account: Account, by: Actor, now: datetime, **data: object) -> None:
    evidence.write(
        kind=f"deduction.{what}", now=now, by=by, entity_id=account.entity_id, party_id=account.party_id,
        account_id=account.pk, data=data,
    )  # fmt: skip
