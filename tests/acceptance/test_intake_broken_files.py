"""Broken files, a kind each, and the sentence that each gets."""
# ruff: noqa: E501  (tables of cases, one a line)

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest
from django.utils import translation

from dunwell.intake import mapping as mappings
from dunwell.intake import sentences
from dunwell.intake.models import IntakeFile
from dunwell.intake.services import take
from dunwell.kernel.actor import Actor
from tests import build

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 22)

ACCOUNT = {
    "account_no": "A1", "party_no": "P1", "currency": "CNY", "product": "standard", "cycle_day": "5",
    "principal_retail": "100.00", "interest_on_balance": "1.50", "balance": "101.50",
    "statement_date": "2026-11-05", "due_date": "2026-11-25", "statement_balance": "101.50", "minimum_payment": "12.50",
    "past_due_amount": "0.00", "overdue_since": "", "periods_past_due": "0", "auto_debit": "no",
}  # fmt: skip
CARD = {
    "account_no": "A1",
    "card_no": "6222020200112233449",
    "kind": "primary",
    "status": "active",
    "replaces_card_no": "",
}
PARTY = {
    "party_no": "P1", "account_no": "A1", "role": "primary", "kind": "person", "name": "林致远",
    "id_kind": "resident_id", "id_no": "110101199003070038", "province": "11",
}  # fmt: skip
POINT = {"party_no": "P1", "kind": "mobile", "value": "13912345678", "label": "own", "source": "contract"}
STATEMENT = {
    "account_no": "A1", "currency": "CNY", "statement_date": "2026-11-05", "due_date": "2026-11-25",
    "statement_balance": "100.00", "minimum_payment": "10.00",
}  # fmt: skip
POSTING = {
    "account_no": "A1", "host_ref": "R1", "posting_date": "2026-11-21", "transaction_date": "2026-11-20",
    "type": "repayment", "amount": "50.00", "currency": "CNY", "reverses_ref": "",
}  # fmt: skip
BASE = {
    "accounts": ACCOUNT, "cards": CARD, "parties": PARTY, "contact_points": POINT, "statements": STATEMENT,
    "transactions": POSTING,
}  # fmt: skip
GOOD = {
    "accounts": [{"account_no": f"A{n}"} for n in (2, 3, 4)],
    "cards": [{"card_no": number} for number in ("4111111111111111", "5500005555555559", "6011000990139424")],
    "parties": [{"account_no": f"A{n}"} for n in (2, 3, 4)],
    "contact_points": [{"value": f"1391234567{n}"} for n in (1, 2, 3)],
    "statements": [{"account_no": f"A{n}"} for n in (2, 3, 4)],
    "transactions": [{"host_ref": f"R{n}"} for n in (2, 3, 4)],
}


def table(kind: str, *rows: dict[str, str], delimiter: str = ",") -> str:
    names = list(BASE[kind])
    lines = [names, *([{**BASE[kind], **row}[name] for name in names] for row in rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def deliver(folder: Path, name: str, content: str | bytes, **how: object):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return take(
        path=path, business_date=DAY, entity=build.entity(), now=build.NOW, by=Actor.program("test"),
        **{"keep": lambda connection, table: None, **how},
    )  # fmt: skip


def sentence_of(file: IntakeFile, language: str = "en") -> str:
    with translation.override(language):
        if file.status == IntakeFile.Status.REFUSED:
            return sentences.of_file(file)
        return sentences.of_row(file, file.quarantine.get())


ROWS = [
    ("accounts", {"minimum_payment": "12O.50"}, 'column minimum_payment: "12O.50" is not an amount (letter O?)'),
    ("accounts", {"minimum_payment": "1２.50"}, 'column minimum_payment: "1２.50" is not an amount (full-width digits?)'),
    ("accounts", {"credit_limit": "x", "minimum_payment": "twelve"}, 'column minimum_payment: "twelve" is not an amount'),
    ("accounts", {"minimum_payment": "12.505"}, 'column minimum_payment: "12.505" has more than two decimals'),
    ("accounts", {"minimum_payment": "1e2"}, 'column minimum_payment: "1e2" is not an amount'),
    ("accounts", {"account_no": ""}, "column account_no: there is nothing, and a value is required"),
    ("accounts", {"account_no": "9" * 41}, "column account_no: longer than 40 characters"),
    ("accounts", {"cycle_day": "32"}, "column cycle_day: 32 is more than 31"),
    ("accounts", {"cycle_day": "0"}, "column cycle_day: 0 is less than 1"),
    ("accounts", {"cycle_day": "5.5"}, 'column cycle_day: "5.5" is not a whole number'),
    ("accounts", {"currency": "RMB"}, 'column currency: "RMB" is not a currency of ISO 4217'),
    ("accounts", {"due_date": "2026-11-31"}, 'column due_date: "2026-11-31" is a date that does not exist'),
    ("accounts", {"due_date": "25.11.2026"}, 'column due_date: "25.11.2026" is not a date like 2026-11-23'),
    ("accounts", {"due_date": "2026-11-01"}, "column due_date: the due date 2026-11-01 is before the statement date 2026-11-05"),
    ("accounts", {"statement_date": "2026-11-23"}, "column statement_date: 2026-11-23 is after the business date 2026-11-22"),
    ("accounts", {"overdue_since": "2026-11-24"}, "column overdue_since: 2026-11-24 is after the business date 2026-11-22"),
    ("accounts", {"principal_retail": "-1.00"}, "column principal_retail: -1.00 is negative"),
    ("accounts", {"balance": "101.49"}, "column balance: the balance is 101.49, its components sum to 101.50"),
    ("accounts", {"minimum_payment": "101.51"}, "column minimum_payment: the minimum payment 101.51 is above the statement balance 101.50"),
    ("accounts", {"periods_past_due": "2"}, "column periods_past_due: 2 periods past due, and nothing is past due"),
    ("accounts", {"auto_debit": "perhaps"}, 'column auto_debit: "perhaps" is neither yes nor no'),
    ("cards", {"card_no": "4111111111111112"}, 'column card_no: the check digit of the card number "************1112" is wrong (Luhn)'),
    ("cards", {"card_no": "411111"}, 'column card_no: the card number "**1111" does not have 13 to 19 digits'),
    ("cards", {"status": "lost"}, 'column status: "lost" is not known; known are: active, replaced, closed, blocked'),
    ("cards", {"card_no": "6222021234567894", "replaces_card_no": "6222021234567894"}, None),
    ("parties", {"id_no": "110101199003070039"}, 'column id_no: the check digit of the identity number "1101**********0039" is wrong (GB 11643)'),
    ("parties", {"id_no": "11010119900307003"}, 'column id_no: the identity number "1101*********7003" does not have 18 characters'),
    ("parties", {"id_no": "110101199002300032"}, 'column id_no: the identity number "1101**********0032" has a birth date that cannot be'),
    ("parties", {"role": "friend"}, None),
    ("parties", {"id_kind": ""}, "column id_kind: an identity number stands there without its kind"),
    ("contact_points", {"value": "1391234567"}, 'column value: the mobile number "139****4567" does not have 11 digits'),
    ("contact_points", {"kind": "email", "value": "lin.example.com"}, 'column value: "***" is not an e-mail address'),
    ("contact_points", {"source": ""}, "column source: there is nothing, and a value is required"),
    ("contact_points", {"kind": "fax"}, 'column kind: "fax" is not known; known are: mobile, landline, email, address, im'),
    ("statements", {"minimum_payment": "100.01"}, "column minimum_payment: the minimum payment 100.01 is above the statement balance 100.00"),
    ("transactions", {"amount": "-50.00"}, "column amount: -50.00 is less than 0.01"),
    ("transactions", {"posting_date": "2026-11-19"}, "column posting_date: posted on 2026-11-19, before the transaction of 2026-11-20"),
    ("transactions", {"type": "reversal"}, "column reverses_ref: a reversal must name the posting that it reverses"),
    ("transactions", {"type": "gift"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "broken", "sentence"), ROWS)
def test_a_wrong_row_waits_in_quarantine_and_the_others_go_on(tmp_path, kind, broken, sentence) -> None:
    name = f"{kind}_2026-11-22.csv"
    if "credit_limit" in broken:
        broken = {"minimum_payment": broken["minimum_payment"]}
    taken = deliver(tmp_path, name, table(kind, GOOD[kind][0], broken, *GOOD[kind][1:]))
    assert (taken.outcome, taken.file.rows_taken, taken.file.rows_quarantined) == ("taken", 3, 1)
    if sentence:
        said = sentence_of(taken.file)
        assert said == f"{name}, row 3, {sentence}. The row is in quarantine; 3 others were taken."
    assert taken.file.quarantine.get().row_number == 3


def mapping_of(text: str) -> mappings.Mapping:
    return mappings.read(text, name="bank.yaml")


FULL = table("accounts", {}, *GOOD["accounts"])
REFUSED = [
    ("accounts_2026-11-22.csv", b"", {}, "The file is empty."),
    ("accounts_2026-11-22.csv", table("accounts"), {}, "The file has a header and no rows."),
    ("accounts_2026-11-22.csv.gz", gzip.compress(FULL.encode())[:-20], {}, "The gzip file ends too early: it was not sent whole."),
    ("accounts_2026-11-22.csv.gz", b"\x1f\x8b\x08\x00" + b"\x00" * 30, {}, "The gzip file is damaged."),
    ("accounts_2026-11-22.parquet", b"PAR1" + b"\x01" * 60, {}, "The Parquet file is damaged or was not sent whole."),
    ("accounts_2026-11-22.csv", b"\x00\x01\x02\x03" * 9, {}, "The file is neither text nor gzip nor Parquet."),
    ("accounts_2026-11-22.csv", FULL.encode() + b"\xff\xff\xff\n", {}, "The text cannot be read as utf-8, gb18030."),
    ("accounts_2026-11-21.csv", FULL, {}, "The name says 2026-11-21, but the business date is 2026-11-22."),
    ("statements_2026-11-22.csv", FULL, {"contract": "accounts"}, "The name says statements, but the file was handed in as accounts."),
    ("positions.csv", FULL, {}, "The name does not say what the file is. Call it KIND_DATE, KIND being one of: parties, accounts, cards, contact_points, statements, transactions, instruction_answers."),
    ("accounts_2026-11-22.csv", FULL.replace("currency,product", "product,product"), {}, "The header names the column product twice."),
    ("accounts_2026-11-22.csv", FULL.replace("currency,product", ",product", 1), {}, "Column 3 of the header has no name."),
    ("accounts_2026-11-22.csv", FULL.replace("currency", "curency", 1), {}, "The header lacks the required column currency. Is it the one called curency?"),
    ("cards_2026-11-22.csv", "a,b\n1,2\n", {}, "The header lacks the required column account_no. It has: a, b."),
    ("accounts_2026-11-22.csv", FULL + "#TOTAL,5\n", {}, "The control total says 5 rows, 4 were read."),
    ("accounts_2026-11-22.csv", FULL + "#TOTAL,4,balance=406.01\n", {}, "The control total of balance says 406.01, the rows sum to 406.00."),
    ("accounts_2026-11-22.csv", FULL + "#TOTAL,four\n", {}, 'The control totals cannot be read: "four".'),
    ("accounts_2026-11-22.csv", FULL, {"mapping": mapping_of("contract: accounts\ntotals: {required: true}")}, "The control totals are missing: there is neither a trailer row nor a .ctl file."),
    ("accounts_2026-11-22.csv", FULL + 'A9,"P9,CNY\n', {}, "Row 6 opens a quotation mark that nothing closes."),
    ("accounts_2026-11-22.csv", FULL, {"mapping": mapping_of("contract: cards")}, "The file is accounts, but the mapping is for cards."),
    ("accounts_2026-11-22.csv", FULL, {"mapping": mapping_of("contract: accounts\nencoding: klingon")}, "The mapping names the code page klingon, which does not exist."),
    ("accounts_2026-11-22.csv", FULL, {"mapping": mapping_of("contract: accounts\ncolumns: {branch: {derive: 'lenght(product)'}}")}, "The mapping bank.yaml is wrong: columns.branch.derive line 1, column 1: the function lenght is not part of the language; did you mean length?."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "how", "sentence"), REFUSED)
def test_a_file_that_cannot_be_believed_is_refused_whole(tmp_path, name, content, how, sentence) -> None:
    taken = deliver(tmp_path, name, content, **how)
    assert taken.refused
    assert sentence_of(taken.file) == f"{name}: {sentence} The whole file was refused."
    assert not IntakeFile.objects.filter(status="taken").exists()


def test_rows_of_a_wrong_length_are_named_and_the_rows_after_them_keep_their_numbers(tmp_path) -> None:
    lines = FULL.splitlines(keepends=True)
    content = "".join([*lines[:2], "A9,P9\n", *lines[2:-1], lines[-1].replace("101.50,", "1O1.50,", 1)])
    file = deliver(tmp_path, "accounts_2026-11-22.csv", content).file
    with translation.override("en"):
        said = [sentences.of_row(file, row) for row in file.quarantine.order_by("row_number")]
    assert said[0].startswith("accounts_2026-11-22.csv, row 3: the row has 2 columns, the header has 16.")
    assert said[1].startswith('accounts_2026-11-22.csv, row 6, column balance: "1O1.50" is not an amount (letter O?).')


def test_an_account_that_stands_there_twice_with_other_figures_is_not_taken_at_all(tmp_path) -> None:
    content = table("accounts", {}, {"account_no": "A2"}, {"minimum_payment": "11.00"})
    file = deliver(tmp_path, "accounts_2026-11-22.csv", content).file
    with translation.override("en"):
        said = [sentences.of_row(file, row) for row in file.quarantine.order_by("row_number")]
    assert said == [
        'accounts_2026-11-22.csv, row 2, column account_no: "A1" stands in the file twice, see row 4. '
        "The row is in quarantine; 1 others were taken.",
        'accounts_2026-11-22.csv, row 4, column account_no: "A1" stands in the file twice, see row 2. '
        "The row is in quarantine; 1 others were taken.",
    ]


def test_an_account_without_its_party_waits(tmp_path) -> None:
    deliver(tmp_path, "parties_2026-11-22.csv", table("parties", {}))
    file = deliver(
        tmp_path, "accounts_2026-11-22.csv", table("accounts", {}, {"account_no": "A2", "party_no": "P2"})
    ).file
    assert sentence_of(file) == (
        'accounts_2026-11-22.csv, row 3, column party_no: the party "P2" is in no parties file. '
        "The row is in quarantine; 1 others were taken."
    )


def test_a_mapping_key_that_does_not_exist_is_named() -> None:
    with pytest.raises(mappings.Refused) as caught:
        mapping_of("contract: accounts\ncolumns: {balanse: 余额}")
    assert caught.value.params["detail"] == "is not known here; did you mean balance?"


CHINESE = [
    ("accounts", {"minimum_payment": "12O.50"}, "accounts_2026-11-22.csv，第 3 行，列 minimum_payment：“12O.50”不是金额（字母 O？）。该行已隔离，其余 3 行已接收。"),  # noqa: RUF001
    ("accounts", {"balance": "101.49"}, "accounts_2026-11-22.csv，第 3 行，列 balance：余额为 101.49，各组成部分合计为 101.50。该行已隔离，其余 3 行已接收。"),  # noqa: RUF001
]  # fmt: skip


@pytest.mark.parametrize(("kind", "broken", "sentence"), CHINESE)
def test_the_sentence_is_chinese_for_a_chinese_reader(tmp_path, kind, broken, sentence) -> None:
    name = f"{kind}_2026-11-22.csv"
    taken = deliver(tmp_path, name, table(kind, GOOD[kind][0], broken, *GOOD[kind][1:]))
    assert sentence_of(taken.file, "zh-hans") == sentence
