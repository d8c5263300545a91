"""The only writers of papers and statements of means."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction

from dunwell.arrangements.means import picturing, rules, scanning
from dunwell.arrangements.means.models import MeansStatement, Proof, ProofCheck
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party

ISSUER = ("genuine", "forged", "no_answer")


class MeansRefused(ValueError):
    """Why nothing was written: `kind`, `file` (none, or too large), `media` (neither PDF, JPEG nor PNG by content),
    `day`, `amount`, `household`, `words`, `infected`, `own` (who handed it in does not release it)."""


def keep_proof(
    *,
    party_id: int,
    kind: str,
    content: bytes,
    issued_on: date,
    by: Actor,
    now: datetime,
    key: str,
    case_id: int | None = None,
    name: str = "",
) -> Proof:
    """Keep a paper, encrypted, and have it scanned: outside the transaction, so that a slow scanner holds no lock.

    The same key again is the same paper. Without a scanner, or when it gives no answer, the paper stays in quarantine.
    """
    known = Proof.objects.filter(key=key).first()
    if known is not None:
        return known
    data, today = rules.document(), business_date(now)
    if kind not in data["proofs"]:
        raise MeansRefused("kind")
    if not content or len(content) > data["largest"]:
        raise MeansRefused("file")
    media = rules.media_of(content)
    if media is None:
        raise MeansRefused("media")
    if issued_on > today:
        raise MeansRefused("day")
    try:
        pages = picturing.pages_of(content) if media == "application/pdf" else 1
    except picturing.NotPictured as broken:
        raise MeansRefused("media") from broken
    found = scanning.scan([content], settings.CLAMD)
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        party = Party.objects.get(pk=party_id)
        portfolio.touch(party_id=party_id, now=now)  # first: it locks the party, so that a double click is one paper
        known = Proof.objects.filter(key=key).first()
        if known is not None:
            return known
        path = Path(folder) / "proof"
        path.write_bytes(content)
        stored = evidence.keep_file(path=path, now=now, name=Path(name or kind).name)
        proof = Proof.objects.create(
            party_id=party_id, case_id=case_id, kind=kind, file=stored, media=media, pages=min(pages, 9999),
            issued_on=issued_on, expires_on=rules.expires(kind, issued_on), recorded_at=now, recorded_by=by.user_id,
            key=key,
        )  # fmt: skip
        scan = ProofCheck.objects.create(
            proof=proof, kind="scan", verdict=found.verdict, detail=found.detail, recorded_at=now, recorded_by=by.user_id,
            key=f"{key[:70]}:scan",
        )  # fmt: skip
        evidence.write(
            kind="proof.kept", now=now, by=by, entity_id=party.entity_id, party_id=party_id, case_id=case_id,
            data={"proof": proof.pk, "kind": kind, "sha256": stored.sha256, "scan": found.verdict},
            rows=[proof, scan],
        )  # fmt: skip
        return proof


@transaction.atomic
def check_proof(
    *, proof_id: int, kind: str, verdict: str, detail: str, by: Actor, now: datetime, key: str
) -> ProofCheck:
    """Release a paper that was not scanned (not by whom it was handed in), ask its issuer, or write down what he said."""
    proof = Proof.objects.select_related("party").get(pk=proof_id)
    known = ProofCheck.objects.filter(key=key).first()
    if known is not None:
        return known
    if not detail.strip():
        raise MeansRefused("words")
    if (kind, verdict) not in {("release", "released"), ("asked", "asked"), *(("issuer", one) for one in ISSUER)}:
        raise MeansRefused("kind")
    if kind == "release":
        if proof.recorded_by is not None and proof.recorded_by == by.user_id:
            raise MeansRefused("own")
        if proof.checks.filter(kind="scan", verdict="infected").exists():
            raise MeansRefused("infected")
    row = ProofCheck.objects.create(
        proof=proof, kind=kind, verdict=verdict, detail=detail.strip()[:200], recorded_at=now, recorded_by=by.user_id,
        key=key,
    )  # fmt: skip
    portfolio.touch(party_id=proof.party_id, now=now)
    evidence.write(
        kind=f"proof.{'released' if kind == 'release' else kind}", now=now, by=by, entity_id=proof.party.entity_id,
        party_id=proof.party_id, case_id=proof.case_id, data={"proof": proof.pk, "kind": proof.kind, "verdict": verdict},
        rows=[row],
    )  # fmt: skip
    return row


@transaction.atomic
def state_means(
    *,
    party_id: int,
    items: Mapping[str, Decimal],
    household: int,
    by: Actor,
    now: datetime,
    key: str,
    case_id: int | None = None,
    proofs: Iterable[int] = (),
) -> MeansStatement:
    """Write down income and outgoings as he tells them. The same key again is the same statement."""
    known = MeansStatement.objects.filter(key=key).first()
    if known is not None:
        return known
    party = Party.objects.get(pk=party_id)
    today = business_date(now)
    given = {code: amount for code, amount in items.items() if amount}
    if not 1 <= household <= 20:
        raise MeansRefused("household")
    try:
        rules.left_a_month(given, household=household, province=party.province, on=today)
    except ValueError as wrong:
        raise MeansRefused("amount") from wrong
    mine = Proof.objects.filter(pk__in=list(proofs), party_id=party_id).values_list("pk", flat=True)
    row = MeansStatement.objects.create(
        party_id=party_id, case_id=case_id, province=party.province, household=household, proofs=sorted(mine),
        items_sealed=portfolio.seal_text(party_id=party_id, text=json.dumps({c: str(a) for c, a in given.items()})),
        told_on=today, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    portfolio.touch(party_id=party_id, now=now)
    evidence.write(
        kind="means.stated", now=now, by=by, entity_id=party.entity_id, party_id=party_id, case_id=case_id,
        data={"statement": row.pk, "proofs": row.proofs}, rows=[row],
    )  # fmt: skip
    return row
