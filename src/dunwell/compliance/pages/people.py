"""/rules/people/…: what binds the contacts with one person."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance import queries, services
from dunwell.compliance.models import Circumstance, Consent, Hold
from dunwell.compliance.pages.forms import LARGEST, Wrong, amount_of, changed, end_of, hours_of, reason_of
from dunwell.compliance.queries import people as found
from dunwell.compliance.rules.circumstances import KINDS
from dunwell.compliance.rules.holds import answered_by, may_lift, placeable
from dunwell.compliance.words import CIRCUMSTANCES, CONSENTS, HOLDS, LISTS, rule
from dunwell.identity.models import Entity
from dunwell.identity.pages.guard import requires
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Party

CHANNELS = ("call", "ai_call", "sms", "email", "im", "letter", "visit", "social")


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
        "releases": [(row, [rule(code, pack) for code in row.rules]) for row in binding.releases],
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
        services.lift_hold(hold_id=hold.pk, reason=reason_of(request), by=by, now=now)

    return changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


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
                party_id=party.pk, kind=kind, reason=reason_of(request), account_id=account.pk if account else None,
                amount=amount_of(amount), evidence_ref=_evidence(request, party, by, now), ends_at=end_of(request), by=by,
                now=now,
            )  # fmt: skip
        except services.Unproven:
            raise Wrong("evidence") from None

    return changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


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
                evidence_ref=_evidence(request, party, by, now), ends_at=end_of(request), by=by, now=now,
            )  # fmt: skip
        except services.Unproven:
            raise Wrong("evidence") from None

    return changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


@requires("fact.prove")
@require_POST
def withdraw_circumstance(request: HttpRequest, party_id: int, circumstance_id: int) -> HttpResponse:
    """Take back what was written down."""
    party = _party(request, party_id)
    row = get_object_or_404(Circumstance, pk=circumstance_id, party=party)

    def change(by: Actor, now: datetime) -> None:
        services.withdraw_circumstance(circumstance_id=row.pk, by=by, now=now)

    return changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


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
                window=hours_of(typed["hours"]) if kind == "debtor_window" else None,
                evidence_ref=_evidence(request, party, by, now),
                value=typed["zone"] if kind == "stated_zone" else "", ends_at=end_of(request), by=by, now=now,
            )  # fmt: skip
        except services.Unproven:
            raise Wrong("evidence") from None
        except ValueError:
            raise Wrong("zone" if kind == "stated_zone" else "hours") from None

    return changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)


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

    return changed(request, change, lambda error: _person(request, party, error), "compliance:person", party.pk)
