"""Deductions (主动扣款) of a case: what he authorised, what was taken, what failed and its next try; and failed auto-debits."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrangements import queries, services, words
from dunwell.arrangements.models import DeductionAuthority, FailedDebit
from dunwell.arrangements.rules.promises import policy
from dunwell.casework.models import Case
from dunwell.compliance import services as compliance
from dunwell.desk.pages.case import amount_of, find
from dunwell.identity.pages.guard import requires
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account


@requires("case.view")
@require_GET
def deductions(request: HttpRequest, case_no: str) -> HttpResponse:
    """Each account of the person with its authorisation, its last deductions and failed auto-debits, and the next try."""
    found, on = find(request, case_no), business_date(timezone.now())
    accounts = list(Account.objects.filter(party_id=found.party_id).select_related("state").order_by("id"))
    context = {
        "case_no": case_no, "deductions": queries.deductions_of(accounts=accounts, on=on), "today": on,
        "leaves": policy(on).leaves, "may_propose": request.user.may("arrangement.propose") and found.closed_on is None,
        "new_key": secrets.token_hex(8),
        "debits": [
            (one, words.DEBIT_REASONS.get(one.reason, one.reason))
            for one in FailedDebit.objects.filter(account__in=accounts).select_related("account").order_by("-id")[:20]
        ],
    }  # fmt: skip
    return render(request, "desk/deductions.html", context)


def _account(found: Case, text: str) -> Account:
    account = Account.objects.filter(pk=text, party_id=found.party_id).first() if text.isdigit() else None
    if account is None:
        raise Http404(text)
    return account


def _done(
    request: HttpRequest, case_no: str, act: Callable[[Case, Actor, datetime], object], said: str
) -> HttpResponse:
    found, now = find(request, case_no), timezone.now()
    try:
        act(found, request.user.actor, now)
        messages.success(request, said)
    except services.NotAllowed as refused:
        messages.error(request, str(words.NOT_ALLOWED[refused.code]))
    except compliance.Unproven:
        messages.error(request, _("No such evidence is kept: attach the paper, or name talk 12, log 34 or file 5e6f…."))
    except (ValueError, ArithmeticError):
        messages.error(request, _("Write the amount as 1,310.00 and the day as 2026-11-23."))
    return HttpResponseRedirect(f"/cases/{case_no}/deductions")


def _amount(request: HttpRequest, name: str, otherwise: Decimal | None = None) -> Decimal:
    text = request.POST.get(name, "").strip()
    return otherwise if otherwise is not None and not text else amount_of(text)


@requires("arrangement.propose")
@require_POST
def authorise(request: HttpRequest, case_no: str) -> HttpResponse:
    """Write down what he allows to be taken, with the paper he signed or the talk that was recorded."""

    def act(found: Case, by: Actor, now: datetime) -> None:
        account, ends = _account(found, request.POST.get("account", "")), request.POST.get("ends_on", "").strip()
        most = _amount(request, "most")
        leaves = _amount(request, "leaves", policy(business_date(now)).leaves)
        ends_on = date.fromisoformat(ends) if ends else None
        proof, upload = request.POST.get("evidence", "").strip(), request.FILES.get("file")
        if upload is not None:
            kept = compliance.keep_proof(upload=upload, by=by, now=now, party_id=found.party_id)
            proof = f"file:{kept.sha256}"
        services.authorise_deduction(
            account_id=account.pk, evidence_ref=proof, most=most, leaves=leaves, ends_on=ends_on, by=by, now=now,
            key=f"deduction-{request.POST.get('key') or secrets.token_hex(8)}"[:80],
        )  # fmt: skip

    return _done(request, case_no, act, _("Written down: deductions are authorised."))


@requires("arrangement.propose")
@require_POST
def revoke(request: HttpRequest, case_no: str, authority_id: int) -> HttpResponse:
    """He took his authorisation back; nothing more is taken from now on."""

    def act(found: Case, by: Actor, now: datetime) -> None:
        if not DeductionAuthority.objects.filter(pk=authority_id, account__party_id=found.party_id).exists():
            raise Http404(str(authority_id))
        if not request.POST.get("reason", "").strip():
            raise services.NotAllowed("reason")
        services.revoke_deduction(authority_id=authority_id, reason=request.POST["reason"], by=by, now=now)

    return _done(request, case_no, act, _("Taken back: nothing more is deducted."))


@requires("arrangement.propose")
@require_POST
def deduct(request: HttpRequest, case_no: str) -> HttpResponse:
    """Ask the host to take an amount: within what he allowed and what is past due, once a day, not before the next try."""

    def act(found: Case, by: Actor, now: datetime) -> None:
        account = _account(found, request.POST.get("account", ""))
        services.deduct(account_id=account.pk, amount=_amount(request, "amount"), by=by, now=now)

    return _done(request, case_no, act, _("The host is asked to deduct it."))
