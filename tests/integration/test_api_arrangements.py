"""The host by API: what waits for it, and its answers."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from dunwell.api.auth import make_key
from dunwell.arrangements import services
from dunwell.identity.models import Role
from tests import build, plans
from tests.build import NOW

pytestmark = pytest.mark.django_db


def test_the_host_fetches_what_waits_and_answers_each_once(client):
    host = {"HTTP_AUTHORIZATION": f"Bearer {make_key(user=build.user(Role.ADMINISTRATOR), name='host', now=NOW)}"}
    account = build.account()
    first, second = (
        services.instruct(
            account_id=account.pk, kind=kind, amount=Decimal("0.00"), payload={}, by=plans.BY, now=NOW, key=kind
        ).pk
        for kind in ("stop_of_interest", "card_block")
    )
    waiting = client.get("/api/arrangements/instructions", **host).json()
    assert [(one["instruction"], one["kind"]) for one in waiting] == [
        (first, "stop_of_interest"),
        (second, "card_block"),
    ]

    def answer(*rows: dict) -> tuple[int, dict]:
        said = client.post(
            "/api/arrangements/instructions/answers", json.dumps(rows), content_type="application/json", **host
        )
        return said.status_code, said.json()

    yes = {"instruction": first, "confirmed": True, "booked_on": "2026-11-23"}
    assert answer({"instruction": second, "confirmed": False, "booked_on": "2026-11-23"})[0] == 422  # without a reason
    assert answer(yes, {**yes, "instruction": 4711}) == (200, {
        "answered": 1, "refused": [{"instruction": 4711, "code": "unknown_instruction", "found": "4711", "expected": ""}],
    })  # fmt: skip
    assert answer(yes)[1] == {"answered": 0, "refused": []}
    code, said = answer({**yes, "confirmed": False, "reason": "after all not"})
    assert code == 200 and [row["code"] for row in said["refused"]] == ["answered_otherwise"]
    waiting = client.get("/api/arrangements/instructions", **host).json()
    assert [one["instruction"] for one in waiting] == [second]
