"""/rules/lists: the bank's internal lists, and who is named for them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance import services
from dunwell.compliance.models import ListEntry
from dunwell.compliance.pages.forms import Wrong, changed, end_of, reason_of
from dunwell.compliance.queries import people as found
from dunwell.compliance.words import LISTS
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel import numbers
from dunwell.kernel.actor import Actor
from dunwell.portfolio import reference
from dunwell.portfolio import rules as portfolio
from dunwell.portfolio.models import Party

NUMBERS = ("wrong_number", "reissued_number")


@requires("rules.view")
@require_GET
def lists(request: HttpRequest) -> HttpResponse:
    """The internal lists, who is named for them, and the forms."""
    return _lists(request)


def _lists(request: HttpRequest, error: str = "") -> HttpResponse:
    now, entity_id = timezone.now(), request.user.entity_id
    rows, named = found.entries(now=now, entity_id=entity_id), found.officers(now=now, entity_id=entity_id)
    language = get_language() or "zh-hans"
    staff = User.objects.filter(entity_id=entity_id, is_active=True).order_by("staff_no")
    names = {user.pk: user.name(language) for user in staff}
    context = {
        "entries": [
            {
                "row": row,
                "list": LISTS[row.list],
                "by": names.get(row.recorded_by, "–"),
                "approval": _approver(row, names),
                "own": row.recorded_by == request.user.pk,
            }
            for row in rows
        ],
        "officers": [{"row": row, "list": LISTS[row.list], "name": names.get(row.user_id, "–")} for row in named],
        "names": LISTS.items(),
        "guarded": [(name, LISTS[name]) for name in ("staff", "sensitive")],
        "users": [(user.pk, user.staff_no, user.name(language)) for user in staff if user.may("case.view")],
        "may_edit": request.user.may("list.edit"),
        "may_approve": request.user.may("pack.approve"),
        "error": error,
    }
    return render(request, "compliance/lists.html", context, status=422 if error else 200)


def _approver(row: ListEntry, names: dict[int, str]) -> str:
    approval = getattr(row, "approval", None)
    approver = row.approved_by or (approval.recorded_by if approval else None)
    return names.get(approver, "") if approver else ""


@requires("list.edit")
@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Put a person, or a number, on a list: it holds at once, and waits for a second person's approval."""
    name, who = request.POST.get("list", ""), request.POST.get("who", "").strip()

    def change(by: Actor, now: datetime) -> None:
        if name not in LISTS:
            raise Wrong("kind")
        fields = {"list": name, "reason": reason_of(request), "ends_at": end_of(request), "by": by, "now": now}
        if name in NUMBERS:
            checked = [numbers.check(kind, who, reference.tables()) for kind in ("mobile", "landline")]
            right = next(((k, c) for k, c in zip(("mobile", "landline"), checked, strict=True) if c.valid), None)
            if right is None:
                raise Wrong("number")
            digest, _version = portfolio.digest(settings.KEYS.search(), right[0], right[1].normalised)
            services.add_to_list(digest=digest, **fields)
            return
        party = Party.objects.filter(entity_id=request.user.entity_id, party_no=who).first()
        if party is None:
            raise Wrong("nobody")
        services.add_to_list(party_id=party.pk, **fields)

    return changed(request, change, lambda error: _lists(request, error), "compliance:lists")


@requires("rules.view")
@require_POST
def approve_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """A second person's approval of an entry."""
    if not request.user.may("list.edit") and not request.user.may("pack.approve"):
        raise PermissionDenied("list.edit")
    row = _entry(request, entry_id)

    def change(by: Actor, now: datetime) -> None:
        try:
            services.approve_entry(entry_id=row.pk, by=by, now=now)
        except ValueError:
            raise Wrong("own") from None

    return changed(request, change, lambda error: _lists(request, error), "compliance:lists")


@requires("list.edit")
@require_POST
def remove(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Take an entry off its list, with a reason; a guarded person's by another than who wrote it."""
    row = _entry(request, entry_id)

    def change(by: Actor, now: datetime) -> None:
        if row.list in ("staff", "sensitive") and row.recorded_by == by.user_id:
            raise Wrong("own")
        services.remove_from_list(entry_id=row.pk, reason=reason_of(request), by=by, now=now)

    return changed(request, change, lambda error: _lists(request, error), "compliance:lists")


@requires("list.edit")
@require_POST
def name_officer(request: HttpRequest) -> HttpResponse:
    """Name who opens and contacts the persons of a guarded list, or end it."""
    user = get_object_or_404(User, pk=request.POST.get("user") or 0, entity_id=request.user.entity_id)

    def change(by: Actor, now: datetime) -> None:
        ends = now if request.POST.get("end") else end_of(request)
        try:
            services.name_officer(
                user_id=user.pk, entity_id=user.entity_id, list=request.POST.get("list", ""),
                reason=reason_of(request), ends_at=ends, by=by, now=now,
            )  # fmt: skip
        except ValueError:
            raise Wrong("own") from None

    return changed(request, change, lambda error: _lists(request, error), "compliance:lists")


def _entry(request: HttpRequest, entry_id: int) -> ListEntry:
    row = get_object_or_404(ListEntry.objects.select_related("party"), pk=entry_id)
    if row.party is not None and row.party.entity_id != request.user.entity_id:
        raise PermissionDenied("another entity's person")
    return row
