"""/evidence/retention: what is past its period, what is locked, what was proposed, and the protocols of destruction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework.models import RetentionLock
from dunwell.casework.services.locking import LockRefused, lock_records, release_lock
from dunwell.compliance.queries import may_open, withheld
from dunwell.evidence import services as evidence
from dunwell.evidence.pages import handed_out
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.legal import services, words
from dunwell.legal.models import Destruction, DestructionProtocol
from dunwell.legal.queries import due as queries
from dunwell.portfolio.models import Party

LAST = 50  # proposals of a page


@requires("retention.view")
@require_GET
def retention(request: HttpRequest) -> HttpResponse:
    """One kind of record (`kind`) past its period, the locks in force, and the last proposals with their protocols."""
    return _page(request)


def _page(request: HttpRequest, *, error: str = "") -> HttpResponse:
    now, user, language = timezone.now(), request.user, get_language() or "zh-hans"
    numbers = queries.periods(business_date(now))
    asked = request.POST.get("records", request.GET.get("kind", ""))
    kind = asked if asked in queries.KINDS else next(iter(queries.KINDS))
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    rows = queries.due(kind, entity_id=user.entity_id, now=now, numbers=numbers, after=start)
    locks = list(RetentionLock.objects.filter(entity_id=user.entity_id, release=None).order_by("-pk")[:200])
    people = _people({row.found.party_id for row in rows} | {lock.party_id for lock in locks}, user.pk, now)
    proposals = list(
        Destruction.objects.filter(entity_id=user.entity_id)
        .select_related("answer", "protocol")
        .annotate(count=Count("items"), gone=Count("items", filter=Q(items__outcome__kept_because="")))
        .order_by("-pk")[:LAST]
    )
    asked_of = {each.recorded_by for each in (*proposals, *locks)} | {
        each.answer.recorded_by for each in proposals if hasattr(each, "answer")
    }
    names = dict(User.objects.filter(pk__in=asked_of).values_list("pk", "staff_no"))
    period = numbers.get(kind)
    context = {
        "kinds": [(each, words.KINDS[each]) for each in queries.KINDS],
        "kind": kind,
        "name": words.KINDS[kind],
        "period": period,
        "text": period and (period.text if language.startswith("en") else period.text_zh),
        "rows": [
            {
                "due": row,
                "who": people.get(row.found.party_id, ""),
                "obstacles": [words.obstacle(one) for one in row.obstacles],
            }
            for row in rows
        ],
        "free": sum(not row.obstacles for row in rows),
        "more": f"?kind={kind}&after={rows[-1].found.row}" if len(rows) == queries.MOST else "",
        "locks": [
            {
                "lock": lock,
                "who": people.get(lock.party_id, ""),
                "records": words.KINDS.get(lock.kind, ""),
                "cause": words.CAUSES[lock.cause],
                "by": names.get(lock.recorded_by, "–"),
            }
            for lock in locks
        ],
        "proposals": [_shown(each, names, user.pk) for each in proposals],
        "causes": words.CAUSES.items(),
        "may_lock": user.may("retention.lock"),
        "may_propose": user.may("destruction.propose"),
        "may_approve": user.may("destruction.approve"),
        "key": uuid4().hex,
        "error": error,
    }
    return render(request, "legal/retention.html", context, status=422 if error else 200)


def _people(ids: Collection[int | None], viewer: int, now: datetime) -> dict[int, str]:
    """The customer numbers of people; of those that the viewer may not open, stars."""
    guarded = Party.objects.filter(pk__in=[each for each in ids if each is not None])
    shown = dict(guarded.exclude(withheld(viewer, now=now, party="pk")).values_list("pk", "party_no"))
    return {each: shown.get(each, "****") for each in ids if each is not None}


def _shown(each: Destruction, names: dict[int, str], viewer: int) -> dict[str, object]:
    answer, protocol = getattr(each, "answer", None), getattr(each, "protocol", None)
    if protocol is not None:
        state, tone = words.DESTRUCTION["done"], "ok"
    elif answer is None:
        state, tone = words.DESTRUCTION["proposed"], "warn"
    elif answer.number is None:
        state, tone = words.DESTRUCTION["refused"], ""
    else:
        state, tone = words.DESTRUCTION["approved"], "warn"
    return {
        "row": each, "answer": answer, "protocol": protocol, "state": state, "tone": tone,
        "records": words.KINDS[each.kind], "by": names.get(each.recorded_by, "–"),
        "answered_by": names.get(answer.recorded_by, "–") if answer else "", "own": each.recorded_by == viewer,
    }  # fmt: skip


@requires("retention.lock")
@require_POST
def lock(request: HttpRequest) -> HttpResponse:
    """Keep a person's records, or everybody's, until it is released."""
    typed, number = request.POST, request.POST.get("party_no", "").strip()
    party = None
    if number:
        party = Party.objects.filter(entity_id=request.user.entity_id, party_no=number).first()
        if party is None:
            return _page(request, error=str(words.RETENTION_REFUSED["party"]))
        if not may_open(party.pk, user_id=request.user.pk, now=timezone.now()):
            raise PermissionDenied("a listed person")
    try:
        lock_records(
            entity_id=request.user.entity_id, party_id=party.pk if party else None, kind=typed.get("kind", ""),
            cause=typed.get("cause", ""), reference=typed.get("reference", ""), reason=typed.get("reason", ""),
            by=request.user.actor, now=timezone.now(), key=f"lock-{typed.get('key') or uuid4().hex}"[:80],
        )  # fmt: skip
    except LockRefused as refused:
        return _page(request, error=str(words.RETENTION_REFUSED[refused.code]))
    return redirect("legal:retention")


@requires("retention.lock")
@require_POST
def release(request: HttpRequest, lock_id: int) -> HttpResponse:
    """The suit, complaint or inquiry is over."""
    get_object_or_404(RetentionLock, pk=lock_id, entity_id=request.user.entity_id)
    try:
        release_lock(
            lock_id=lock_id, entity_id=request.user.entity_id, reason=request.POST.get("reason", ""),
            by=request.user.actor, now=timezone.now(),
        )  # fmt: skip
    except LockRefused as refused:
        return _page(request, error=str(words.RETENTION_REFUSED[refused.code]))
    return redirect("legal:retention")


@requires("destruction.propose")
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Propose what is due of a kind and not forbidden."""
    typed = request.POST
    try:
        services.propose(
            kind=typed.get("records", ""), entity_id=request.user.entity_id, reason=typed.get("reason", ""),
            by=request.user.actor, now=timezone.now(), key=f"destruction-{typed.get('key') or uuid4().hex}"[:80],
        )  # fmt: skip
    except services.NotProposed as refused:
        return _page(request, error=str(words.RETENTION_REFUSED[refused.code]))
    return redirect("legal:retention")


@requires("destruction.approve")
@require_POST
def answer(request: HttpRequest, destruction_id: int) -> HttpResponse:
    """Approve somebody else's proposal, or refuse it."""
    get_object_or_404(Destruction, pk=destruction_id, entity_id=request.user.entity_id)
    try:
        services.answer(
            destruction_id=destruction_id, entity_id=request.user.entity_id,
            approve=request.POST.get("answer") == "approve", reason=request.POST.get("reason", ""),
            by=request.user.actor, now=timezone.now(),
        )  # fmt: skip
    except services.NotProposed as refused:
        return _page(request, error=str(words.RETENTION_REFUSED[refused.code]))
    return redirect("legal:retention")


@requires("retention.view")
@require_GET
def protocol(request: HttpRequest, number: int) -> HttpResponse:
    """A protocol as it was signed; who read it is logged."""
    if number >= 1 << 62:
        raise Http404(number)
    found = get_object_or_404(
        DestructionProtocol.objects.select_related("file"),
        destruction__entity_id=request.user.entity_id, destruction__answer__number=number,
    )  # fmt: skip
    evidence.write(kind="retention.read", now=timezone.now(), by=request.user.actor, data={"protocol": number})
    return handed_out(found.file)
