"""To forget a person: refused while anything forbids it, and then for good; the bank's next file brings nobody back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dunwell.casework.services import forgetting
from dunwell.compliance.models import Contact, Hold, HoldLift
from dunwell.evidence import retention
from dunwell.evidence.models import Log
from dunwell.intake import sentences
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment
from dunwell.portfolio import queries, services
from dunwell.portfolio.models import Account, AccountRole, Card, ContactPoint, Party
from tests import build
from tests.acceptance.test_intake_broken_files import PARTY, POINT, deliver, table
from tests.integration.test_portfolio_people import (
    ACCOUNTS,
    LIN,
    PARTIES,
    WANG,
    keep_accounts,
    keep_cards,
    keep_people,
    keep_points,
)
from tests.integration.test_portfolio_people import table as rows

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
CLERK = Actor(user_id=7, name="S00007")
pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> Party:
    keep_people(LIN, WANG)
    keep_points(("P1", "mobile", "13900001234", None, "contract"))
    keep_cards(("A1", "6225880000000001", "primary", None, "active", None))
    keep_accounts(("A1", "P1", "CNY", "gold", None, 5, date(2020, 1, 1)))
    return Party.objects.get(party_no="P1")


def in_the_way(party: Party, now: datetime = NOW) -> list[tuple[str, date | None]]:
    return [(each.code, each.until) for each in forgetting.obstacles(party=party, now=now)]


def forget(party: Party, now: datetime = NOW) -> None:
    forgetting.forget(party_id=party.pk, by=CLERK, reason="he asked for it", now=now)


def payment(party: Party, day: date) -> None:
    Payment.objects.create(
        account=Account.objects.get(party=party), amount=10, currency="CNY", posting_date=day, transaction_date=day,
        business_date=day, source="file", host_ref=f"R-{day}", recorded_at=NOW,
    )  # fmt: skip


def contact(party: Party, day: date, channel: str = "call") -> None:
    Contact.objects.create(
        entity=party.entity, party=party, person=party, channel=channel, purpose="demand", token=f"{day:%Y%m%d}" * 4,
        expires_at=NOW, local_date=day, reserved_at=NOW, key=f"c-{day}-{channel}",
    )  # fmt: skip


def hold(party: Party, **fields: object) -> Hold:
    return Hold.objects.create(
        **{"party": party, "kind": "legal", "reason": "suit filed", "starts_at": NOW, "recorded_at": NOW, **fields}
    )


def test_nothing_forbids_to_forget_who_was_never_in_work(lin):
    assert in_the_way(lin) == []


def test_an_open_case_forbids_it(lin):
    build.case(party=lin)
    assert in_the_way(lin)[0] == ("case_open", None)


def test_a_guarantor_is_needed_while_the_debtors_case_is_open_and_a_declared_contact_is_not(lin):
    guarantor, mother = build.party(), Party.objects.get(party_no="P2")
    AccountRole.objects.create(party=guarantor, account_no="A1", role="guarantor")
    build.case(party=lin)
    assert in_the_way(guarantor) == [("case_open", None)]
    assert in_the_way(mother) == []


@pytest.mark.parametrize(("ends", "forbids"), [(None, True), (NOW + timedelta(30), True), (NOW, False)])
def test_a_hold_forbids_it_while_it_lasts(lin, ends, forbids):
    placed = hold(lin, ends_at=ends)
    assert [code for code, _ in in_the_way(lin)] == (["hold"] if forbids else [])
    HoldLift.objects.create(hold=placed, reason="withdrawn", recorded_at=NOW)
    assert in_the_way(lin) == []


def test_what_is_still_owed_forbids_it(lin):
    build.account_state(account=Account.objects.get(party=lin), past_due="0.00", balance="12.00")
    assert in_the_way(lin) == [("owes", None)]


@pytest.mark.parametrize(("closed", "until"), [
    (date(2021, 11, 22), None),
    (date(2021, 11, 23), date(2026, 11, 23)),  # the last day still counts
    (date(2024, 2, 29), date(2029, 2, 28)),
])  # fmt: skip
def test_records_of_a_case_are_kept_five_years_after_the_last_of_them(lin, closed, until):
    build.case(party=lin, opened_on=closed - timedelta(40), closed_on=closed)
    assert in_the_way(lin) == ([("retention", until)] if until else [])


def test_every_kind_of_record_has_its_own_period(lin):
    contact(lin, date(2025, 6, 1))
    found = {o.params["kind"]: o.until for o in forgetting.obstacles(party=lin, now=NOW)}
    assert found == {"case_record": date(2030, 6, 1), "recording": date(2027, 6, 1)}


def test_a_payment_prolongs_the_period(lin):
    build.case(party=lin, opened_on=date(2019, 1, 1), closed_on=date(2019, 3, 1))
    assert in_the_way(lin) == []
    payment(lin, date(2022, 1, 31))
    assert in_the_way(lin) == [("retention", date(2027, 1, 31))]


def test_every_period_says_where_it_comes_from():
    for period in retention.periods(TODAY).values():
        assert period.years or period.months
        assert period.instrument and period.rule and period.confidence in ("V1", "V2", "M", "A")


def test_a_refusal_stands_in_the_log_with_its_reasons_and_nothing_is_lost(lin):
    case = build.case(party=lin)
    with pytest.raises(forgetting.MayNotErase, match="case_open"):
        forget(lin)
    [entry] = Log.objects.filter(kind="party.erasure_refused", party_id=lin.pk)
    assert entry.data["obstacles"][0] == {"code": "case_open", "until": None, "case_no": case.case_no}
    assert queries.names([lin.pk]) == {lin.pk: "林致远"}


def test_the_next_file_does_not_bring_an_erased_person_back(lin):
    forget(lin)
    assert keep_people(LIN, WANG) == services.Kept(unchanged=1, erased=1)
    assert keep_points(("P1", "mobile", "13900001234", None, "contract")) == services.Kept(erased=1)
    assert keep_cards(
        ("A1", "6225880000000001", "primary", None, "active", None),
        ("A1", "6225880000000019", "primary", "P1", "active", None),
        ("A1", "6225880000000027", "supplementary", "P2", "active", None),
    ) == services.Kept(new=1, erased=2)
    lin.refresh_from_db()
    assert (lin.name_masked, lin.id_masked, lin.province) == ("", "", "")
    assert queries.names([lin.pk]) == {}
    assert not ContactPoint.objects.filter(party=lin).exclude(masked="").exists()
    assert set(Card.objects.values_list("last4", flat=True)) == {"", "0027"}
    assert queries.find_parties("13900001234", entity_id=lin.entity_id) == []


def test_an_erased_number_of_another_bank_is_another_persons(lin):
    forget(lin)
    other = build.entity("agency-1")
    kept = services.keep_people(*rows(PARTIES, LIN), entity_id=other.pk, now=NOW)
    assert (kept.new, kept.erased) == (1, 0)


def test_the_intake_says_how_many_rows_it_left_out(tmp_path):
    entity = build.entity()
    files = {
        "parties": table("parties", {}, {"party_no": "P2", "account_no": "A2", "name": "王芳"}),
        "contact_points": table("contact_points", {}, {"party_no": "P2", "value": "13912345679"}),
    }
    for kind, text in files.items():
        deliver(tmp_path, f"{kind}_2026-11-22.csv", text, keep=None)
    forget(Party.objects.get(party_no=PARTY["party_no"]))
    for kind, text in files.items():
        file = deliver(tmp_path, f"{kind}_2026-11-22.csv", text + "\n", keep=None).file
        assert (file.rows_taken, file.warnings["erased_person"]) == (2, 1), kind
        assert sentences.warning("erased_person") in (
            "person erased here; left out",
            "该客户信息已在本系统删除，未予保留",
        )
        logged = Log.objects.filter(kind="intake.taken", data__kind=kind).latest("id")
        assert logged.data["left_out"] == 1
    assert queries.find_parties(POINT["value"], entity_id=entity.pk) == []
    assert [p.party_no for p in Party.objects.exclude(name_masked="")] == ["P2"]


def test_who_comes_again_as_a_customer_is_readmitted(lin):
    forget(lin)
    assert services.readmit_party(entity_id=lin.entity_id, party_no="P1", by=CLERK, reason="new card", now=NOW)
    assert not services.readmit_party(entity_id=lin.entity_id, party_no="P1", by=CLERK, reason="again", now=NOW)
    assert keep_people(LIN).erased == 0
    assert queries.names([lin.pk]) == {lin.pk: "林致远"}
    assert Log.objects.filter(kind="party.readmitted", party_id=lin.pk).count() == 1


def test_accounts_go_on_without_the_erased_persons_data(lin):
    forget(lin)
    assert services.keep_accounts(
        *rows(ACCOUNTS, ("A1", "P1", "CNY", "black", None, 5, None)), entity_id=lin.entity_id
    ) == services.Kept(changed=1)


def test_nobody_else_erases():
    package = Path(forgetting.__file__).parents[2]
    calls = [p.relative_to(package) for p in package.rglob("*.py") if "erase_party(" in p.read_text(encoding="utf-8")]
    assert sorted(map(str, calls)) == ["casework/services/forgetting.py", "portfolio/services/erasing.py"]
