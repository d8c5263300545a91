"""/legal: claims by the day on which they become too late, and one claim with its clock, papers and sets of proof."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance.queries import in_force, may_open
from dunwell.compliance.words import rule
from dunwell.evidence import services as evidence
from dunwell.evidence.pages import handed_out
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.legal import services, words
from dunwell.legal.models import Bundle, LimitationFact, Paper
from dunwell.legal.queries import limitation
from dunwell.legal.queries import referral as referral_query
from dunwell.legal.rules import papers as paper_rules
from dunwell.legal.rules.limitation import kinds, obstacles
from dunwell.portfolio.models import Account

UPLOAD_LIMIT = 50 << 20  # bytes


def account_of(request: HttpRequest, account_no: str) -> Account:
    """An account of the entity whose person the user may open; 404, 403."""
    account = get_object_or_404(
        Account.objects.select_related("party"), entity_id=request.user.entity_id, account_no=account_no
    )
    if not may_open(account.party_id, user_id=request.user.pk, now=timezone.now()):
        raise PermissionDenied("a listed person's account")
    return account


@requires("legal.view")
@require_GET
def claims(request: HttpRequest) -> HttpResponse:
    """The published clocks, the earliest end first."""
    today = business_date(timezone.now())
    entity_id = request.user.entity_id
    part = request.GET.get("part", "all")
    rows = list(limitation.clock_list(entity_id=entity_id, part=part, on=today, after=request.GET.get("after", "")))
    language = get_language() or "zh-hans"
    shown = [
        {
            "row": row,
            "left": (row.expires_on - today).days if row.expires_on else None,
            "last": words.event(row.last_kind, language) if row.last_kind else "",
        }
        for row in rows
    ]
    last = rows[-1] if len(rows) == limitation.MOST and rows[-1].expires_on else None
    context = {
        "rows": shown,
        "chips": limitation.chips(entity_id=entity_id, on=today),
        "parts": words.PARTS,
        "part": part,
        "more": f"?part={part}&after={last.expires_on}~{last.account_id}" if last else "",
    }
    return render(request, "legal/claims.html", context)


@requires("legal.view")
@require_GET
def claim(request: HttpRequest, account_no: str) -> HttpResponse:
    """One account: every step of its clock, what was written down, its papers, and what was handed out."""
    return claim_page(request, account_of(request, account_no))


def claim_page(request: HttpRequest, account: Account, *, error: str = "") -> HttpResponse:
    """The page of a claim, with what was wrong with what was sent."""
    today = business_date(timezone.now())
    language = get_language() or "zh-hans"
    clock = limitation.clocks([account.pk], on=today).get(account.pk)
    facts = LimitationFact.objects.filter(account=account).select_related("withdrawal", "file").order_by("-id")
    known = Paper.objects.filter(
        Q(account=account) | Q(account=None, party=account.party) | Q(party=None), entity_id=account.entity_id
    ).order_by("kind", "-id")
    papers = [paper for paper in known if paper.party_id is not None]
    pack = in_force(today)
    context = {
        "account": account,
        "clock": clock,
        "left": clock.days_left(today) if clock else None,
        "lines": [(line, words.event(line.kind, language), rule(line.rule, pack)) for line in clock.lines]
        if clock
        else [],
        "facts": [(fact, words.event(fact.kind, language)) for fact in facts],
        "fact_kinds": [(kind.id, kind.name(language)) for kind in kinds().values() if not kind.by_program],
        "obstacles": [(code, names[language == "en"]) for code, names in obstacles().items()],
        "papers": [(paper, paper_rules.kinds()[paper.kind].name(language)) for paper in papers],
        "paper_kinds": [(k.id, k.name(language)) for k in paper_rules.kinds().values() if k.of != "bank"],
        "missing": [kind.name(language) for kind in paper_rules.missing(paper.kind for paper in known)],
        "bundles": Bundle.objects.filter(party=account.party).select_related("file").order_by("-id")[:20],
        "referral": referral_query.referral_of(account, on=today),
        "today": today,
        "may_edit": request.user.may("legal.edit"),
        "may_bundle": request.user.may("bundle.make"),
        "key": uuid4().hex,
        "error": error,
    }
    return render(request, "legal/claim.html", context, status=422 if error else 200)


@requires("legal.edit")
@require_POST
def fact(request: HttpRequest, account_no: str) -> HttpResponse:
    """Write down an interruption or an obstacle with its proof."""
    account = account_of(request, account_no)
    typed = request.POST
    days = typed_days(typed.get("starts_on", ""), typed.get("ends_on", ""))
    if days is None:
        return claim_page(request, account, error=str(words.REFUSED["date"]))
    try:
        with _uploaded(request) as (path, name):
            services.record_fact(
                account_id=account.pk, kind=typed.get("kind", ""), starts_on=days[0], ends_on=days[1],
                reason=typed.get("reason", ""), file=path, file_name=name, by=request.user.actor, now=timezone.now(),
                key=f"fact-{typed.get('key') or uuid4().hex}"[:80],
            )  # fmt: skip
    except services.NotAllowed as refused:
        return claim_page(request, account, error=str(words.REFUSED[refused.code]))
    return redirect("legal:claim", account_no)


@requires("legal.edit")
@require_POST
def withdraw(request: HttpRequest, fact_id: int) -> HttpResponse:
    """Say that a fact was written down wrongly."""
    found = get_object_or_404(LimitationFact.objects.select_related("account"), pk=fact_id)
    account = account_of(request, found.account.account_no)
    try:
        services.withdraw_fact(
            fact_id=fact_id, reason=request.POST.get("reason", ""), by=request.user.actor, now=timezone.now()
        )
    except services.NotAllowed as refused:
        return claim_page(request, account, error=str(words.REFUSED[refused.code]))
    return redirect("legal:claim", account.account_no)


@requires("legal.edit")
@require_POST
def paper(request: HttpRequest, account_no: str) -> HttpResponse:
    """Keep a paper of the account or of its holder."""
    account = account_of(request, account_no)
    kind = paper_rules.kinds().get(request.POST.get("kind", ""))
    of_account = kind is not None and kind.of == "account"
    code = _keep_paper(request, account_id=account.pk if of_account else None, party_id=account.party_id)
    if code:
        return claim_page(request, account, error=str(words.REFUSED[code]))
    return redirect("legal:claim", account_no)


@requires("legal.view")
@require_GET
def standing(request: HttpRequest) -> HttpResponse:
    """The bank's own papers."""
    return _standing(request)


def _standing(request: HttpRequest, *, error: str = "") -> HttpResponse:
    language = get_language() or "zh-hans"
    papers = Paper.objects.filter(entity_id=request.user.entity_id, party=None).order_by("kind", "-id")
    context = {
        "papers": [(one, paper_rules.kinds()[one.kind].name(language)) for one in papers],
        "paper_kinds": [(k.id, k.name(language)) for k in paper_rules.kinds().values() if k.of == "bank"],
        "may_edit": request.user.may("legal.edit"),
        "today": business_date(timezone.now()),
        "key": uuid4().hex,
        "error": error,
    }
    return render(request, "legal/standing.html", context, status=422 if error else 200)


@requires("legal.edit")
@require_POST
def keep_standing(request: HttpRequest) -> HttpResponse:
    """Keep one of the bank's papers."""
    code = _keep_paper(request)
    return _standing(request, error=str(words.REFUSED[code])) if code else redirect("legal:standing")


def _keep_paper(request: HttpRequest, **whose: int | None) -> str:
    """Keep the paper that was sent; the code of what is wrong with it, or nothing."""
    typed = request.POST
    days = typed_days(typed.get("in_force_from", ""), typed.get("in_force_to", ""))
    if days is None:
        return "date"
    try:
        with _uploaded(request) as (path, name):
            if path is None:
                return "empty"
            services.keep_paper(
                kind=typed.get("kind", ""), file=path, name=name, entity_id=request.user.entity_id,
                in_force_from=days[0], in_force_to=days[1], by=request.user.actor, now=timezone.now(),
                key=f"paper-{typed.get('key') or uuid4().hex}"[:80], **whose,
            )  # fmt: skip
    except services.NotTaken as refused:
        return refused.code
    return ""


@requires("legal.view")
@require_GET
def read_paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """A paper, in clear; who read it is logged."""
    found = get_object_or_404(
        Paper.objects.select_related("file", "party"), pk=paper_id, entity_id=request.user.entity_id
    )
    now = timezone.now()
    if found.party_id and not may_open(found.party_id, user_id=request.user.pk, now=now):
        raise PermissionDenied("a listed person's paper")
    evidence.write(
        kind="paper.read", now=now, by=request.user.actor, party_id=found.party_id, account_id=found.account_id,
        data={"paper": found.pk, "kind": found.kind},
    )  # fmt: skip
    return handed_out(found.file)


@requires("bundle.make")
@require_GET
def read_bundle(request: HttpRequest, bundle_id: int) -> HttpResponse:
    """A set of proof as it was made; who took it is logged."""
    found = get_object_or_404(Bundle.objects.select_related("file"), pk=bundle_id, entity_id=request.user.entity_id)
    now = timezone.now()
    if not may_open(found.party_id, user_id=request.user.pk, now=now):
        raise PermissionDenied("a listed person's bundle")
    evidence.write(
        kind="bundle.read", now=now, by=request.user.actor, party_id=found.party_id, data={"bundle": found.pk}
    )
    return handed_out(found.file)


def typed_days(first: str, last: str) -> tuple[date, date | None] | None:
    try:
        return date.fromisoformat(first.strip()), date.fromisoformat(last.strip()) if last.strip() else None
    except ValueError:
        return None


@contextmanager
def _uploaded(request: HttpRequest) -> Iterator[tuple[Path | None, str]]:
    """The file that was sent, on disk while it is looked at; None when there is none."""
    sent = request.FILES.get("file")
    if sent is None or not sent.size or sent.size > UPLOAD_LIMIT:
        yield None, ""
        return
    with tempfile.NamedTemporaryFile() as draft:
        for chunk in sent.chunks():
            draft.write(chunk)
        draft.flush()
        yield Path(draft.name), sent.name or "paper"
