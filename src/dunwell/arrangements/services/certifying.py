"""Certificates: asked for, confirmed by the host or approved by another person, issued once, numbered and signed; revoked
where a payment by which something was settled is taken back."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import segno
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, Subquery

from dunwell.arrangements.models import (
    Arrangement,
    Certificate,
    CertificateAccount,
    CertificateAnswer,
    CertificateRequest,
    CertificateRevocation,
    Instruction,
    InstructionAnswer,
)
from dunwell.arrangements.queries.agreements import parts_of
from dunwell.arrangements.queries.plans import surplus
from dunwell.arrangements.queries.repaid import missing, taken_back
from dunwell.arrangements.rules.agreements import STILL_JUDGED
from dunwell.arrangements.services.instructing import instruct
from dunwell.arrangements.services.refusing import NotAllowed
from dunwell.arrears.models import AccountState
from dunwell.evidence import documents
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.payments.models import Reversal
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account

Kind = CertificateRequest.Kind
ISSUER = Actor.program("certificates")
PREFIX = {Kind.SETTLED: "JQ", Kind.NO_MALICE: "FE"}
TITLES = {
    Kind.SETTLED: ("结清证明", "Certificate of settlement"),
    Kind.NO_MALICE: ("非恶意逾期证明", "Certificate that it was not late in bad faith"),
}
TEXTS = {
    Kind.SETTLED: (
        "截至出具日，上述账户的全部欠款（本金、利息及费用）已结清，余额为零。特此证明。",
        "On the day of issue everything owed on this account (principal, interest and fees) is settled; the balance is zero.",
    ),
    Kind.NO_MALICE: (
        "经核实，上述账户的逾期并非持卡人恶意所致。特此证明。",
        "It was verified that this account was not late in bad faith of the cardholder.",
    ),
}
SETTLED_TOGETHER = (
    "截至出具日，上述各账户的全部欠款（本金、利息及费用）均已结清，余额均为零。特此证明。",
    "On the day of issue everything owed on these accounts (principal, interest and fees) is settled; the balance of each is zero.",
)


@transaction.atomic
def request_certificate(
    *, account_id: int, kind: str, reason: str, by: Actor, now: datetime, key: str, together: bool = False
) -> CertificateRequest:
    """Ask for a certificate. The same key again is the same request.

    Of a settled account the host is asked to confirm that nothing is owed; NotAllowed with `owed` while something is, and
    with `reason` without one. `together`: one certificate, of that account and of those that were settled with it by a
    combined plan; the host confirms each.
    """
    account = Account.objects.get(pk=account_id)
    portfolio.touch(party_id=account.party_id, now=now)
    known = CertificateRequest.objects.filter(key=key).first()
    if known is not None:
        return known
    if not reason.strip():
        raise NotAllowed("reason")
    accounts = [account, *(settled_with(account) if together and kind == Kind.SETTLED else [])]
    confirmations = []
    if kind == Kind.SETTLED:
        if any(map(_owed, accounts)):
            raise NotAllowed("owed")
        confirmations = [
            instruct(
                account_id=one.pk, kind=Instruction.Kind.BALANCE_CONFIRMATION, amount=Decimal("0.00"),
                payload={"balance": "0.00"}, by=by, now=now, key=f"balance-{key}"[:76] + (f"+{nr}" if nr else ""),
            )
            for nr, one in enumerate(accounts)
        ]  # fmt: skip
    made = CertificateRequest.objects.create(
        entity_id=account.entity_id, account=account, kind=Kind(kind), reason=reason.strip()[:200],
        instruction=confirmations[0] if confirmations else None, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    CertificateAccount.objects.bulk_create(
        CertificateAccount(request=made, account=one, instruction=confirmation)
        for one, confirmation in zip(accounts[1:], confirmations[1:], strict=True)
    )
    _log("asked", made, by, now, reason=made.reason)
    return made


@transaction.atomic
def answer_certificate(
    *, request_id: int, approved: bool, by: Actor, now: datetime, reason: str = ""
) -> CertificateAnswer:
    """Approve or refuse a certificate of no bad faith: another person than asked for it. The first answer stands."""
    asked = CertificateRequest.objects.select_related("account").get(pk=request_id)
    portfolio.touch(party_id=asked.account.party_id, now=now)
    if by.user_id is None:
        raise NotAllowed("nobody")
    if asked.kind != Kind.NO_MALICE:
        raise NotAllowed("over")
    if by.user_id == asked.recorded_by:
        raise NotAllowed("own")
    if not approved and not reason.strip():
        raise NotAllowed("reason")
    answer, created = CertificateAnswer.objects.get_or_create(
        request=asked,
        defaults={
            "approved": approved, "reason": reason.strip()[:200], "recorded_at": now, "recorded_by": by.user_id,
        },
    )  # fmt: skip
    if created:
        _log("approved" if approved else "refused", asked, by, now, reason=answer.reason)
    return answer


def issue_certificates(*, now: datetime, limit: int = 50) -> int:
    """Issue what the host has confirmed or somebody approved; answers how many. Each is issued once."""
    unconfirmed = CertificateAccount.objects.filter(request=OuterRef("pk")).exclude(instruction__answer__confirmed=True)
    ready = CertificateRequest.objects.filter(
        ~Exists(unconfirmed),
        Q(kind=Kind.SETTLED, instruction__answer__confirmed=True) | Q(kind=Kind.NO_MALICE, answer__approved=True),
        certificate=None,
    )
    return sum(_issue(request_id, now=now) for request_id in ready.order_by("id").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _issue(request_id: int, *, now: datetime) -> bool:
    asked = CertificateRequest.objects.select_related("account__party", "entity").get(pk=request_id)
    account, others = asked.account, list(asked.others.select_related("account").order_by("pk"))
    portfolio.touch(party_id=account.party_id, now=now)  # it locks the party: of two workers one waits
    if Certificate.objects.filter(pk=asked.pk).exists():
        return False
    asked_of_host = [asked.instruction_id, *(one.instruction_id for one in others)]
    confirmed = InstructionAnswer.objects.filter(pk__in=asked_of_host, confirmed=True).count()
    accounts = [account, *(one.account for one in others)]
    if asked.kind == Kind.SETTLED and (confirmed < len(asked_of_host) or any(map(_owed, accounts))):
        return False
    on, token = business_date(now), secrets.token_urlsafe(16)
    number = f"{PREFIX[Kind(asked.kind)]}-{on:%Y}-{asked.pk:06}"
    language = "en" if account.party.language.startswith("en") else "zh-hans"
    made = _paper(asked, accounts, number=number, token=token, language=language, now=now)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{number}.pdf"
        path.write_bytes(made)
        stored = evidence.keep_file(path=path, name=path.name, now=now)
    states = AccountState.objects.filter(account__in=accounts).select_related("account")
    credit = {state.account.account_no: str(surplus(state)) for state in states if surplus(state) > 0}
    Certificate.objects.create(
        request=asked, number=number, token=token, issued_on=on, file=stored, credit=credit, recorded_at=now
    )
    _log("issued", asked, ISSUER, now, number=number, sha256=stored.sha256)
    return True


def revoke_certificates(*, now: datetime) -> int:
    """Revoke the certificates of settlement whose account was not settled, after all: of the money by which it was, more was
    taken back than was there beyond what was owed; answers how many. Each is revoked once, for good: a new one is asked for."""
    return sum(_revoke(request_id, now=now) for request_id in sorted({pk for pk, _ in _untrue(now)}))


@transaction.atomic
def _revoke(request_id: int, *, now: datetime) -> bool:
    asked = CertificateRequest.objects.select_related("account", "certificate").get(pk=request_id)
    portfolio.touch(party_id=asked.account.party_id, now=now)
    reversals = [reversal_id for _, reversal_id in _untrue(now, request_id=request_id)]
    if not reversals:
        return False
    made = CertificateRevocation.objects.create(
        certificate=asked.certificate, reversal_id=max(reversals), revoked_on=business_date(now), recorded_at=now
    )
    _log("revoked", asked, ISSUER, now, number=asked.certificate.number, rows=[made])
    return True


def _untrue(now: datetime, *, request_id: int | None = None) -> list[tuple[int, int]]:
    """Certificates that say what is not so, by number of the request, with the last reversal on each of their accounts."""
    names = {"books_of": "instruction__answer__booked_on", "told_at": "instruction__answer__recorded_at"}
    found: list[tuple[int, int]] = []
    for model, path in ((CertificateRequest, ""), (CertificateAccount, "request__")):
        account = {"account": "account", **names}
        rows = model.objects.filter(
            Exists(taken_back(**account)),
            **({} if request_id is None else {f"{path}certificate": request_id}),
            **{
                f"{path}kind": Kind.SETTLED, f"{path}certificate__revocation": None,
                f"{path}certificate__issued_on__gt": business_date(now) - STILL_JUDGED,
            },
        ).annotate(
            missing=missing(**account), last=Subquery(taken_back(**account).order_by("-pk").values("pk")[:1])
        )  # fmt: skip
        for number, account_no, credit, gone, last in rows.values_list(
            f"{path}certificate", "account__account_no", f"{path}certificate__credit", "missing", "last"
        ):
            if gone > Decimal(credit.get(account_no, "0.00")):
                found.append((number, last))
    return found


def _paper(
    asked: CertificateRequest, accounts: Sequence[Account], *, number: str, token: str, language: str, now: datetime
) -> bytes:
    identity = portfolio.reveal_identity(
        party_id=asked.account.party_id, by=ISSUER, now=now, reason=f"certificate {number}"
    )
    address, code = f"{settings.PUBLIC_URL}/verify/{token}", BytesIO()
    segno.make(address, error="m").save(code, kind="svg", xmldecl=False, scale=4, border=0)
    at = 1 if language == "en" else 0
    said = SETTLED_TOGETHER if len(accounts) > 1 else TEXTS[Kind(asked.kind)]
    made = documents.pdf(
        room="arrangements", name="certificate", language=language, now=now,
        data={
            "author": asked.entity.name(language), "bank": asked.entity.name(language),
            "title": TITLES[Kind(asked.kind)][at], "text": said[at], "number": number,
            "name": identity.name, "identity": identity.id_no, "account": ("、", ", ")[at].join(one.account_no for one in accounts),
            "date": business_date(now).isoformat(), "address": address, "code": code.getvalue().decode(),
        },
    )  # fmt: skip
    return documents.signed(made, reason=TITLES[Kind(asked.kind)][1], now=now)


def settled_with(account: Account) -> list[Account]:
    """The other accounts of the last combined plan by which this one was settled; none where it was by itself."""
    ended = Arrangement.objects.filter(account=account, standing=Arrangement.Standing.ENDED).order_by("-pk").first()
    if ended is None:
        return []
    return [part.account for part in parts_of(ended) if part.account_id != account.pk]


def _owed(account: Account) -> bool:
    """Whether something is owed by the published columns, or by a reversal that they do not know of yet; an account that is in
    them no more is the host's to confirm."""
    unknown = Reversal.objects.filter(payment__account=OuterRef("account"), business_date__gt=OuterRef("business_date"))
    return AccountState.objects.filter(Q(balance__gt=0) | Exists(unknown), account=account).exists()


def _log(
    what: str, asked: CertificateRequest, by: Actor, now: datetime, rows: Sequence[Model] = (), **data: object
) -> None:
    evidence.write(
        kind=f"certificate.{what}", now=now, by=by, entity_id=asked.entity_id, party_id=asked.account.party_id,
        account_id=asked.account_id, data={"request": asked.pk, "kind": asked.kind, **data}, rows=rows,
    )  # fmt: skip
