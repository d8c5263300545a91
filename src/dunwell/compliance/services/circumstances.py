"""What is proven about a debtor and the people beside him, the published agencies, and the domains of links."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.db import transaction

from dunwell.compliance.models import AgencyListing, Circumstance, LinkDomain
from dunwell.compliance.rules.circumstances import KINDS
from dunwell.compliance.services.proofs import proven
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")


@transaction.atomic
def record_circumstance(
    *,
    party_id: int,
    kind: str,
    evidence_ref: str,
    by: Actor,
    now: datetime,
    person_id: int | None = None,
    agency_id: int | None = None,
    ends_at: datetime | None = None,
) -> Circumstance:
    """Write down what is so, on evidence that is kept (Unproven when it is not there)."""
    known = KINDS.get(kind)
    if known is None:
        raise ValueError(f"{kind} is not a circumstance; known are {', '.join(sorted(KINDS))}")
    if known.of_person != (person_id is not None) or known.of_agency != (agency_id is not None):
        raise ValueError(f"{kind} is about {'a person beside him' if known.of_person else 'an agency'}")
    if person_id == party_id:
        raise ValueError(f"{kind} is about somebody beside the debtor")
    row = Circumstance.objects.create(
        party_id=party_id, person_id=person_id, agency_id=agency_id, kind=kind,
        evidence=proven(evidence_ref, party_id=party_id), starts_at=now, ends_at=ends_at, recorded_at=now,
        recorded_by=by.user_id,
    )  # fmt: skip
    _log(row, "circumstance.recorded", by=by, now=now)
    return row


@transaction.atomic
def withdraw_circumstance(*, circumstance_id: int, by: Actor, now: datetime) -> Circumstance:
    """Take back what was written down: a row that ends as it begins, and is the last of its kind."""
    old = Circumstance.objects.get(pk=circumstance_id)
    row = Circumstance.objects.create(
        party_id=old.party_id, person_id=old.person_id, agency_id=old.agency_id, kind=old.kind, evidence=old.evidence,
        starts_at=now, ends_at=now, recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    _log(row, "circumstance.withdrawn", by=by, now=now)
    return row


def _log(row: Circumstance, kind: str, *, by: Actor, now: datetime) -> None:
    data = {"circumstance": row.pk, "kind": row.kind, "person": row.person_id, "agency": row.agency_id,
            "evidence": row.evidence}  # fmt: skip
    evidence.write(kind=kind, now=now, by=by, party_id=row.party_id, data=data, rows=[row])
    portfolio.touch(party_id=row.party_id, now=now)


@transaction.atomic
def list_agency(
    *,
    agency_id: int,
    telephone: str,
    published_at: str,
    starts_on: date,
    by: Actor,
    now: datetime,
    ends_on: date | None = None,
) -> AgencyListing:
    """Write down an agency as the bank has published it; another row of the same agency takes this one's place."""
    agency = Entity.objects.get(pk=agency_id)
    if agency.kind != Entity.Kind.AGENCY:
        raise ValueError(f"{agency.code} is no agency")
    if not telephone.strip() or not published_at.strip():
        raise ValueError("an agency is published with its contact, at a place")
    if ends_on is not None and ends_on < starts_on:
        raise ValueError("a listing ends after it begins")
    row = AgencyListing.objects.create(
        entity=agency, telephone=telephone.strip(), published_at=published_at.strip(), starts_on=starts_on,
        ends_on=ends_on, recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    data = {"listing": row.pk, "agency": agency.code, "from": starts_on.isoformat(),
            "to": ends_on.isoformat() if ends_on else None}  # fmt: skip
    evidence.write(kind="agency.listed", now=now, by=by, entity_id=agency.pk, data=data)
    return row


@transaction.atomic
def register_domain(
    *, domain: str, registration: str, by: Actor, now: datetime, ends_at: datetime | None = None
) -> LinkDomain:
    """Register a domain for links, with its registration's number; with `ends_at` now it is registered no more."""
    name = domain.strip().lower().rstrip(".")
    if not DOMAIN.fullmatch(name):
        raise ValueError(f'"{domain}" is not a domain such as bank.example.cn')
    if not registration.strip():
        raise ValueError("a domain has the number of its registration")
    row = LinkDomain.objects.create(
        domain=name, registration=registration.strip(), starts_at=now, ends_at=ends_at, recorded_at=now,
        recorded_by=by.user_id,
    )  # fmt: skip
    data = {"domain": name, "registration": row.registration, "ends_at": ends_at.isoformat() if ends_at else None}
    evidence.write(kind="domain.registered", now=now, by=by, data=data)
    return row
