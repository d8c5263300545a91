"""The agreement with its contents, and certificates: numbered, signed, and found genuine by their token alone."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from dunwell.arrangements import services
from dunwell.arrangements.models import Certificate, Instruction
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services.instructing import Told
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import PartyIdentity
from tests import build, plans

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db):
    party = build.party()
    name, number = (portfolio.seal_text(party_id=party.pk, text=text) for text in ("张三丰", "990000199001011234"))
    PartyIdentity.objects.create(party=party, name_sealed=name, id_sealed=number, id_kind="resident_id", digest=b"")
    account = build.account(party=party)
    build.account_state(
        account=account, principal_retail=Decimal("9000.00"), principal_instalment_billed=Decimal("2000.00"),
        interest_on_balance=Decimal("600.00"), late_charge=Decimal("400.00"),
    )  # fmt: skip
    return account


def text_of(pdf: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages))


def test_a_personalised_agreement_has_the_six_contents_and_the_whole_cost(account):
    plan = plans.propose(account, Wish("personalised_plan", 24), now=build.NOW)
    said = text_of(services.agreement(arrangement_id=plan.pk, language="zh-hans", by=plans.BY, now=build.NOW))
    for part in (
        "欠款余额、结构与币种", "本金（已分期）2,000.00", "利息600.00", "按月分24期偿还，币种CNY", "2026-12-23500.00",
        "停止计收利息", "不向任何银行申请信用卡", "停止催收该账户", "到期日后5日内", "年化综合融资成本", "张三丰",
    ):  # fmt: skip
        assert part in said, part


def test_a_certificate_of_settlement_waits_for_zero_and_for_the_host(account, client):
    asked = {"account_id": account.pk, "kind": "settled", "reason": "he asked", "by": plans.COLLECTOR, "now": build.NOW}
    with pytest.raises(services.NotAllowed, match="owed"):
        services.request_certificate(key="c", **asked)
    account.state.balance = Decimal("0.00")
    account.state.save()
    services.request_certificate(key="c", **asked)
    assert services.issue_certificates(now=build.NOW) == 0
    number = Instruction.objects.get(kind="balance_confirmation").pk
    services.answer_instruction(told=Told(number, True, build.TODAY), source="api", by=plans.BY, now=build.NOW)
    assert [services.issue_certificates(now=build.NOW) for _ in range(2)] == [1, 0]
    issued = Certificate.objects.get()
    page = client.get(f"/verify/{issued.token}").content.decode()
    assert issued.number in page and "2026-11-23" in page
    assert account.account_no not in page and "张" not in page
    other = client.get("/verify/another")
    assert other.status_code == 404 and issued.number not in other.content.decode()


def test_a_certificate_of_no_bad_faith_takes_another_person(account):
    asked = services.request_certificate(
        account_id=account.pk, kind="no_malice", reason="illness", by=plans.COLLECTOR, now=build.NOW, key="c"
    )
    with pytest.raises(services.NotAllowed, match="own"):
        services.answer_certificate(request_id=asked.pk, approved=True, by=plans.COLLECTOR, now=build.NOW)
    assert services.issue_certificates(now=build.NOW) == 0
    services.answer_certificate(request_id=asked.pk, approved=True, by=plans.LEADER, now=build.NOW)
    assert services.issue_certificates(now=build.NOW) == 1
    assert Certificate.objects.get().number.startswith("FE-2026-")
