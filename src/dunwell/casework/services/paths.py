"""Paths of their own (hardship, illness, bereavement, death, minor, prison), and those who act for the person."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from dunwell.casework.models import Case, Path, PathStep, Representative, RepresentativeCheck
from dunwell.casework.rules import objections as rules
from dunwell.compliance import services as compliance
from dunwell.compliance.services.proofs import Unproven, proven
from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import rules as portfolio_rules
from dunwell.portfolio import services as portfolio


class PathRefused(ValueError):
    """Why nothing was written: `kind`, `document`, `name`, `evidence`, `day`."""


@transaction.atomic
def open_path(*, case_id: int, kind: str, by: Actor, now: datetime, key: str, text: str = "") -> Path:
    """Take the case onto a path of its own, with its hold; one that is open already is answered."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Path.objects.filter(key=key).first()
    if known is not None:
        return known
    chosen = rules.paths().get(kind)
    if chosen is None:
        raise PathRefused("kind")
    ended = PathStep.objects.filter(kind="ended").values("path_id")
    same = Path.objects.filter(party_id=case.party_id, kind=kind).exclude(pk__in=ended).first()
    if same is not None:
        return same
    ends = now + timedelta(days=chosen.days) if chosen.days else None
    hold = compliance.place_hold(party_id=case.party_id, kind=chosen.hold, reason="", ends_at=ends, by=by, now=now)
    sealed = portfolio.seal_text(party_id=case.party_id, text=text.strip()) if text.strip() else None
    path = Path.objects.create(
        party_id=case.party_id, case=case, kind=kind, words_sealed=sealed, hold=hold, recorded_at=now,
        recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log("path.opened", case, path, {"path": path.pk, "kind": kind, "hold": hold.pk}, by=by, now=now)
    portfolio.touch(party_id=case.party_id, now=now)
    return path


@transaction.atomic
def keep_document(*, path_id: int, document: str, file: StoredFile, by: Actor, now: datetime, key: str) -> PathStep:
    """Keep a document that the path needs."""
    path = Path.objects.select_related("case").get(pk=path_id)
    if document not in rules.paths()[path.kind].documents:
        raise PathRefused("document")
    return _step(path, "document", {"document": document}, document=document, file=file, by=by, now=now, key=key)


@transaction.atomic
def end_path(*, path_id: int, reason: str, by: Actor, now: datetime, key: str) -> PathStep:
    """End the path and its hold, with the reason."""
    path = Path.objects.select_related("case").get(pk=path_id)
    if not reason.strip():
        raise PathRefused("words")
    step = _step(path, "ended", {}, reason=reason.strip()[:200], by=by, now=now, key=key)
    if path.hold_id is not None:
        compliance.lift_hold(hold_id=path.hold_id, reason=reason.strip()[:200], by=by, now=now)
    return step


def _step(
    path: Path, kind: str, told: dict[str, object], *, by: Actor, now: datetime, key: str, **fields: object
) -> PathStep:
    known = PathStep.objects.filter(key=key).first()
    if known is not None:
        return known
    step = PathStep.objects.create(path=path, kind=kind, recorded_at=now, recorded_by=by.user_id, key=key, **fields)
    _log(f"path.{kind}", path.case, step, {"path": path.pk, "kind": path.kind, **told}, by=by, now=now)
    portfolio.touch(party_id=path.party_id, now=now)
    return step


@transaction.atomic
def name_representative(
    *, case_id: int, name: str, by: Actor, now: datetime, key: str, telephone: str = ""
) -> Representative:
    """Somebody says that he acts for the person. He is told nothing before identity and authority were found good."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Representative.objects.filter(key=key).first()
    if known is not None:
        return known
    if not name.strip():
        raise PathRefused("name")
    digits = "".join(letter for letter in telephone if letter.isdigit())
    digest = portfolio_rules.digest(settings.KEYS.search(), "mobile", digits)[0] if digits else None
    row = Representative.objects.create(
        party_id=case.party_id, case=case, name_sealed=portfolio.seal_text(party_id=case.party_id, text=name.strip()),
        telephone_digest=digest, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log("representative.named", case, row, {"representative": row.pk}, by=by, now=now)
    return row


@transaction.atomic
def check_representative(
    *,
    representative_id: int,
    kind: str,
    good: bool,
    by: Actor,
    now: datetime,
    key: str,
    evidence_ref: str = "",
    until: date | None = None,
) -> RepresentativeCheck:
    """Write down that his identity or authority was looked at, on evidence that is kept; `ended`: he acts no more.

    Once both are good demands go to him and not to the person (the hold of the kind representative); when he ceases,
    it ends.
    """
    row = Representative.objects.select_related("case").get(pk=representative_id)
    known = RepresentativeCheck.objects.filter(key=key).first()
    if known is not None:
        return known
    if kind not in ("identity", "authority", "ended"):
        raise PathRefused("kind")
    if until is not None and until < business_date(now):
        raise PathRefused("day")
    if kind != "ended" and good:
        try:
            evidence_ref = proven(evidence_ref, party_id=row.party_id)
        except Unproven as missing:
            raise PathRefused("evidence") from missing
    check = RepresentativeCheck.objects.create(
        representative=row, kind=kind, good=good, evidence=evidence_ref[:120], until=until, recorded_at=now,
        recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log(
        "representative.checked",
        row.case,
        check,
        {"representative": row.pk, "kind": kind, "good": good},
        by=by,
        now=now,
    )
    if may_be_told(row, business_date(now)):
        compliance.place_hold(
            party_id=row.party_id, kind="representative", reason=f"representative {row.pk}", by=by, now=now
        )
    elif kind == "ended":
        for hold in row.party.holds.filter(kind="representative", reason=f"representative {row.pk}", lift=None):
            compliance.lift_hold(hold_id=hold.pk, reason="ended", by=by, now=now)
    return check


def may_be_told(row: Representative, today: date) -> bool:
    """Whether he may be told of the debt, by the facts of his checks."""
    return rules.may_be_told(row.checks.order_by("pk").values_list("kind", "good", "until"), today)


def _log(
    kind: str,
    case: Case,
    row: Path | PathStep | Representative | RepresentativeCheck,
    data: dict[str, object],
    *,
    by: Actor,
    now: datetime,
) -> None:
    evidence.write(
        kind=kind, now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk, data=data,
        rows=[row],
    )  # fmt: skip
