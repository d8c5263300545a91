"""Disputes: opened in one step with the amount held, verified by a department, decided, corrected, answered in writing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from dunwell.arrangements import services as arrangements
from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case, Dispute, DisputeStep
from dunwell.casework.rules import objections as rules
from dunwell.casework.services.letters import Refused, answer_letter, fit
from dunwell.casework.services.numbering import next_number
from dunwell.casework.services.requests import ask
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account

LETTERS = {"upheld": "LETTER-DISPUTE-UPHELD", "partly": "LETTER-DISPUTE-UPHELD", "rejected": "LETTER-DISPUTE-REJECTED"}


class DisputeRefused(Refused):
    """Why nothing was written: `kind`, `account`, `amount`, `words`, `decided`, `own` (who opened it does not decide),
    `letter`, `content`."""


@transaction.atomic
def open_dispute(
    *,
    case_id: int,
    account_id: int,
    kind: str,
    text: str,
    by: Actor,
    now: datetime,
    key: str,
    amount: Decimal | None = None,
    received_on: date | None = None,
) -> Dispute:
    """He says that he does not owe it: the amount (none: the whole account) is held from now on. The same key again, and
    the same dispute while it is open, answer what there is."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Dispute.objects.filter(key=key).first()
    if known is not None:
        return known
    chosen = rules.disputes().get(kind)
    account = Account.objects.filter(pk=account_id, party_id=case.party_id).first()
    if chosen is None:
        raise DisputeRefused("kind")
    if account is None:
        raise DisputeRefused("account")
    if amount is not None and amount <= 0:
        raise DisputeRefused("amount")
    if not text.strip():
        raise DisputeRefused("words")
    decided = DisputeStep.objects.filter(kind__in=rules.DECISIONS).values("dispute_id")
    same = Dispute.objects.filter(account=account, kind=kind, amount=amount).exclude(pk__in=decided).first()
    if same is not None:
        return same
    today = business_date(now)
    since = received_on or today
    number = next_number("D", today)
    hold = compliance.place_hold(
        party_id=case.party_id, account_id=account.pk, kind="dispute", amount=amount, reason=number, by=by, now=now
    )
    dispute = Dispute.objects.create(
        party_id=case.party_id, case=case, account=account, number=number, kind=kind, amount=amount,
        words_sealed=portfolio.seal_text(party_id=case.party_id, text=text.strip()), route=chosen.route,
        received_on=since, due_on=rules.answer_by(since, chosen.days), rule=chosen.rule, hold=hold,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log("dispute.opened", dispute, dispute, {"kind": kind, "amount": amount and str(amount), "route": chosen.route,
                                     "due_on": str(dispute.due_on)}, by=by, now=now)  # fmt: skip
    return dispute


@transaction.atomic
def add_step(
    *, dispute_id: int, kind: str, by: Actor, now: datetime, key: str, text: str = "", file: StoredFile | None = None
) -> DisputeStep:
    """Ask him for evidence (`asked`), or keep what he brought (`evidence`)."""
    dispute = Dispute.objects.select_related("case").get(pk=dispute_id)
    known = DisputeStep.objects.filter(key=key).first()
    if known is not None:
        return known
    if kind not in ("asked", "evidence"):
        raise DisputeRefused("kind")
    if not text.strip() and file is None:
        raise DisputeRefused("words")
    return _step(dispute, kind, text=text, file=file, by=by, now=now, key=key)


@transaction.atomic
def decide(
    *, dispute_id: int, outcome: str, text: str, by: Actor, now: datetime, key: str, amount: Decimal | None = None
) -> DisputeStep:
    """Decide it; the first decision counts, and whoever opened it does not decide it.

    Upheld (against the bank), or in part: what is not owed stays held, for a fraud under the gate's own rule, and card
    operations and credit reporting are asked to correct amount and record by their days. Rejected or withdrawn: demands
    may go on. Upheld, partly and rejected are answered in writing.
    """
    dispute = Dispute.objects.select_related("case", "hold", "account").get(pk=dispute_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=dispute.case_id)
    known = DisputeStep.objects.filter(Q(key=key) | Q(dispute=dispute, kind__in=rules.DECISIONS)).order_by("pk").first()
    if known is not None:
        if known.key != key:
            raise DisputeRefused("decided")
        return known
    if outcome not in rules.DECISIONS:
        raise DisputeRefused("kind")
    if outcome != "withdrawn" and by.user_id is not None and by.user_id == dispute.recorded_by:
        raise DisputeRefused("own")
    if not text.strip():
        raise DisputeRefused("words")
    not_owed = amount if amount is not None else dispute.amount
    if outcome == "partly" and (amount is None or amount <= 0 or (dispute.amount and amount >= dispute.amount)):
        raise DisputeRefused("amount")
    step = _step(
        dispute, outcome, text=text, amount=not_owed if outcome in rules.RIGHT else None, by=by, now=now, key=key
    )
    if outcome in rules.RIGHT:
        _correct(dispute, case, not_owed, by=by, now=now, key=key)
    compliance.lift_hold(hold_id=dispute.hold_id, reason=f"{dispute.number} {outcome}", by=by, now=now)
    return step


def _correct(dispute: Dispute, case: Case, amount: Decimal | None, *, by: Actor, now: datetime, key: str) -> None:
    """Nobody demands what is not owed while it stands in the host's figures; the host is asked to book it, and two
    departments see to it."""
    kind = rules.disputes()[dispute.kind]
    compliance.lift_hold(
        hold_id=dispute.hold_id, reason=dispute.number, by=by, now=now
    )  # first: the next is not the same
    compliance.place_hold(
        party_id=case.party_id, account_id=dispute.account_id, kind=kind.then, amount=amount, by=by, now=now,
        reason=f"{dispute.number} upheld",
    )  # fmt: skip
    about = f"{dispute.number}, {dispute.account.account_no}: {amount if amount is not None else '*'} {dispute.account.currency}"
    if kind.instructs:
        state = AccountState.objects.filter(pk=dispute.account_id).first()
        whole = state.balance if state else Decimal("0.00")
        arrangements.instruct(
            account_id=dispute.account_id, kind=kind.instructs, amount=whole if amount is None else amount,
            payload={"dispute": dispute.number, "kind": dispute.kind, "all": amount is None}, by=by, now=now,
            key=f"dispute-{dispute.pk}",
        )  # fmt: skip
    today = business_date(now)
    for department, what in (("cards", "correct_amount"), ("bureau", "correct_record")):
        first = today if department == "cards" else dispute.received_on
        ask(
            case_id=case.pk, dispute_id=dispute.pk, department=department, what=what, text=about,
            needed_by=max(today, rules.answer_by(first, rules.correction_days(department))), by=by, now=now,
            key=f"{key[:60]}:{department}",
        )  # fmt: skip


@transaction.atomic
def answer(*, dispute_id: int, text: str, by: Actor, now: datetime, key: str) -> DisputeStep:
    """Answer the cardholder in writing with what was decided and, in these words, what was found; the first letter counts.

    DisputeRefused `kind` before a decision, `words` without any, `content` when a rule forbids some, `letter` when none can
    go out (no address, no approved text).
    """
    dispute = Dispute.objects.select_related("case").get(pk=dispute_id)
    Case.objects.select_for_update(no_key=True).get(pk=dispute.case_id)
    known = dispute.steps.filter(kind="answered").first()
    if known is not None:
        return known
    outcome = rules.decision(dispute.steps.order_by("pk").values_list("kind", flat=True))
    if outcome not in LETTERS:
        raise DisputeRefused("kind")
    fit(text, party_id=dispute.party_id, now=now, refused=DisputeRefused)
    message = answer_letter(
        case=dispute.case, text=LETTERS[outcome], number=dispute.number, account_id=dispute.account_id, answer=text,
        by=by, now=now,
    )  # fmt: skip
    if message is None:
        raise DisputeRefused("letter")
    return _step(dispute, "answered", text=text, message=message, by=by, now=now, key=key)


def _step(
    dispute: Dispute, kind: str, *, by: Actor, now: datetime, key: str, text: str = "", **fields: object
) -> DisputeStep:
    sealed = portfolio.seal_text(party_id=dispute.party_id, text=text.strip()) if text.strip() else None
    step = DisputeStep.objects.create(
        dispute=dispute, kind=kind, text_sealed=sealed, recorded_at=now, recorded_by=by.user_id, key=key, **fields
    )
    _log(f"dispute.{kind}", dispute, step, {"step": step.pk, "amount": step.amount and str(step.amount),
                                      "message": step.message_id}, by=by, now=now)  # fmt: skip
    portfolio.touch(party_id=dispute.party_id, now=now)
    return step


def _log(
    kind: str, dispute: Dispute, row: Dispute | DisputeStep, data: dict[str, object], *, by: Actor, now: datetime
) -> None:
    evidence.write(
        kind=kind, now=now, by=by, entity_id=dispute.case.entity_id, party_id=dispute.party_id, case_id=dispute.case_id,
        account_id=dispute.account_id, data={"dispute": dispute.pk, "number": dispute.number, **data},
        rows=[row],
    )  # fmt: skip
