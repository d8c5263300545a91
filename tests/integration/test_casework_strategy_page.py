"""The strategy page: read-only, for those who may see it, in both languages."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from dunwell.channels.services import load_templates
from tests import build

pytestmark = pytest.mark.django_db


def page(role: str, language: str = "en") -> tuple[int, str]:
    client = Client()
    client.force_login(build.user(role, language=language))
    answer = client.get("/strategy")
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(("role", "status"), [("analyst", 200), ("manager", 200), ("collector", 403), ("legal", 403)])
def test_who_may_read_the_strategy(role: str, status: int) -> None:
    assert page(role)[0] == status


@pytest.mark.parametrize(("language", "words"), [
    ("en", ("First-payment default", "all others", "First reminder", "currency is CNY and balance ≥ 50,000, or")),
    ("zh-hans", ("首逾客户", "其余全部", "还款提醒（第一次）", "（随产品提供）", "币种为CNY且余额 ≥ 50,000，或", "余额 &lt; 30")),
])  # fmt: skip
def test_segments_with_their_open_cases_and_every_step(language: str, words: tuple[str, ...]) -> None:
    load_templates()
    build.case(segment="first_payment_default", past_due=Decimal("4321.00"))
    build.case(segment="first_payment_default", past_due=Decimal("1.00"), closed_on=build.TODAY)
    _, text = page("manager", language)
    assert all(word in text for word in words) and "4,321.00" in text and "4,322.00" not in text
    assert all(step in text for step in ("SMS-03", "CALL-01", "LETTER-45", "LAW-181", "standard-cn"))
    assert "style=" not in text
    assert '<span class="code">balance &lt; 30000</span>' in text  # as it is written
