"""Taking files: layouts, totals, the same file again, corrections, mending, two takers, the pages."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.intake import guess, queries, sentences
from dunwell.intake import mapping as mappings
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.intake.services import discard, export_rows, mend, take
from dunwell.kernel.actor import Actor
from tests import build
from tests.acceptance.test_intake_broken_files import DAY, GOOD, PARTY, deliver, table

pytestmark = pytest.mark.django_db
BY = Actor.program("test")
FULL = table("accounts", {}, *GOOD["accounts"])


def lake(file: IntakeFile, columns: str = "*") -> list[tuple]:
    return duckdb.execute(
        f"SELECT {columns} FROM read_parquet('{settings.LAKE / file.lake_path}') ORDER BY 1"
    ).fetchall()


WAYS = [
    ("accounts_2026-11-22.csv", FULL.encode()),
    ("accounts_2026-11-22.csv", b"\xef\xbb\xbf" + FULL.encode()),
    ("accounts_2026-11-22.csv", FULL.replace("\n", "\r\n").encode()),
    ("accounts_2026-11-22.csv", FULL.replace(",", "\t").encode()),
    ("accounts_2026-11-22.csv", FULL.replace(",", "|").encode()),
    ("accounts_2026-11-22.csv", FULL.replace("standard", "标准").encode("gb18030")),
    ("accounts_2026-11-22.csv.gz", gzip.compress(FULL.encode())),
    ("accounts_20261122.csv", (FULL + "#TOTAL,4,balance=406.00\n").encode()),
]


@pytest.mark.parametrize(("name", "content"), WAYS)
def test_the_same_rows_come_out_of_every_way_of_writing_them(tmp_path: Path, name: str, content: bytes) -> None:
    taken = deliver(tmp_path, name, content)
    assert taken.outcome == "taken", taken.file.refusal
    rows = lake(taken.file, "account_no, balance, due_date, cycle_day, auto_debit, principal_cash, credit_limit")
    assert rows[0] == ("A1", Decimal("101.50"), date(2026, 11, 25), 5, False, Decimal("0.00"), None)
    assert [row[0] for row in rows] == ["A1", "A2", "A3", "A4"]


def test_parquet_is_taken_and_a_side_file_is_believed(tmp_path: Path) -> None:
    (tmp_path / "source.csv").write_text(FULL)
    path = tmp_path / "accounts_2026-11-22.parquet"
    duckdb.execute(f"COPY (FROM read_csv('{tmp_path / 'source.csv'}')) TO '{path}'")
    (tmp_path / "accounts_2026-11-22.parquet.ctl").write_text("rows=4\nbalance=406.00\n")
    taken = deliver(tmp_path, path.name, path.read_bytes())
    assert taken.file.control == {"rows": [4, 4], "sums": {"balance": ["406.00", "406.00"]}, "unproved": []}


MAPPING = """
contract: accounts
encoding: gb18030
delimiter: "|"
dates: ["%Y%m%d", "%Y年%m月%d日"]
amounts: {thousands: ",", full_width: true, credit: [CR, 贷], debit: [DR, 借]}
empty: ["00000000"]
totals: {marker: 合计, rows: 2, sums: {balance: 3}, required: true}
columns:
  account_no: 账号
  party_no: 客户号
  currency: {constant: CNY}
  product: {from: 卡种, codes: {"01": classic, "02": gold}}
  cycle_day: {derive: "cast(right(账单日, 2) as integer)"}
  principal_retail: {derive: "cast(replace(本金, ',', '') as decimal(18, 2)) - 0.50"}
  interest_on_balance: {constant: "0.50"}
  balance: 余额
  due_date: 到期日
  auto_debit: {from: 约定, codes: {是: "yes", 否: "no"}}
"""


def test_a_banks_own_layout_becomes_the_contract(tmp_path: Path) -> None:
    content = (
        "账号|客户号|卡种|账单日|本金|余额|到期日|约定\n"
        "A1|P1|01|2026-11-05|1,200.50|１，２００.５０|20261125|是\n"  # noqa: RUF001
        "A2|P2|02|2026-11-07|-30.00|30.00CR|2026年11月27日|否\n"
        "A3|P3|09|2026-11-07|30.00|30.00DR|00000000|否\n"
        "合计|3|1200.50\n"
    )
    taken = deliver(tmp_path, "accounts_2026-11-22.txt", content.encode("gb18030"), mapping=mappings.read(MAPPING))
    assert taken.outcome == "taken", taken.file.refusal
    with translation.override("en"):
        said = [
            (row.row_number, sentences.fault(row.code, row.found, row.expected))
            for row in taken.file.quarantine.order_by("row_number")
        ]
    assert said == [(3, "-30.50 is negative"), (4, 'the mapping does not know the code "09"')]
    assert lake(taken.file, "account_no, product, cycle_day, principal_retail, balance, due_date, auto_debit") == [
        ("A1", "classic", 5, Decimal("1200.00"), Decimal("1200.50"), date(2026, 11, 25), True)
    ]


def test_a_proposed_mapping_takes_the_file_it_was_proposed_for(tmp_path: Path) -> None:
    path = tmp_path / "日终账户.txt"
    path.write_bytes(
        "账号\t客户编号\t币种\t产品\t账单日\t消费本金\t当前余额\t到期还款日\n"
        "6001\tC1\t156\tG1\t5\t1,000.00\t1,000.00\t20261125\n6002\tC2\t156\tG1\t7\t20.00\t20.00\t20261127\n".encode(
            "gb18030"
        )
    )
    proposed = guess.propose(path)
    taken = deliver(tmp_path, "accounts_2026-11-22.csv", path.read_bytes(), mapping=mappings.read(proposed))
    assert (taken.outcome, taken.file.rows_taken) == ("taken", 2), (proposed, taken.file.refusal)
    assert lake(taken.file, "account_no, currency, balance, due_date")[0] == (
        "6001",
        "CNY",
        Decimal("1000.00"),
        date(2026, 11, 25),
    )


def test_the_same_file_again_has_no_effect(tmp_path: Path) -> None:
    first = deliver(tmp_path, "accounts_2026-11-22.csv", FULL)
    logged = Log.objects.count()
    again = deliver(tmp_path, "accounts_2026-11-22.csv", FULL)
    assert (again.outcome, again.file.pk, IntakeFile.objects.count(), Log.objects.count()) == (
        "already",
        first.file.pk,
        1,
        logged,
    )


def test_a_corrected_file_supersedes_and_says_what_changed(tmp_path: Path) -> None:
    first = deliver(tmp_path, "accounts_2026-11-22.csv", FULL).file
    content = table("accounts", {"minimum_payment": "20.00"}, {"account_no": "A2", "branch": ""}, {"account_no": "A9"})
    second = deliver(tmp_path, "accounts_2026-11-22.csv", content).file
    first.refresh_from_db()
    assert (first.status, second.status, second.supersedes_id) == ("superseded", "taken", first.pk)
    assert second.changes == {"added": 1, "removed": 2, "changed": 1, "columns": {"minimum_payment": 1}}
    assert deliver(tmp_path, "accounts_2026-11-22.csv", FULL).outcome == "already"  # a replay does not turn it back


def test_a_sum_over_an_unreadable_amount_is_unproved_and_the_file_goes_on(tmp_path: Path) -> None:
    content = FULL.replace("101.50,2026-11-05", "1O1.50,2026-11-05", 1) + "#TOTAL,4,balance=406.00\n"
    file = deliver(tmp_path, "accounts_2026-11-22.csv", content).file
    assert (file.rows_taken, file.control["unproved"]) == (3, ["balance"])


def test_no_personal_value_stands_in_the_lake_in_the_quarantine_or_in_the_log(tmp_path: Path) -> None:
    wrong = {"account_no": "A2", "id_no": "110101199003070039", "name": "欧阳远"}
    kept: list[tuple] = []
    taken = deliver(
        tmp_path, "parties_2026-11-22.csv", table("parties", {}, wrong),
        keep=lambda duck, name: kept.extend(duck.execute(f"SELECT name, id_no FROM {name}").fetchall()),
    )  # fmt: skip
    assert kept == [("林致远", PARTY["id_no"])]
    row = taken.file.quarantine.get()
    clear = (settings.LAKE / taken.file.lake_path).read_bytes() + bytes(row.row_sealed) + row.found.encode()
    clear += str(list(Log.objects.values_list("data", flat=True))).encode()
    for secret in ("林致远", "欧阳远", "110101199003070039", PARTY["id_no"]):
        assert secret.encode() not in clear


def broken(tmp_path: Path) -> IntakeFile:
    rows = [{}, {"account_no": "A2", "minimum_payment": "12O.50"}, {"account_no": "A3", "cycle_day": "40"}]
    return deliver(tmp_path, "accounts_2026-11-22.csv", table("accounts", *rows)).file


def test_a_mended_row_joins_its_file_and_the_other_still_waits(tmp_path: Path) -> None:
    file = broken(tmp_path)
    wrong = mend(file=file, rows={3: {"minimum_payment": "12O.60"}}, by=BY, now=build.NOW)
    assert (wrong.taken, [each.column for each in wrong.wrong]) == ([], ["minimum_payment"])
    mended = mend(file=file, rows={3: {"minimum_payment": "12.60"}}, by=BY, now=build.NOW)
    assert (mended.taken, mended.file.supersedes_id, mended.file.rows_taken, mended.file.rows_quarantined) == (
        [3],
        file.pk,
        2,
        1,
    )
    assert lake(mended.file, "account_no, minimum_payment") == [("A1", Decimal("12.50")), ("A2", Decimal("12.60"))]
    assert mended.file.quarantine.get(status="open").row_number == 4
    assert mend(file=file, rows={3: {"minimum_payment": "12.70"}}, by=BY, now=build.NOW).taken == []
    assert (
        deliver(
            tmp_path,
            file.name,
            table(
                "accounts",
                {},
                {"account_no": "A2", "minimum_payment": "12O.50"},
                {"account_no": "A3", "cycle_day": "40"},
            ),
        ).outcome
        == "already"
    )


def test_rows_are_mended_as_a_file(tmp_path: Path) -> None:
    file = broken(tmp_path)
    text = export_rows(file=file, by=BY, now=build.NOW)
    assert text.splitlines()[0].startswith("#row,account_no,party_no")
    mended = deliver(tmp_path, "accounts_2026-11-22_mend.csv", text.replace("12O.50", "12.50").replace(",40,", ",4,"))
    assert (mended.outcome, mended.file.rows_taken, mended.file.rows_quarantined) == ("taken", 3, 0)
    assert sorted(row[0] for row in lake(mended.file, "account_no")) == ["A1", "A2", "A3"]
    again = deliver(tmp_path, "accounts_2026-11-22_mend.csv", text.replace("12O.50", "12.50").replace(",40,", ",4,"))
    assert (again.outcome, again.file.pk) == ("already", mended.file.pk)


def test_a_mended_row_whose_account_is_there_already_is_not_taken_twice(tmp_path: Path) -> None:
    file = broken(tmp_path)
    answer = mend(file=file, rows={3: {"account_no": "A1", "minimum_payment": "1.00"}}, by=BY, now=build.NOW)
    assert (answer.taken, answer.wrong[0].code) == ([], "there_already")


PEOPLE = [
    ("cards", {"card_no": "6222020200112233440"}, {"card_no": "4111 1111 1111 1111"}, "card_no"),
    ("contact_points", {"value": "1391234567"}, {"value": "139-1234-5678"}, "value"),
]


@pytest.mark.parametrize(("kind", "wrong", "same", "column"), PEOPLE)
def test_a_mended_card_or_number_that_was_taken_already_is_not_taken_twice(
    tmp_path: Path, kind: str, wrong: dict, same: dict, column: str
) -> None:
    good = {"card_no": "4111111111111111"} if kind == "cards" else {}
    file = deliver(tmp_path, f"{kind}_2026-11-22.csv", table(kind, good, wrong)).file
    number = file.quarantine.get().row_number
    answer = mend(file=file, rows={number: same}, by=BY, now=build.NOW, keep=lambda duck, name: None)
    assert (answer.taken, [(each.code, each.column) for each in answer.wrong]) == ([], [("there_already", column)])
    other = {"cards": {"card_no": "5500005555555559"}, "contact_points": {"value": "13912345679"}}[kind]
    mended = mend(file=file, rows={number: other}, by=BY, now=build.NOW, keep=lambda duck, name: None)
    assert mended.taken == [number]
    stands = (settings.LAKE / mended.file.lake_path).read_bytes()
    assert not any(value.encode() in stands for value in (*other.values(), "4111111111111111", "13912345678"))


@pytest.mark.parametrize("kind", ["cards", "contact_points"])
def test_a_mended_row_is_compared_with_one_mended_before(tmp_path: Path, kind: str) -> None:
    column, wrong, right = {
        "cards": ("card_no", ("6011000990139420", "4111111111111112"), "5500005555555559"),
        "contact_points": ("value", ("1391234567", "1391234568"), "13912345679"),
    }[kind]
    file = deliver(
        tmp_path, f"{kind}_2026-11-22.csv", table(kind, GOOD[kind][0], *({column: each} for each in wrong))
    ).file
    first = mend(file=file, rows={3: {column: right}}, by=BY, now=build.NOW, keep=lambda duck, name: None)
    assert first.taken == [3]
    second = mend(file=first.file, rows={4: {column: right}}, by=BY, now=build.NOW, keep=lambda duck, name: None)
    assert (second.taken, second.wrong[0].code) == ([], "there_already")


def test_a_corrected_file_of_cards_says_which_columns_changed(tmp_path: Path) -> None:
    deliver(tmp_path, "cards_2026-11-22.csv", table("cards", *GOOD["cards"][:2]))
    content = table("cards", {**GOOD["cards"][0], "status": "blocked"}, GOOD["cards"][2])
    assert deliver(tmp_path, "cards_2026-11-22.csv", content).file.changes == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "columns": {"status": 1},
    }


def test_the_same_card_on_two_days_is_not_the_same_in_the_lake(tmp_path: Path) -> None:
    found = []
    for day in ("2026-11-21", "2026-11-22"):
        path = tmp_path / f"cards_{day}.csv"
        path.write_text(table("cards", GOOD["cards"][0]))
        file = take(
            path=path, business_date=date.fromisoformat(day), entity=build.entity(), now=build.NOW, by=BY,
            keep=lambda duck, name: None,
        ).file  # fmt: skip
        found += lake(file, "key_digest")
    assert len(found) == len(set(found)) == 2


def test_cards_of_an_account_in_the_same_delivery_are_not_strange(tmp_path: Path) -> None:
    """Files come in any order; a day before there were others, so that the new account is known to no file yet."""
    from dunwell.nightly import services as nightly

    build.entity()
    for day, number in (("2026-11-21", "A1"), ("2026-11-22", "A7")):
        paths = []
        for kind in ("cards", "contact_points", "accounts", "parties"):  # as a directory lists them: people last
            path = tmp_path / f"{kind}_{day}.csv"
            party = {"party_no": f"P{number}"}
            fields = {"cards": {**GOOD["cards"][0], "account_no": number}, "contact_points": party}.get(
                kind, {"account_no": number, **party}
            )
            path.write_text(table(kind, fields))
            paths.append(path)
        taken = nightly.take_files(paths, business_date=date.fromisoformat(day), now=build.NOW, by=BY)
        assert [each.file.kind for each in taken] == ["parties", "accounts", "cards", "contact_points"]
        assert not any("unknown_accounts" in each.file.warnings for each in taken)
        assert [each.file.rows_quarantined for each in taken] == [0, 0, 0, 0]


def test_a_discarded_row_stays_out(tmp_path: Path) -> None:
    row = broken(tmp_path).quarantine.get(row_number=3)
    discard(row=row, by=BY, now=build.NOW)
    assert mend(file=row.file, rows={3: {"minimum_payment": "1.00"}}, by=BY, now=build.NOW).taken == []
    assert Log.objects.filter(kind="intake.row_discarded").count() == 1


def test_what_is_missing_is_said_and_when_it_is_late(tmp_path: Path) -> None:
    deliver(tmp_path, "accounts_2026-11-22.csv", FULL)
    deliver(tmp_path, "transactions_2026-11-22.csv", "")
    before, after = datetime(2026, 11, 22, 21, 59, tzinfo=UTC), datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    late = {each.kind: (each.late, each.refused is not None) for each in queries.missing_files(DAY, after)}
    assert late["parties"] == (True, False) and late["transactions"] == (True, True) and "accounts" not in late
    assert not any(each.late for each in queries.missing_files(DAY, before))


def test_when_the_keeper_fails_nothing_is_taken(tmp_path: Path) -> None:
    def fails(duck: object, name: str) -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        deliver(tmp_path, "accounts_2026-11-22.csv", FULL, keep=fails)
    assert not IntakeFile.objects.exists()
    assert deliver(tmp_path, "accounts_2026-11-22.csv", FULL).outcome == "taken"


@pytest.fixture
def signed_in(client: Client):
    def enter(role: Role) -> Client:
        client.force_login(build.user(role), backend="dunwell.identity.backends.Backend")
        return client

    return enter


def test_a_row_is_mended_in_the_browser(tmp_path: Path, signed_in) -> None:
    file = broken(tmp_path)
    row = file.quarantine.get(row_number=3)
    client = signed_in(Role.ANALYST)
    assert "12O.50" in client.get(f"/intake/files/{file.pk}").content.decode()
    hidden = client.get(f"/intake/rows/{row.pk}").content.decode()
    assert 'name="cell-' not in hidden
    shown = client.post(f"/intake/rows/{row.pk}/open").content.decode()
    assert 'value="12O.50"' in shown and Log.objects.filter(kind="intake.row_revealed").count() == 1
    again = client.post(f"/intake/rows/{row.pk}", {"cell-minimum_payment": "1,0"})
    assert again.status_code == 422 and 'value="1,0"' in again.content.decode()
    done = client.post(f"/intake/rows/{row.pk}", {"cell-minimum_payment": "10.00"}, follow=True)
    assert "Row 3 was mended and taken." in done.content.decode()
    assert QuarantinedRow.objects.get(pk=row.pk).status == "resent"


def test_a_file_is_handed_in_in_the_browser(tmp_path: Path, signed_in) -> None:
    path = tmp_path / "statements_2026-11-22.csv"
    path.write_text(table("statements", {}, {"due_date": "2026-02-30", "account_no": "A2"}))
    client = signed_in(Role.ANALYST)
    with path.open("rb") as sent:
        page = client.post("/intake", {"day": "2026-11-22", "file": sent}, follow=True).content.decode()
    assert "is a date that does not exist" in page
    assert "statements_2026-11-22.csv" in client.get("/intake?day=2026-11-22").content.decode()


@pytest.mark.parametrize(("role", "sees", "mends"), [
    (Role.COLLECTOR, 403, 403), (Role.MANAGER, 200, 403), (Role.ANALYST, 200, 200), (Role.ADMINISTRATOR, 200, 200),
])  # fmt: skip
def test_who_sees_files_and_who_opens_rows(tmp_path: Path, signed_in, role, sees, mends) -> None:
    row = broken(tmp_path).quarantine.get(row_number=3)
    client = signed_in(role)
    assert [client.get(path).status_code for path in ("/intake", f"/intake/rows/{row.pk}")] == [sees, sees]
    assert client.post(f"/intake/rows/{row.pk}/open").status_code == mends


def test_a_row_of_another_entity_is_not_there(tmp_path: Path, client: Client) -> None:
    row = broken(tmp_path).quarantine.get(row_number=3)
    client.force_login(build.user(Role.ANALYST, of=build.entity("agency")), backend="dunwell.identity.backends.Backend")
    assert client.get(f"/intake/rows/{row.pk}").status_code == 404
