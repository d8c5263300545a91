"""Managers' pages, downloads and who may see them."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from dunwell.arrangements.models import Promise
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.engine import lake, session
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.oversight import drilldown, export, queries
from dunwell.oversight.models import BucketDay, CohortMonth, RollRate
from dunwell.payments.models import Payment
from tests import build

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 22)
MONTH, BEFORE = date(2026, 10, 31), date(2026, 9, 30)
PAGES = (
    "/portfolio",
    "/reports",
    "/reports/roll-rates",
    "/reports/vintages",
    "/reports/stages",
    "/reports/day",
    "/reports/inspection",
    "/reports/day?day=2026-11-20",
    *(
        f"/reports/behind/{figure}"
        for figure in ("calls", "received", "kept", "gate", "owned", "productivity", "paid", "stages")
    ),
)


@pytest.fixture
def published(db):
    """Three days of the book, one month of roll rates, one cohort."""
    for day, m0, m1 in ((BEFORE, "900.00", "100.00"), (MONTH, "880.00", "120.00"), (DAY, "850.00", "150.00")):
        BucketDay.objects.create(
            business_date=day, currency="CNY", bucket="M0", accounts=90, balance=m0, past_due=0, run_id=1
        )
        BucketDay.objects.create(
            business_date=day, currency="CNY", bucket="M1", accounts=10, balance=m1, past_due="12.34", run_id=1
        )
    for source, to, accounts, balance in (
        ("M0", "M0", 85, 810),
        ("M0", "M1", 5, 90),
        ("M1", "M1", 4, 60),
        ("M1", "M2", 6, 40),
    ):
        RollRate.objects.create(
            month=MONTH, currency="CNY", from_bucket=source, to_bucket=to, accounts=accounts, balance=balance, run_id=1
        )
    for month, recovered in ((BEFORE, 10), (MONTH, 25)):
        CohortMonth.objects.create(
            cohort=date(2026, 9, 1),
            month=month,
            currency="CNY",
            accounts=4,
            entry_balance=100,
            recovered=recovered,
            run_id=1,
        )


def signed_in(role: Role, **fields: object) -> Client:
    client = Client()
    client.force_login(build.user(role, **fields), backend="dunwell.identity.backends.Backend")
    return client


def contact(by, party, outcome: str, *, day: date = DAY, key: str) -> Contact:
    made = Contact.objects.create(
        entity=party.entity, party=party, person=party, channel="call", purpose="collection", token=key_uuid(key), key=key,
        expires_at=build.NOW, local_date=day, reserved_at=build.NOW, by_id=by.pk,
    )  # fmt: skip
    ContactOutcome.objects.create(contact=made, outcome=outcome, recorded_at=build.NOW, key=f"o-{key}")
    return made


def report(name: str, day: date = DAY) -> export.Table:
    return export.report(name, day, entity_id=build.entity().pk, now=build.NOW)


def of(day: date = DAY, *, now: datetime = build.NOW, currency: str = "CNY", **more) -> queries.Scope:
    return queries.Scope(day, now, build.entity().pk, currency, **more)


def key_uuid(key: str):
    import uuid

    return uuid.uuid5(uuid.NAMESPACE_URL, key)


def test_buckets_are_all_eight_and_the_late_ones_are_summed(published):
    book = queries.buckets(DAY, "CNY")
    assert [row.bucket for row in book.rows] == ["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
    assert (book.late.accounts, book.late.balance, book.late.past_due) == (10, Decimal("150.00"), Decimal("12.34"))
    assert book.compared_with == MONTH
    assert book.late.change == Decimal("0.25")


def test_the_command_s_tables_have_the_columns_of_the_contract(published):
    buckets = list(csv.DictReader(io.StringIO(export.as_csv(report("buckets")).decode())))
    assert list(buckets[0]) == ["currency", "bucket", "accounts", "balance", "past_due"]
    assert buckets[1] == {"currency": "CNY", "bucket": "M1", "accounts": "10", "balance": "150.00", "past_due": "12.34"}
    rolls = list(csv.DictReader(io.StringIO(export.as_csv(report("roll-rates")).decode())))
    assert list(rolls[0]) == [
        "month", "from_bucket", "to_bucket", "accounts", "share_of_accounts", "balance", "share_of_balance",
    ]  # fmt: skip
    assert rolls[3]["share_of_balance"] == "0.400000"
    assert rolls[3]["share_of_accounts"] == "0.600000"
    assert json.loads(export.as_json(report("buckets")))[1]["balance"] == "150.00"


def test_a_date_without_figures_is_refused_rather_than_empty(published):
    with pytest.raises(export.NoFigures):
        report("buckets", DAY + timedelta(days=1))


@pytest.mark.parametrize("name", sorted(export.REPORTS))
def test_every_report_opens_as_a_workbook_with_the_csv_s_rows(published, name):
    table = report(name)
    sheet = openpyxl.load_workbook(io.BytesIO(export.as_xlsx(table))).active
    assert [cell.value for cell in sheet[1]] == list(table.columns)
    assert sheet.max_row == len(table.rows) + 1
    for line, row in enumerate(table.rows, 2):
        for place, value in enumerate(row, 1):
            found = sheet.cell(line, place).value
            assert (Decimal(str(found)) == value) if isinstance(value, Decimal) else (found == value or not value)


def test_text_that_looks_like_a_formula_stays_text():
    table = export.Table("x", ("name",), [("=1+1",)])
    sheet = openpyxl.load_workbook(io.BytesIO(export.as_xlsx(table))).active
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_in_both_languages_with_few_queries(published, path, language, django_assert_max_num_queries):
    client = signed_in(Role.MANAGER, language=language)
    with django_assert_max_num_queries(18):  # 15 and those of the session
        answer = client.get(path)
    assert answer.status_code == 200
    assert b" style=" not in answer.content


@pytest.mark.parametrize("path", PAGES)
def test_pages_say_what_would_be_there_before_the_first_night(db, path):
    assert signed_in(Role.MANAGER).get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/reports/buckets.csv?day=2026-11-22", "/portfolio/accounts"])
@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ADMINISTRATOR])
def test_reports_are_not_for_everybody(published, role, path):
    assert signed_in(role).get(path).status_code == 403


def test_legal_sees_reports_and_may_not_take_them_away(published):
    client = signed_in(Role.LEGAL)
    assert client.get("/reports").status_code == 200
    assert client.get("/reports/buckets.xlsx?day=2026-11-22").status_code == 403


@pytest.mark.parametrize(
    "path", ["/reports/none.csv?day=2026-11-22", "/reports/buckets.pdf?day=2026-11-22", "/reports/buckets.csv?day=x"]
)
def test_a_report_that_does_not_exist_is_not_found(published, path):
    assert signed_in(Role.MANAGER).get(path).status_code == 404


def test_the_funnel_counts_parties_once_and_its_rows_sum_to_it(db):
    collector = build.user()
    parties = [build.party() for _ in range(3)]
    contact(collector, parties[0], "no_answer", key="a")
    contact(collector, parties[0], "connected_rpc", key="b")
    contact(collector, parties[1], "busy", key="c")
    contact(collector, parties[2], "nothing_left", key="d")
    today = queries.day(of())
    by_name = {step.name: step for step in today.funnel}
    assert (by_name["attempted"].parties, by_name["reached"].parties) == (2, 1)
    assert (today.calls, today.connected, today.reached) == (3, 1, 1)
    for name in ("planned", "attempted", "reached", "promised", "paid"):
        assert queries.behind(name, of()).total("parties") == by_name[name].parties


def test_money_goes_to_the_collector_who_last_reached_the_party(db):
    first, second = build.user(), build.user()
    account = build.account()
    contact(first, account.party, "connected_rpc", day=DAY - timedelta(days=3), key="e")
    contact(second, account.party, "connected_rpc", day=DAY - timedelta(days=1), key="f")
    contact(first, account.party, "no_answer", key="g")
    Payment.objects.create(
        account=account, amount=Decimal("70.00"), currency="CNY", posting_date=DAY, transaction_date=DAY, business_date=DAY,
        source="file", host_ref="R1", recorded_at=build.NOW,
    )  # fmt: skip
    rows = {row.user_id: row for row in queries.collectors(of())}
    assert (rows[first.pk].received, rows[second.pk].received) == (Decimal(0), Decimal("70.00"))
    assert (rows[first.pk].contacts, rows[first.pk].reached) == (1, 0)
    assert queries.behind("paid", of()).total("amount") == Decimal("70.00") == queries.day(of()).received


def test_the_parts_below_the_kept_rate_are_those_it_counts(published, client):
    client.force_login(build.user(role=Role.MANAGER, language="en"), backend="dunwell.identity.backends.Backend")
    today = timezone.now().astimezone(BANK_ZONE).date()
    party = build.party()
    promise = Promise.objects.create(
        entity=party.entity, party=party, currency="CNY", made_on=DAY, recorded_at=timezone.now(), key="p1"
    )
    judged = ((0, "100.00", "kept"), (29, "50.00", "broken"), (30, "7.00", "kept"))  # days ago, the last one too long
    for position, (ago, amount, state) in enumerate(judged):
        promise.parts.create(position=position, due_date=today - timedelta(days=ago), amount=amount, state=state)
    shown = client.get("/reports/behind/kept").content.decode()
    figure = queries.day(of(today, now=timezone.now()))
    assert (figure.kept, figure.judged) == (1, 2)
    assert "150.00" in shown and "7.00" not in shown and "broken" in shown


def test_the_contacts_below_the_gate_s_figure_are_those_it_refused_today(published, client):
    client.force_login(build.user(role=Role.MANAGER, language="en"), backend="dunwell.identity.backends.Backend")
    party, point, _ = build.debtor()
    at = timezone.now()
    compliance.place_hold(party_id=party.pk, kind="complaint", reason="told us", by=Actor.program("test"), now=at)
    for number in range(3):
        compliance.reserve(
            party_id=party.pk,
            contact_point_id=point.pk,
            channel="call",
            key=f"k{number}",
            by=Actor.program("test"),
            now=at,
        )
    figure = queries.day(of(at.astimezone(BANK_ZONE).date(), now=at))
    shown = client.get("/reports/behind/gate").content.decode()
    assert figure.blocked + figure.review == 3 == shown.count(party.party_no)


def test_the_accounts_below_the_first_payment_default_are_those_it_counts(tmp_path):
    duck = session.connect(threads=1)
    rows = "(VALUES ('A1', DATE '2026-10-01', 5.00), ('A2', DATE '2026-10-01', 0.00), ('A3', DATE '2020-01-01', 9.00))"
    made = f"SELECT * FROM {rows} AS t(account_no, open_date, owed)"
    lake.write_parquet(
        duck, f"(SELECT account_no, open_date, 'CNY' AS currency FROM ({made}))", tmp_path / "position.parquet"
    )
    lake.write_parquet(
        duck,
        "(SELECT account_no, DATE '2026-10-20' AS statement_date, DATE '2026-11-09' AS due_date,"
        f" 5.00::DECIMAL(18,2) AS minimum_payment FROM ({made}))",
        tmp_path / "statement.parquet",
    )
    lake.write_parquet(
        duck,
        "(SELECT account_no, 'P' || account_no AS party_no, 'CNY' AS currency, 'M1' AS bucket, 'early' AS stage,"
        " 50.00::DECIMAL(18,2) AS balance, owed::DECIMAL(18,2) AS past_due, DATE '2026-11-09' AS oldest_due_date,"
        f" 13 AS days_delinquent FROM ({made}))",
        tmp_path / "book.parquet",
    )
    asked = {"currency": "CNY", "day": DAY}
    found = drilldown.first_payments(tmp_path, tmp_path, **asked)
    assert [(row.account_no, row.bucket) for row in found.rows] == [("A1", "unpaid"), ("A2", "paid")]
    assert found.past_due == Decimal("5.00")
    assert drilldown.first_payment_default(tmp_path, tmp_path, **asked) == (1, 2)
