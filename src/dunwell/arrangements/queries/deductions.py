"""Reads of deductions (主动扣款): what is authorised, what was asked of the host, what failed and when the next try is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dunwell.arrangements.models import DeductionAuthority, Instruction
from dunwell.arrangements.rules.promises import policy
from dunwell.portfolio import reference
from dunwell.portfolio.models import Account

LAST = 20  # deductions of an account that are looked back at


@dataclass(frozen=True, slots=True)
class Failed:
    """A deduction that the host rejected, why, and the working day from which the next may be asked for."""

    instruction: Instruction
    reason: str
    retry_on: date


@dataclass(frozen=True, slots=True)
class Deductions:
    """Of one account: the authorisation in force, if any, the last deductions, the newest first, and their failures."""

    account: Account
    authority: DeductionAuthority | None
    asked: tuple[Instruction, ...]
    failed: tuple[Failed, ...]

    @property
    def retry_on(self) -> date | None:
        return self.failed[0].retry_on if self.failed else None


def failures(asked: Iterable[Instruction]) -> list[Failed]:
    """Those that failed since the last that did not, of deductions with the newest first; what is unanswered is neither."""
    failed = []
    for one in asked:
        answer = getattr(one, "answer", None)
        if answer is None:
            continue
        if answer.confirmed:
            break
        days = policy(answer.booked_on).retry_days
        failed.append(Failed(one, answer.reason, reference.calendar().add_working_days(answer.booked_on, days)))
    return failed


def deductions_asked(*, account_ids: Iterable[int]) -> dict[int, list[Instruction]]:
    """The last deductions of accounts with their answers, the newest first (one query)."""
    found: dict[int, list[Instruction]] = defaultdict(list)
    rows = Instruction.objects.filter(account_id__in=list(account_ids), kind=Instruction.Kind.DEDUCTION)
    for one in rows.select_related("answer", "sending__batch").order_by("-id")[: LAST * 10]:
        if len(found[one.account_id]) < LAST:
            found[one.account_id].append(one)
    return found


def authority_on(account: Account, on: date, among: Iterable[DeductionAuthority]) -> DeductionAuthority | None:
    """The authorisation in force on a day, the last given where there are several."""
    in_force = [
        one
        for one in among
        if one.account_id == account.pk
        and not hasattr(one, "revocation")
        and one.starts_on <= on
        and (one.ends_on is None or on <= one.ends_on)
    ]
    return max(in_force, key=lambda one: one.pk, default=None)


def deductions_of(*, accounts: Iterable[Account], on: date) -> list[Deductions]:
    """Of each account what is authorised on a day and what was deducted (two queries)."""
    accounts = list(accounts)
    ids = [account.pk for account in accounts]
    given = list(DeductionAuthority.objects.filter(account_id__in=ids).select_related("revocation"))
    asked = deductions_asked(account_ids=ids)
    return [
        Deductions(
            account, authority_on(account, on, given), tuple(asked.get(account.pk, ())),
            tuple(failures(asked.get(account.pk, ()))),
        )
        for account in accounts
    ]  # fmt: skip
