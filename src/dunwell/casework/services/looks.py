"""Papers looked at by the worker as they come in, and the clusters that they make."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from dunwell.arrangements.means.models import Proof
from dunwell.arrangements.means.reading import NotRead, Page, pages_of
from dunwell.arrangements.means.rules import document
from dunwell.casework.models import PaperLook
from dunwell.casework.rules import looks as rules
from dunwell.casework.services.clusters import OF_PAPERS, find_clusters
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.portfolio import rules as portfolio_rules
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import PartyIdentity

WATCH = Actor.program("clusters")


def look_through(*, now: datetime, limit: int = 50, by: Actor = WATCH) -> int:
    """Look at papers that nobody looked at yet, then for what they have in common with others'; how many. A duty."""
    waiting = Proof.objects.filter(looks=None).exclude(checks__verdict="infected").select_related("party", "file")
    seen = [proof for proof in waiting.order_by("pk")[:limit] if _look(proof, now=now)]
    for entity_id in sorted({proof.party.entity_id for proof in seen}):
        find_clusters(entity_id=entity_id, kinds=OF_PAPERS, by=by, now=now)
    return len(seen)


def find_all(*, now: datetime, by: Actor = WATCH) -> int:
    """Look for what people of each entity share of all kinds; how many clusters are new. A duty of the worker."""
    return sum(
        len(find_clusters(entity_id=entity_id, by=by, now=now))
        for entity_id in Entity.objects.order_by("pk").values_list("pk", flat=True)
    )


def _look(proof: Proof, *, now: datetime) -> bool:
    """Keep the looks of a paper's pages, once. A paper that cannot be opened has one that says nothing."""
    try:
        content = evidence.read_file(proof.file)
        pages = list(pages_of(content, proof.media, width=rules.WIDTH, height=rules.HEIGHT, most=document()["pages"]))
    except (NotRead, evidence.Damaged):
        pages = []
    name = _name(proof.party_id)
    with transaction.atomic():
        with connection.cursor() as cursor:  # one at a time: the group of a look is that of the looks before it
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.looks'))")
        if PaperLook.objects.filter(proof=proof).exists():
            return False
        for number, page in enumerate(pages):
            _row(proof, number, page, name, now=now).save()
        if not pages:
            PaperLook.objects.create(proof=proof, page=0, bits=b"", bands=[], recorded_at=now)
    return True


def _row(proof: Proof, number: int, page: Page, name: str, *, now: datetime) -> PaperLook:
    bits, letters = rules.look(page.greys), rules.said_alike(page.text, name)
    bands = rules.bands(bits)
    known = PaperLook.objects.filter(bands__overlap=bands).values_list("alike", "bits") if bands else ()
    alike = rules.nearest(bits, ((group, bytes(look)) for group, look in known)) if bits else ""
    return PaperLook(
        proof=proof, page=number, bits=bits, bands=bands, alike=alike or bits.hex(),
        words=portfolio_rules.digest(settings.KEYS.search(), "paper", letters)[0] if letters else None, recorded_at=now,
    )  # fmt: skip


def _name(party_id: int) -> str:
    sealed = PartyIdentity.objects.filter(pk=party_id).values_list("name_sealed", flat=True).first()
    try:
        return portfolio.open_text(party_id=party_id, sealed=bytes(sealed)) if sealed else ""
    except portfolio.Erased:
        return ""
