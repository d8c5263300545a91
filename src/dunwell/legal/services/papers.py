"""The papers of a claim, and the bank's own: kept by content, encrypted."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.legal.models import Paper
from dunwell.legal.rules import papers as rules
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, Party


class NotTaken(ValueError):
    """A paper that is not kept; `code` says why: kind, whose, empty, content, days."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def keep_paper(
    *,
    kind: str,
    file: Path,
    name: str,
    entity_id: int,
    in_force_from: date,
    in_force_to: date | None = None,
    account_id: int | None = None,
    party_id: int | None = None,
    by: Actor,
    now: datetime,
    key: str,
) -> Paper:
    """Keep a paper of an account, a party or the bank, as its kind says. The same key is the same paper.

    NotTaken when the kind is unknown, belongs to somebody else, or the file is no PDF, PNG, JPEG or TIFF.
    """
    known = Paper.objects.filter(key=key).first()
    if known is not None:
        return known
    found = rules.kinds().get(kind)
    if found is None:
        raise NotTaken("kind")
    account = Account.objects.get(pk=account_id, entity_id=entity_id) if account_id else None
    party = account.party if account else (Party.objects.get(pk=party_id, entity_id=entity_id) if party_id else None)
    if (found.of == "bank") != (party is None) or (found.of == "account" and account is None):
        raise NotTaken("whose")
    if in_force_to is not None and in_force_to < in_force_from:
        raise NotTaken("days")
    with file.open("rb") as source:
        head = source.read(16)
    if not head:
        raise NotTaken("empty")
    if not rules.media_type(head):
        raise NotTaken("content")
    if party is not None:
        portfolio.touch(party_id=party.pk, now=now)
    paper = Paper.objects.create(
        entity_id=entity_id, kind=kind, party=party, account=account if found.of == "account" else None,
        file=evidence.keep_file(path=file, name=name, now=now), name=name.strip()[:120] or kind,
        in_force_from=in_force_from, in_force_to=in_force_to, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="paper.kept", now=now, by=by, entity_id=entity_id, party_id=party.pk if party else None,
        account_id=paper.account_id, data={"paper": paper.pk, "kind": kind, "sha256": paper.file.sha256},
        rows=[paper],
    )  # fmt: skip
    return paper
