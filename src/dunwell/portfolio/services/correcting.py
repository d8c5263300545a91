"""What is held about a person is put right, with its source: a new fact beside the old one (PIPL Art 46, CN-PI-RIGHTS)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from dunwell.evidence import services as evidence
from dunwell.kernel import masks, sealing, times
from dunwell.kernel.actor import Actor
from dunwell.portfolio import reference, rules
from dunwell.portfolio.models import ContactPoint, Correction, Party, PartyIdentity, PartyKey, SearchKey
from dunwell.portfolio.services.people import Erased, place, set_point_status, unwrapped
from dunwell.portfolio.services.touching import touch

SHORTEST = 7  # digits of a number that can be called
SOURCES = ("contract", "left_by_debtor", "authorised", "public", "declared_contact", "authorised_query")  # CN-SRC


class CorrectionRefused(ValueError):
    """It cannot be put right so; `code` says why: reason, source, kind, value, whose."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _asked(reason: str, source: str) -> str:
    if not reason.strip():
        raise CorrectionRefused("reason")
    if source not in SOURCES:
        raise CorrectionRefused("source")
    return reason.strip()[:200]


def _whole(kind: str, value: str) -> bool:
    if kind in (ContactPoint.Kind.MOBILE, ContactPoint.Kind.LANDLINE):
        return sum(letter.isdigit() for letter in value) >= SHORTEST
    return bool(value) and (kind != ContactPoint.Kind.EMAIL or "@" in value.strip("@"))


def _key_of(party_id: int) -> bytes:
    row = PartyKey.objects.filter(pk=party_id).first()
    if row is None:
        raise Erased(f"party {party_id} has no key")
    return unwrapped(row)


@transaction.atomic
def correct_point(
    *,
    party_id: int,
    kind: str,
    value: str,
    source: str,
    reason: str,
    by: Actor,
    now: datetime,
    key: str,
    replaces_id: int | None = None,
) -> Correction:
    """Keep a number or address that he gave as the right one; the wrong one, if named, is invalid from then on.

    The same key again is the same correction. CorrectionRefused says what is missing; Erased when he was erased.
    """  # fmt: skip
    reason = _asked(reason, source)
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    known = Correction.objects.filter(key=key).first()
    if known is not None:
        return known
    if kind not in ContactPoint.Kind.values:
        raise CorrectionRefused("kind")
    kept = rules.point(kind, value.strip(), reference.tables())
    if not _whole(kind, kept.value):
        raise CorrectionRefused("value")
    wrong = ContactPoint.objects.filter(pk=replaces_id, party=party).first() if replaces_id else None
    if replaces_id and wrong is None:
        raise CorrectionRefused("whose")
    digest, version = rules.digest(settings.KEYS.search(), kind, kept.value)
    point, _ = ContactPoint.objects.get_or_create(
        party=party, kind=kind, digest=digest,
        defaults={
            "source": source, "digest_version": version, "masked": kept.masked, "timezone": kept.timezone,
            "value_sealed": sealing.seal(_key_of(party_id), kept.value.encode(), place(party_id), settings.CIPHER),
            "known_since": times.business_date(now),
        },
    )  # fmt: skip
    if wrong is not None and wrong.pk != point.pk:
        set_point_status(
            contact_point_id=wrong.pk, status=ContactPoint.Status.INVALID, reason="corrected", by=by, now=now
        )
    return _keep(party, Correction.What.CONTACT_POINT, point, wrong, source, reason, by=by, now=now, key=key)


@transaction.atomic
def correct_name(
    *, party_id: int, name: str, source: str, reason: str, by: Actor, now: datetime, key: str
) -> Correction:
    """Keep the right name. The bank's next files do not undo it until they tell another one than before."""
    reason = _asked(reason, source)
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    known = Correction.objects.filter(key=key).first()
    if known is not None:
        return known
    name = name.strip()
    identity = PartyIdentity.objects.filter(pk=party_id).first()
    if not name or identity is None:
        raise CorrectionRefused("value")
    identity.name_sealed = sealing.seal(_key_of(party_id), name.encode(), place(party_id), settings.CIPHER)
    identity.save(update_fields=["name_sealed"])
    party.name_masked = masks.mask_name(name)[:80]
    party.save(update_fields=["name_masked"])
    digest, version = rules.digest(settings.KEYS.search(), "name", rules.whole_name(name))
    SearchKey.objects.filter(party=party, kind="name").delete()
    SearchKey.objects.create(party=party, kind="name", version=version, digest=digest)
    return _keep(party, Correction.What.NAME, None, None, source, reason, by=by, now=now, key=key)


def _keep(
    party: Party, what: str, point: ContactPoint | None, wrong: ContactPoint | None, source: str, reason: str, *,
    by: Actor, now: datetime, key: str,
) -> Correction:  # fmt: skip
    made = Correction.objects.create(
        party=party, what=what, contact_point=point, replaces=wrong, source=source, reason=reason, recorded_at=now,
        recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="party.corrected", now=now, by=by, entity_id=party.entity_id, party_id=party.pk,
        data={"correction": made.pk, "what": what, "masked": point.masked if point else party.name_masked,
              "contact_point": point.pk if point else None, "replaces": wrong.pk if wrong else None, "source": source,
              "reason": reason},
        rows=(made,),
    )  # fmt: skip
    touch(party_id=party.pk, now=now)
    return made
