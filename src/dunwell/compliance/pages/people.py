"""/rules/people/…: what binds the contacts with one person, and /rules/lists: the bank's internal lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance import queries, services
from dunwell.compliance.models import Circumstance, Consent, Hold, ListEntry
from dunwell.compliance.queries import people as found
from dunwell.compliance.rules.circumstances import KINDS
from dunwell.compliance.rules.holds import answered_by, may_lift, placeable
from dunwell.compliance.words import CIRCUMSTANCES, CONSENTS, HOLDS, LISTS
from dunwell.identity.models import Entity, User
from dunwell.identity.pages.guard import requires
from dunwell.kernel import numbers
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.portfolio import reference
from dunwell.portfolio import rules as portfolio
from dunwell.portfolio.models import Party

CHANNELS = ("call", "ai_call", "sms", "email", "im", "letter", "visit", "social")
LARGEST = 10_000_000
NUMBERS = ("wrong_number", "reissued_number")
WRONG = {
    "day": _("Write the day as 2026-11-23."),
    "hours": _("Write the hours as 18:00-21:00."),
    "reason": _("Say the reason in a few words."),
    "evidence": _("Name evidence that is kept: a file (file:…), a talk with him (contact:…) or a log record (log:…)."),
    "file": _("A file of at most 10 MB is expected."),
    "amount": _("Write the amount as 120.00."),
    "agency": _("Choose the agency."),
    "widen": _("More than the law gives is written down by a team leader or compliance."),
    "zone": _("Write the clock as Asia/Tokyo."),
    "kind": _("Choose what he said."),
    "nobody": _("There is nobody with this number."),
    "number": _("This is not a telephone number."),
    "own": _("Somebody else has to do this."),
}


class Wrong(Exception):  # noqa: N818  (a word of WRONG, shown above the form)
    pass


def _party(request: HttpRequest, party_id: int) -> Party:
    party = get_object_or_404(Party, pk=party_id, entity_id=request.user.entity_id)
    if not queries.may_open(party.pk, user_id=request.user.pk, now=timezone.now()):
        raise PermissionDenied("for named officers only")
    return party


@requires("case.view")
@require_GET
def person(request: HttpRequest, party_id: int) -> HttpResponse:
    """Holds, consents and wishes, list entries and releases in force."""
    return _person(request, _party(request, party_id))


def _person(request: HttpRequest, party: Party, error: str = "") -> HttpResponse:
    now = timezone.now()
    binding, pack = found.binding(party.pk, now=now), queries.in_force(business_date(now))
    context = {
        "party": party,
        "binding": binding,
        "holds": [
            (
                hold,
                HOLDS.get(hold.kind, hold.kind),
                may_lift(hold.kind, request.user.may),
                answered_by(hold.kind, business_date(hold.starts_at), pack),
            )
            for hold in binding.holds
        ],
        "consents": [(row, CONSENTS.get(row.kind, row.kind)) for row in binding.consents],
        "entries": [(row, LISTS.get(row.list, row.list)) for row in binding.entries],
        "kinds": CONSENTS.items(),
        "channels": CHANNELS,
        "may_change": request.user.may("hold.place"),
        "may_prove": request.user.may("fact.prove"),
        "placeable": [(kind, HOLDS[kind]) for kind in placeable(request.user.may)],
        "circumstances": [(row, CIRCUMSTANCES.get(row.kind, row.kind)) for row in binding.circumstances],
        "circumstance_kinds": CIRCUMSTANCES.items(),
        "accounts": list(party.accounts.order_by("account_no")),
        "agencies": Entity.objects.filter(kind=Entity.Kind.AGENCY).order_by("code"),
        "error": error,
    }
    return render(request, "compliance/person.html", context, status=422 if error else 200)


@requires("hold.place")
@require_POST
def lift(request: HttpRequest, party_id: int, hold_id: int) -> HttpResponse:
    """End a hold before its time, with a reason; each kind by those who may."""
    party = _party(request, party_id)
    hold = get_object_or_404(Hold, pk=hold_id, party=party)
    if not may_lift(hold.kind, request.user.may):
        raise PermissionDenied(f"a hold of the kind {hold.kind}")

    def change(by: Actor, now: datetime) -> None:
        services.lift_hold(hold_id=hold.pk, reason=_reason(request), by=by, now=now)

    return _changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


@requires("hold.place")
@require_POST
def place(request: HttpRequest, party_id: int) -> HttpResponse:
    """Place a hold: its kind, its scope, its evidence."""
    party = _party(request, party_id)
    kind, amount = request.POST.get("kind", ""), request.POST.get("amount", "").strip()
    account = party.accounts.filter(pk=request.POST.get("account") or 0).first()

    def change(by: Actor, now: datetime) -> None:
        if kind not in placeable(request.user.may):
            raise Wrong("kind")
        try:
            services.place_hold(
                party_id=party.pk, kind=kind, reason=_reason(request), account_id=account.pk if account else None,
                amount=_amount(amount), evidence_ref=_evidence(request, party, by, now), ends_at=_end(request), by=by,
                now=now,
            )  # fmt: skip
        except services.Unproven:
            raise Wrong("evidence") from None

    return _changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


def _amount(typed: str) -> Decimal | None:
    if not typed:
        return None
    try:
        amount = Decimal(typed)
    except InvalidOperation:
        raise Wrong("amount") from None
    if not amount.is_finite() or amount <= 0 or amount != round(amount, 2):
        raise Wrong("amount")
    return amount


def _evidence(request: HttpRequest, party: Party, by: Actor, now: datetime) -> str:
    """The reference that was typed, or the file that came with the form, kept."""
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("evidence", "").strip()
    if not 0 < (upload.size or 0) <= LARGEST:
        raise Wrong("file")
    return f"file:{services.keep_proof(upload=upload, by=by, now=now, party_id=party.pk).sha256}"


@requires("fact.prove")
@require_POST
def circumstance(request: HttpRequest, party_id: int) -> HttpResponse:
    """Write down what is proven about him or somebody beside him."""
    party = _party(request, party_id)
    kind, who = request.POST.get("kind", ""), request.POST.get("who", "").strip()
    agency = Entity.objects.filter(pk=request.POST.get("agency") or 0, kind=Entity.Kind.AGENCY).first()

    def change(by: Actor, now: datetime) -> None:
        if kind not in CIRCUMSTANCES:
            raise Wrong("kind")
        beside = Party.objects.filter(entity_id=party.entity_id, party_no=who).first() if who else None
        if KINDS[kind].of_person and (beside is None or beside == party):
            raise Wrong("nobody")
        if KINDS[kind].of_agency and agency is None:
            raise Wrong("agency")
        try:
            services.record_circumstance(
                party_id=party.pk, kind=kind, person_id=beside.pk if KINDS[kind].of_person and beside else None,
                agency_id=agency.pk if KINDS[kind].of_agency and agency else None,
                evidence_ref=_evidence(request, party, by, now), ends_at=_end(request), by=by, now=now,
            )  # fmt: skip
        except services.Unproven:
            raise Wrong("evidence") from None

    return _changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


@requires("fact.prove")
@require_POST
def withdraw_circumstance(request: HttpRequest, party_id: int, circumstance_id: int) -> HttpResponse:
    """Take back what was written down."""
    party = _party(request, party_id)
    row = get_object_or_404(Circumstance, pk=circumstance_id, party=party)

    def change(by: Actor, now: datetime) -> None:
        services.withdraw_circumstance(circumstance_id=row.pk, by=by, now=now)

    return _changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


@requires("hold.place")
@require_POST
def consent(request: HttpRequest, party_id: int) -> HttpResponse:
    """Write down what he agreed to, or wishes."""
    party = _party(request, party_id)
    typed = {name: request.POST.get(name, "").strip() for name in ("kind", "channel", "hours", "zone")}

    def change(by: Actor, now: datetime) -> None:
        kind = typed["kind"]
        if kind not in CONSENTS or (kind == "opt_out" and typed["channel"] not in CHANNELS):
            raise Wrong("kind")
        if kind in services.MORE_THAN_THE_LAW and not request.user.may("consent.widen"):
            raise Wrong("widen")
        try:
            services.record_consent(
                party_id=party.pk, kind=kind, channel=typed["channel"] if kind == "opt_out" else "",
                window=_hours(typed["hours"]) if kind == "debtor_window" else None,
                evidence_ref=_evidence(request, party, by, now),
                value=typed["zone"] if kind == "stated_zone" else "", ends_at=_end(request), by=by, now=now,
            )  # fmt: skip
        except services.Unproven:
            raise Wrong("evidence") from None
        except ValueError:
            raise Wrong("zone" if kind == "stated_zone" else "hours") from None

    return _changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


@requires("hold.place")
@require_POST
def withdraw(request: HttpRequest, party_id: int, consent_id: int) -> HttpResponse:
    """What he takes back, or wishes no more."""
    party = _party(request, party_id)
    row = get_object_or_404(Consent, pk=consent_id, party=party)

    def change(by: Actor, now: datetime) -> None:
        services.withdraw_consent(
            party_id=party.pk, kind=row.kind, channel=row.channel, account_id=row.account_id, by=by, now=now
        )

    return _changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


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
        fields = {"list": name, "reason": _reason(request), "ends_at": _end(request), "by": by, "now": now}
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

    return _changed(request, change, lambda error: _lists(request, error), "compliance:lists")


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

    return _changed(request, change, lambda error: _lists(request, error), "compliance:lists")


@requires("list.edit")
@require_POST
def remove(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Take an entry off its list, with a reason; a guarded person's by another than who wrote it."""
    row = _entry(request, entry_id)

    def change(by: Actor, now: datetime) -> None:
        if row.list in ("staff", "sensitive") and row.recorded_by == by.user_id:
            raise Wrong("own")
        services.remove_from_list(entry_id=row.pk, reason=_reason(request), by=by, now=now)

    return _changed(request, change, lambda error: _lists(request, error), "compliance:lists")


@requires("list.edit")
@require_POST
def name_officer(request: HttpRequest) -> HttpResponse:
    """Name who opens and contacts the persons of a guarded list, or end it."""
    user = get_object_or_404(User, pk=request.POST.get("user") or 0, entity_id=request.user.entity_id)

    def change(by: Actor, now: datetime) -> None:
        ends = now if request.POST.get("end") else _end(request)
        try:
            services.name_officer(
                user_id=user.pk, entity_id=user.entity_id, list=request.POST.get("list", ""),
                reason=_reason(request), ends_at=ends, by=by, now=now,
            )  # fmt: skip
        except ValueError:
            raise Wrong("own") from None

    return _changed(request, change, lambda error: _lists(request, error), "compliance:lists")


def _entry(request: HttpRequest, entry_id: int) -> ListEntry:
    row = get_object_or_404(ListEntry.objects.select_related("party"), pk=entry_id)
    if row.party is not None and row.party.entity_id != request.user.entity_id:
        raise PermissionDenied("another entity's person")
    return row


def _changed(
    request: HttpRequest,
    change: Callable[[Actor, datetime], None],
    again: Callable[[str], HttpResponse],
    back: str,
    *place: object,
) -> HttpResponse:
    try:
        change(request.user.actor, timezone.now())
    except Wrong as wrong:
        return again(str(WRONG[str(wrong)]))
    return redirect(back, *place)


def _reason(request: HttpRequest) -> str:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise Wrong("reason")
    return reason[:200]


def _end(request: HttpRequest) -> datetime | None:
    """The end of the day that was typed, on the bank's clock."""
    typed = request.POST.get("until", "").strip()
    if not typed:
        return None
    try:
        end = datetime.combine(datetime.fromisoformat(typed).date(), time(23, 59, 59), BANK_ZONE)
    except ValueError:
        raise Wrong("day") from None
    if end <= timezone.now():
        raise Wrong("day")
    return end


def _hours(typed: str) -> tuple[time, time]:
    try:
        start, end = (time.fromisoformat(part.strip()) for part in typed.split("-"))
    except ValueError:
        raise Wrong("hours") from None
    return start, end
