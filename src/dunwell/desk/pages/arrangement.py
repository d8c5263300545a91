"""Arrangements of a case: offers side by side, the proposal, its approval, the cardholder's consent, and how it is performed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrangements import queries, services, words
from dunwell.arrangements.means.queries import Stated, stated
from dunwell.arrangements.models import Arrangement, CertificateRequest, ChangeRequest, Instalment, Instruction
from dunwell.arrangements.queries import Agreement
from dunwell.arrangements.queries.plans import PERFORMED, WAITING
from dunwell.arrangements.rules import offers, products
from dunwell.arrangements.rules.offers import Offer, Situation, Wish
from dunwell.casework.models import Case
from dunwell.compliance import services as compliance
from dunwell.desk.pages.case import find
from dunwell.desk.pages.offered import may_be_sent, points_of
from dunwell.evidence import services as evidence
from dunwell.identity.pages.guard import requires
from dunwell.kernel import times
from dunwell.kernel.decision import Reason
from dunwell.nightly.services import reassess
from dunwell.portfolio import reference
from dunwell.portfolio.models import Account
from dunwell.portfolio.services import open_text

LATE = (Instalment.State.MISSED, Instalment.State.PARTLY_PAID)
CIRCUMSTANCES = ("circumstances", "willing", "disaster")
TYPED = (
    "left",
    "first_payment",
    "heard",
    "asked",
    "code",
    "term",
    "due_day",
    *(f"waived_{part}" for part in products.PARTS),
)


def _amount(text: str) -> Decimal | None:
    """An amount as somebody types it; None where nothing is typed. ValueError otherwise."""
    cleaned = text.replace(",", "").strip()
    if not cleaned:
        return None
    try:
        found = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(text) from None
    if not found.is_finite() or found < 0 or found != found.quantize(Decimal("0.01")):
        raise ValueError(text)
    return found.quantize(Decimal("0.01"))


def _reason(one: Reason) -> dict[str, str]:
    return {"rule": one.rule, "text": one.text(get_language() or ""), "citation": one.citation}


def _shown(offer: Offer, accounts: Sequence[Account]) -> dict[str, object]:
    wish = offer.wish
    return {
        "offer": offer, "name": words.PRODUCTS[wish.code], "term": words.term(wish.term, offer.product.unit),
        "interest": words.INTEREST[offer.product.interest],
        "many": offer.product.shape == "instalments",
        "over": offer.left_after is not None and offer.left_after < 0,
        "waived": [(words.PARTS[part], part, given) for part, given in wish.waived.items()],
        "waived_in_all": wish.waived_in_all,
        "shares": [
            (account.account_no, part.amount, monthly)
            for account, part, monthly in zip(accounts, offer.parts, offer.monthly_by_account, strict=False)
        ],
    }  # fmt: skip


class _Typed:
    """What stands in the form, from the address: the amounts read, and whether they could be."""

    def __init__(self, data, stated: Stated | None = None) -> None:
        self.text = {name: data.get(name, "").strip() for name in TYPED}
        if stated is not None and "left" not in data:  # nobody typed yet: what his statement of means leaves him
            self.text["left"] = str(max(stated.left.amount, offers.ZERO))
        self.known = frozenset(name for name in CIRCUMSTANCES if data.get(name))
        self.error = ""
        try:
            self.left = _amount(self.text["left"])
            self.first_payment = _amount(self.text["first_payment"]) or offers.ZERO
            self.waived = {
                part: given for part in products.PARTS if (given := _amount(self.text[f"waived_{part}"])) is not None
            }
            self.term = int(self.text["term"] or 0)
            self.due_day = int(self.text["due_day"]) if self.text["due_day"] else None
        except ValueError:
            self.left, self.first_payment, self.waived, self.term, self.due_day = None, offers.ZERO, {}, 0, None
            self.error = _("Write amounts as 1234.50, the term and the due day as whole numbers.")

    @property
    def wish(self) -> Wish | None:
        if self.text["code"] not in products.PRODUCTS or self.error:
            return None
        waived = {part: given for part, given in self.waived.items() if given}
        return Wish(self.text["code"], self.term, self.first_payment, waived, self.due_day)


def _account(request: HttpRequest, found: Case, data) -> tuple[Account, list[Account]]:
    most = F("state__past_due").desc(nulls_last=True)  # what is late is what one comes for
    accounts = list(Account.objects.filter(party_id=found.party_id).order_by(most, "id"))
    asked = data.get("account", "")
    account = next((one for one in accounts if str(one.pk) == asked), accounts[0] if accounts and not asked else None)
    if account is None:
        raise Http404(asked)
    return account, accounts


def _others(
    request: HttpRequest, account: Account, accounts: Sequence[Account], running: Sequence[Arrangement]
) -> tuple[list[Account], list[Account]]:
    """The other accounts that one agreement may be about as well, and those of them that the address or form names. A change is
    about all accounts of the plan that runs."""
    if running:
        return [], [part.account for part in running if part.account_id != account.pk]
    possible = [one for one in accounts if one.pk != account.pk and queries.may_be_combined((account, one))]
    asked = set((request.GET or request.POST).getlist("with"))
    return possible, sorted((one for one in possible if str(one.pk) in asked), key=lambda one: one.pk)


@requires("case.view")
@require_GET
def arrangement(request: HttpRequest, case_no: str) -> HttpResponse:
    """Two or three offers side by side and own terms beside them, why not the others, and what was arranged before."""
    found = find(request, case_no)
    told = stated(found.party_id)
    return _page(request, found, _Typed(request.GET, told), told=told)


def _page(
    request: HttpRequest,
    found: Case,
    typed: _Typed,
    *,
    told: Stated | None = None,
    refused: tuple[Reason, ...] = (),
) -> HttpResponse:
    account, accounts = _account(request, found, request.GET or request.POST)
    now = timezone.now()
    today, calendar, role = times.business_date(now), reference.calendar(), request.user.role
    running = _running(request, account)
    changes = next(iter(running), None)
    possible, others = _others(request, account, accounts, running)
    situation = queries.situation_together([account, *others], left=typed.left, known=typed.known, changes=running)
    context: dict[str, object] = {
        "case_no": found.case_no, "closed": found.closed_on, "account": account, "accounts": accounts, "typed": typed.text,
        "possible": possible, "others": others,
        "known": typed.known, "situation": situation, "error": typed.error, "refused": [_reason(one) for one in refused],
        "products": [(code, words.PRODUCTS[code]) for code in products.PRODUCTS],
        # a plan that runs is changed though nothing is past due and the case is closed
        "may_propose": request.user.may("arrangement.propose") and (found.closed_on is None or changes is not None),
        "may_certify": request.user.may("arrangement.propose"),
        "new_key": secrets.token_hex(8), "told": _told(typed.text["asked"]),
        "stated": told, "changes": changes, "changed": words.PRODUCTS[changes.product] if changes else "",
    }  # fmt: skip
    if situation is not None:
        terms = {"on": today, "calendar": calendar, "issuer": settings.BANK_ENTITY}
        shown, not_offered = offers.beside(
            situation, by_role=role, first_payment=typed.first_payment, due_day=typed.due_day, **terms
        )
        context |= {
            "offers": [_shown(one, [account, *others]) for one in shown],
            "not_offered": [
                {"name": words.PRODUCTS[one.product.code], "reasons": [_reason(each) for each in one.reasons]}
                for one in not_offered
            ],
            **_own(situation, typed, [account, *others], role, terms),
        }
    if others and situation is not None:
        rule = products.combined(today, settings.BANK_ENTITY)
        context |= {"shares": _shares(context), "spread": words.SPREAD[rule.first_payment_by], "spread_rule": rule.rule}
    made = queries.agreements_of(party_id=found.party_id)
    context["certificates"] = [_certificate(one, request) for one in queries.certificates_of(party_id=found.party_id)]
    context["certificate_kinds"] = list(words.CERTIFICATES.items())
    context["forms"] = list(words.FORMS.items())
    asked = queries.last_changes([one.lead.pk for one in made if one.lead.standing in PERFORMED])
    context["made"] = [_made(one, request, asked.get(one.lead.pk)) for one in made]
    if request.user.may("message.send") and any(may_be_sent(one.lead.standing) for one in made):
        context["points"] = points_of(found.party_id)
    return render(request, "desk/arrangement.html", context, status=422 if refused or typed.error else 200)


def _shares(context: dict[str, Any]) -> list[tuple[str, list[tuple[Decimal, Decimal]]]]:
    """Each account's share of every offer that is shown, an account a row: of the highest instalment and of the amount."""
    shown = [*context["offers"], *([context["own"]] if context.get("own") else [])]
    rows: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for one in shown:
        for account_no, amount, monthly in one["shares"]:
            rows.setdefault(account_no, []).append((monthly, amount))
    return list(rows.items())


def _running(request: HttpRequest, account: Account) -> list[Arrangement]:
    """What runs on of the plan that is to be changed, as the address or form names it, the account's first; empty where none is."""
    asked = (request.GET or request.POST).get("changes", "")
    found = queries.running(party_id=account.party_id, arrangement_id=int(asked)) if asked.isdigit() else []
    found = sorted(found, key=lambda part: part.account_id != account.pk)
    if asked and (not found or found[0].account_id != account.pk):
        raise Http404(asked)
    return found


def _own(situation: Situation, typed: _Typed, accounts: Sequence[Account], role: str, terms: dict) -> dict[str, object]:
    """The terms that somebody typed: reckoned, and whether they may be offered."""
    wish = typed.wish
    if wish is None:
        return {}
    reasons = offers.forbidden(situation, wish, by_role=role, **terms)
    try:
        own = _shown(offers.offer(situation, wish, **terms), accounts)
    except ValueError:
        own = None
    return {"own": own, "own_reasons": [_reason(one) for one in reasons]}


def _told(asked: str) -> dict[str, str] | None:
    found = products.asked_for(asked) if asked else None
    return _reason(found.answer) if found else None


def _change_asked(whole: Agreement, asked: ChangeRequest | None) -> dict[str, object] | None:
    """What he asks for of a running plan on his own page, word for word, and where the change begins at the desk."""
    if asked is None or hasattr(asked, "answer"):
        return None
    one = next((part for part in whole.parts if not part.repaid), whole.lead)
    begins = {"account": one.account_id, "changes": one.pk, "left": asked.monthly, "due_day": asked.due_day}
    return {
        "row": asked,
        "wanted": words.wanted(
            monthly=asked.monthly, due_day=asked.due_day, months=asked.months, currency=one.currency
        ),
        "text": open_text(party_id=one.party_id, sealed=bytes(asked.words.text_sealed)) if asked.words else "",
        "begins": urlencode({name: value for name, value in begins.items() if value is not None}),
    }  # fmt: skip


def _made(whole: Agreement, request: HttpRequest, asked: ChangeRequest | None) -> dict[str, object]:
    one = whole.lead
    answers = list(one.answers.all())
    waits = one.standing == Arrangement.Standing.PROPOSED
    mine = any(answer.recorded_by == request.user.pk for answer in answers)
    may_approve = request.user.may("arrangement.approve") and request.user.role in one.roles
    parts = [_part(part) for part in whole.parts]
    several, over = len(parts) > 1, one.standing in offers.OVER
    return {
        "row": one, "whole": whole, "parts": parts, "several": several, "name": words.PRODUCTS[one.product],
        "standing": words.STANDINGS[one.standing], "tone": words.TONES.get(one.standing, ""),
        "interest": words.INTEREST[one.terms["interest"]],
        "waived": sum(whole.waived.values(), Decimal(0)),
        "approved": sum(answer.approved for answer in answers), "answers": answers,
        "may_answer": waits and may_approve and not mine and one.recorded_by != request.user.pk,
        "may_send": may_be_sent(one.standing), "own": waits and one.recorded_by == request.user.pk,
        "may_agree": one.standing == Arrangement.Standing.APPROVED and request.user.may("arrangement.propose"),
        "may_change": one.standing in PERFORMED and request.user.may("arrangement.propose"),
        "begins": next((part for part in whole.parts if not part.repaid), one),
        "asked": _change_asked(whole, asked),
        "may_cancel": one.standing in (*WAITING, *PERFORMED) and request.user.may("arrangement.propose"),
        "may_certify": several and one.standing == Arrangement.Standing.ENDED and request.user.may("arrangement.propose"),
        "end": next((part.end for part in whole.parts if hasattr(part, "end")), None),
        "repaid": over and any(part.repaid for part in whole.parts),
        "form": words.FORMS[one.consent.form] if hasattr(one, "consent") else "",
        "lines": whole.lines if several else [], "late": any(part["late"] for part in parts),
        "paid": sum((part["paid"] for part in parts), Decimal(0)),
        "of": sum((part["of"] for part in parts), Decimal(0)),
        "rejected": _rejected(whole) if several and not hasattr(one, "force") else None,
    }  # fmt: skip


def _part(one: Arrangement) -> dict[str, object]:
    rows = list(one.instalments.all())
    return {
        "row": one,
        "repaid": one.repaid,
        "late": not one.repaid and any(each.state in LATE for each in rows),
        "instalments": [(each, words.STATES[each.state], words.STATE_TONES.get(each.state, "")) for each in rows],
        "paid": sum((each.received for each in rows), Decimal(0)),
        "of": sum((each.amount for each in rows), Decimal(0)),
        "instructions": [(each, words.INSTRUCTIONS[each.kind]) for each in one.instructions.all()],
    }


def _rejected(whole: Agreement) -> tuple[Arrangement, Instruction] | None:
    """The first thing that the host rejected of a combined plan: for that the whole does not come into force."""
    for part in whole.parts:
        for each in part.instructions.all():
            answer = getattr(each, "answer", None)
            if answer is not None and not answer.confirmed:
                return part, each
    return None


def _certificate(one: CertificateRequest, request: HttpRequest) -> dict[str, object]:
    answered, issued = getattr(one, "answer", None), getattr(one, "certificate", None)
    others = list(one.others.all())
    told = [getattr(each.instruction, "answer", None) for each in (one, *others) if each.instruction]
    waits = one.kind == CertificateRequest.Kind.NO_MALICE and answered is None
    return {
        "row": one, "name": words.CERTIFICATES[one.kind],
        "accounts": [one.account.account_no, *(each.account.account_no for each in others)],
        "issued": issued, "revoked": getattr(issued, "revocation", None),
        "refused": answered is not None and not answered.approved, "reason": answered.reason if answered else "",
        "rejected": next((each for each in told if each is not None and not each.confirmed), None),
        "may_answer": waits and request.user.may("arrangement.approve") and one.recorded_by != request.user.pk,
    }  # fmt: skip


def _back(found: Case) -> HttpResponse:
    return HttpResponseRedirect(f"/cases/{found.case_no}/arrangement")


def _done(request: HttpRequest, found: Case, now: datetime, said: str) -> HttpResponse:
    """The touched person is reassessed at once, so that the page shows where it stands now."""
    reassess(now=now, party_ids=[found.party_id])
    services.follow(now=now)
    services.issue_certificates(now=now)
    messages.success(request, said)
    return _back(found)


@requires("arrangement.propose")
@require_POST
def propose(request: HttpRequest, case_no: str) -> HttpResponse:
    """Propose an offer, as it stood on the page; it is reckoned and checked anew."""
    found, now = find(request, case_no), timezone.now()
    typed = _Typed(request.POST)
    wish = typed.wish
    account, accounts = _account(request, found, request.POST)
    running = _running(request, account)
    _possible, others = _others(request, account, accounts, running)
    if wish is None or (found.closed_on is not None and not running):
        return _page(request, found, typed)
    try:
        services.propose(
            account_id=account.pk, wish=wish, left=typed.left, known=typed.known, heard=typed.text["heard"],
            by_role=request.user.role, by=request.user.actor, now=now, case_id=found.pk, case_no=found.case_no,
            key=f"proposal-{request.POST.get('key') or secrets.token_hex(8)}"[:80],
            changes=running[0].pk if running else None, others=[one.pk for one in others],
        )  # fmt: skip
    except services.NotOffered as refused:
        return _page(request, found, typed, refused=refused.reasons)
    except services.NotAllowed as problem:
        messages.error(request, str(words.NOT_ALLOWED[problem.code]))
        return _back(found)
    except LookupError:
        return _page(request, found, typed)
    return _done(request, found, now, _("Proposed. It waits for approval; nothing is promised to the cardholder yet."))


def _act(
    request: HttpRequest, case_no: str, arrangement_id: int, act: Callable[[datetime], object], said: str
) -> HttpResponse:
    found, now = find(request, case_no), timezone.now()
    if not Arrangement.objects.filter(pk=arrangement_id, party_id=found.party_id).exists():
        raise Http404(str(arrangement_id))
    try:
        act(now)
    except services.NotAllowed as refused:
        messages.error(request, str(words.NOT_ALLOWED[refused.code]))
        return _back(found)
    except compliance.Unproven:
        messages.error(request, _("No such evidence is kept: attach the paper, or name talk 12, log 34 or file 5e6f…."))
        return _back(found)
    return _done(request, found, now, said)


@requires("arrangement.approve")
@require_POST
def answer(request: HttpRequest, case_no: str, arrangement_id: int) -> HttpResponse:
    """Approve a proposal or refuse it."""
    approved = request.POST.get("answer") == "approve"
    return _act(
        request, case_no, arrangement_id,
        lambda now: services.answer_proposal(
            arrangement_id=arrangement_id, approved=approved, reason=request.POST.get("reason", ""),
            by=request.user.actor, by_role=request.user.role, now=now,
        ),
        _("Approved.") if approved else _("Refused."),
    )  # fmt: skip


@requires("arrangement.propose")
@require_POST
def decline_change(request: HttpRequest, case_no: str, arrangement_id: int) -> HttpResponse:
    """What he asked for on his page is not done: the plan stays as it is, and he reads why."""
    number = request.POST.get("request", "")
    asked = ChangeRequest.objects.filter(arrangement_id=arrangement_id, pk=int(number) if number.isdecimal() else 0)
    if not asked.exists():
        raise Http404(number)
    return _act(
        request, case_no, arrangement_id,
        lambda now: services.answer_change(
            request_id=int(number), reason=request.POST.get("reason", ""), by=request.user.actor, now=now
        ),
        _("Answered. He reads it on his page."),
    )  # fmt: skip


@requires("arrangement.propose")
@require_GET
def agreement(request: HttpRequest, case_no: str, arrangement_id: int) -> HttpResponse:
    """The agreement as PDF, in the language of the page."""
    found = find(request, case_no)
    if not Arrangement.objects.filter(pk=arrangement_id, party_id=found.party_id).exists():
        raise Http404(str(arrangement_id))
    made = services.agreement(
        arrangement_id=arrangement_id, language=get_language() or "zh-hans", by=request.user.actor,
        now=timezone.now(),
    )  # fmt: skip
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="agreement-{arrangement_id}.pdf"'
    return response


@requires("arrangement.propose")
@require_POST
def agree(request: HttpRequest, case_no: str, arrangement_id: int) -> HttpResponse:
    """The cardholder agreed: with the paper he signed or wrote, or the talk that was recorded."""
    by = request.user.actor

    def act(now: datetime) -> None:
        reference_, upload = request.POST.get("evidence", "").strip(), request.FILES.get("file")
        if upload is not None:
            kept = compliance.keep_proof(upload=upload, by=by, now=now, party_id=find(request, case_no).party_id)
            reference_ = f"file:{kept.sha256}"
        form = request.POST.get("form", "")
        if form not in words.FORMS:
            raise services.NotAllowed("evidence")
        services.agree(
            arrangement_id=arrangement_id, form=form, evidence_ref=reference_,
            disclosed=bool(request.POST.get("disclosed")), by=by, now=now,
        )  # fmt: skip

    return _act(request, case_no, arrangement_id, act, _("Agreed. The host is asked; in force once it has confirmed."))


@requires("arrangement.propose")
@require_POST
def cancel(request: HttpRequest, case_no: str, arrangement_id: int) -> HttpResponse:
    """End it before it is performed; what the host has booked is asked to be taken back."""
    return _act(
        request, case_no, arrangement_id,
        lambda now: services.cancel(
            arrangement_id=arrangement_id, reason=request.POST.get("reason", ""), by=request.user.actor, now=now
        ),
        _("Ended."),
    )  # fmt: skip


@requires("arrangement.propose")
@require_POST
def certificate(request: HttpRequest, case_no: str) -> HttpResponse:
    """Ask for a certificate of one of his accounts."""
    found, now = find(request, case_no), timezone.now()
    account, _accounts = _account(request, found, request.POST)
    kind = request.POST.get("kind", "")
    if kind not in words.CERTIFICATES:
        raise Http404(kind)
    try:
        services.request_certificate(
            account_id=account.pk, kind=kind, reason=request.POST.get("reason", ""), by=request.user.actor,
            now=now, key=f"certificate-{request.POST.get('key') or secrets.token_hex(8)}"[:70],
            together=bool(request.POST.get("together")),
        )  # fmt: skip
    except services.NotAllowed as refused:
        messages.error(request, str(words.NOT_ALLOWED[refused.code]))
        return _back(found)
    return _done(request, found, now, _("Asked for. It is issued once the host has confirmed, or somebody approved."))


def _asked(found: Case, request_id: int) -> CertificateRequest:
    one = CertificateRequest.objects.filter(pk=request_id, account__party_id=found.party_id).first()
    if one is None:
        raise Http404(str(request_id))
    return one


@requires("arrangement.approve")
@require_POST
def answer_certificate(request: HttpRequest, case_no: str, request_id: int) -> HttpResponse:
    """Approve or refuse a certificate that takes another person."""
    found, now = find(request, case_no), timezone.now()
    approved = request.POST.get("answer") == "approve"
    try:
        services.answer_certificate(
            request_id=_asked(found, request_id).pk, approved=approved, reason=request.POST.get("reason", ""),
            by=request.user.actor, now=now,
        )  # fmt: skip
    except services.NotAllowed as refused:
        messages.error(request, str(words.NOT_ALLOWED[refused.code]))
        return _back(found)
    return _done(request, found, now, _("Approved.") if approved else _("Refused."))


@requires("arrangement.propose")
@require_GET
def certificate_file(request: HttpRequest, case_no: str, request_id: int) -> HttpResponse:
    """The certificate that was issued, as it was signed."""
    found = find(request, case_no)
    issued = getattr(_asked(found, request_id), "certificate", None)
    if issued is None:
        raise Http404(str(request_id))
    evidence.write(
        kind="certificate.fetched", now=timezone.now(), by=request.user.actor, party_id=found.party_id,
        case_id=found.pk, data={"request": request_id, "number": issued.number},
    )  # fmt: skip
    response = HttpResponse(evidence.read_file(issued.file), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{issued.number}.pdf"'
    return response
