"""What was typed and not saved: kept sealed, one a collector and case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from dunwell.casework.models import Case, Draft
from dunwell.identity.models import User
from dunwell.portfolio import services as portfolio


@transaction.atomic
def save_draft(*, case_id: int, user: User, data: Mapping[str, object], now: datetime) -> Draft:
    """Keep what stands in the form (JSON values by field), in place of what was kept before."""
    case = Case.objects.get(pk=case_id)
    sealed = portfolio.seal_text(party_id=case.party_id, text=json.dumps(dict(data), ensure_ascii=False))
    draft, _ = Draft.objects.update_or_create(user=user, case=case, defaults={"data_sealed": sealed, "saved_at": now})
    return draft


def open_draft(*, case_id: int, user: User) -> dict[str, object] | None:
    """What the collector had typed on this case, or None."""
    draft = Draft.objects.filter(case_id=case_id, user=user).values_list("case__party_id", "data_sealed").first()
    if draft is None:
        return None
    return json.loads(portfolio.open_text(party_id=draft[0], sealed=bytes(draft[1])))


def drop_draft(*, case_id: int, user: User) -> None:
    """It was saved properly, or thrown away."""
    Draft.objects.filter(case_id=case_id, user=user).delete()
