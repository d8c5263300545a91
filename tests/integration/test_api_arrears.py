"""The rules of arrears over HTTP: the columns of `dunwell check`, a plan's whole cost, interest after a judgment."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from tests import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(client):
    client.force_login(build.user(language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])

    def answered(path: str, body: object):
        return client.post(f"/api/arrears/{path}", json.dumps(body), content_type="application/json")

    return answered


def test_a_case_is_answered_as_on_the_command_line(call):
    allocation = {"case_id": "1", "penalty": "0.00", "fee": "100.00", "interest": "300.00", "principal": "5000.00",
                  "payment": "1000.00", "days_delinquent": "91"}  # fmt: skip
    [told] = call("check/allocation", [allocation]).json()
    assert (told["case_id"], told["paid_principal"], told["error"]) == ("1", "1000.00", "")
    [wrong] = call("check/allocation", [allocation | {"payment": "12O.50"}]).json()
    assert wrong["error"].startswith('Row 1, payment: found "12O.50", expected an amount')
    interest = [
        {"case_id": "A", "entry": entry, "date": day, "amount": amount, "daily_rate": "0.0005", "method": "full_balance"}
        for entry, day, amount in (
            ("purchase", "2026-04-02", "2000.00"), ("statement", "2026-04-07", ""), ("due", "2026-04-25", "200.00"),
            ("payment", "2026-04-25", "200.00"), ("statement", "2026-05-07", ""),
        )
    ]  # fmt: skip
    assert call("check/interest", interest).json() == [{"case_id": "A", "interest": "34.70", "error": ""}]
    assert call("check/tea-leaves", []).status_code == 404


def test_a_plan_tells_every_charge_their_sum_and_the_annual_rate(call):
    months = [f"2026-{month:02}-16" for month in range(2, 13)] + ["2027-01-16"]
    body = {
        "paid_out": {"on": "2026-01-16", "amount": "-12000.00"},
        "payments": [{"on": day, "amount": "1072.00"} for day in months],
        "charges": [{"name": "fee", "amount": "864.00"}],
        "on_default": [{"name": "late charge", "terms": "5 % of what is missing of the minimum"}],
    }
    told = call("financing-cost", body).json()
    assert (told["principal"], told["total"], told["annual_rate_percent"]) == ("12000.00", "864.00", "13.0342")
    short = call("financing-cost", body | {"charges": []})
    assert short.status_code == 422 and "864.00 is paid beyond" in short.json()["detail"]


def test_interest_after_a_judgment_has_its_doubled_and_its_ordinary_part(call):
    body = {"debt": "50000.00", "last_day_to_pay": "2025-12-31", "until": "2026-04-10"}
    assert call("judgment-interest", body).json()["interest"] == "875.00"
    told = call("judgment-interest", body | {"ordinary_percent_a_year": "3.65"}).json()
    assert told["interest"] == "1375.00" and {line["rule"] for line in told["lines"]} == {"doubled part", "ordinary"}
