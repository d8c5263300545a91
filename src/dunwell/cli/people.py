"""`dunwell people`: forget a person, or say why not; let a forgotten one come again."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from dunwell.cli.environment import Refused

WHY = {
    "case_open": "case {case_no} is open",
    "hold": "a hold ({kind}) is in force",
    "owes": "account {account_no} still has a balance of {amount} {currency}",
    "locked": "a retention lock is in force ({cause} {reference})",
    "retention": "records ({kind}, the last of {last}) must be kept: {rule}, confidence {confidence}",
}


def run(options: argparse.Namespace) -> int:
    """`erase` forgets a person when nothing forbids it; with --check it only looks. `readmit` lifts the tombstone."""
    from django.conf import settings

    from dunwell.identity.models import Entity
    from dunwell.kernel.actor import Actor
    from dunwell.portfolio import services
    from dunwell.portfolio.models import Party

    now, by = datetime.now(UTC), Actor.program("dunwell people")
    check = getattr(options, "check", False)
    entity = Entity.objects.filter(code=settings.BANK_ENTITY).first()
    if not (options.reason.strip() or check):
        raise Refused("Say why: --reason TEXT.")
    if options.what == "readmit":
        known = entity is not None and services.readmit_party(
            entity_id=entity.pk, party_no=options.party_no, by=by, reason=options.reason, now=now
        )
        if not known:
            raise Refused(f"Party {options.party_no} was not erased.")
        print(f"party {options.party_no}: the next file that names it is kept again")
        return 0
    party = Party.objects.filter(entity=entity, party_no=options.party_no).first()
    if party is None:
        raise Refused(f"There is no party {options.party_no}.")
    return _erase(party, check=check, reason=options.reason, by=by, now=now)


def _erase(party: object, *, check: bool, reason: str, by: object, now: datetime) -> int:
    from dunwell.casework.services import forgetting

    try:
        if check:
            found = list(forgetting.obstacles(party=party, now=now))
            if found:
                raise forgetting.MayNotErase(found)
            print(f"party {party.party_no}: nothing forbids it")
            return 0
        forgetting.forget(party_id=party.pk, by=by, reason=reason, now=now)
    except forgetting.MayNotErase as refusal:
        for obstacle in refusal.obstacles:
            until = f", until {obstacle.until}" if obstacle.until else ""
            print(f"party {party.party_no}: {WHY[obstacle.code].format(**obstacle.params)}{until}", file=sys.stderr)
        raise Refused(f"Party {party.party_no} may not be erased.") from None
    print(f"party {party.party_no}: erased; files that name it are taken without it")
    return 0
