"""Errors as sentences, made when they are shown: of a code and its values, in the reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_noop, pgettext
from django.utils.translation import gettext as _

from dunwell.intake.models import IntakeFile, QuarantinedRow

REFUSALS = {
    "empty_file": gettext_noop("The file is empty."),
    "no_rows": gettext_noop("The file has a header and no rows."),
    "truncated_gzip": gettext_noop("The gzip file ends too early: it was not sent whole."),
    "broken_gzip": gettext_noop("The gzip file is damaged."),
    "broken_parquet": gettext_noop("The Parquet file is damaged or was not sent whole."),
    "not_text": gettext_noop("The file is neither text nor gzip nor Parquet."),
    "unreadable": gettext_noop("The text cannot be read as %(tried)s."),
    "unknown_encoding": gettext_noop("The mapping names the code page %(encoding)s, which does not exist."),
    "open_quote": gettext_noop("Row %(row)s opens a quotation mark that nothing closes."),
    "unnamed_column": gettext_noop("Column %(position)s of the header has no name."),
    "duplicate_header": gettext_noop("The header names the column %(column)s twice."),
    "missing_column": gettext_noop("The header lacks the required column %(column)s. It has: %(present)s."),
    "missing_column_near": gettext_noop(
        "The header lacks the required column %(column)s. Is it the one called %(nearest)s?"
    ),
    "unknown_kind": gettext_noop(
        "The name does not say what the file is. Call it KIND_DATE, KIND being one of: %(kinds)s."
    ),
    "other_kind": gettext_noop("The name says %(named)s, but the file was handed in as %(kind)s."),
    "other_mapping": gettext_noop("The file is %(kind)s, but the mapping is for %(mapping)s."),
    "other_date": gettext_noop("The name says %(named)s, but the business date is %(business_date)s."),
    "mapping": gettext_noop("The mapping %(mapping)s is wrong: %(key)s %(detail)s."),
    "rows_disagree": gettext_noop("The control total says %(said)s rows, %(found)s were read."),
    "sum_disagrees": gettext_noop("The control total of %(column)s says %(said)s, the rows sum to %(found)s."),
    "totals_missing": gettext_noop("The control totals are missing: there is neither a trailer row nor a .ctl file."),
    "totals_unreadable": gettext_noop('The control totals cannot be read: "%(found)s".'),
    "too_many_wrong": gettext_noop(
        "%(wrong)s of %(rows)s rows are wrong, most of them in %(column)s: the mapping does not fit this file."
    ),
    "nothing_to_mend": gettext_noop("No %(kind)s file of %(business_date)s is in force whose rows could be mended."),
}
FAULTS = {
    "missing": gettext_noop("there is nothing, and a value is required"),
    "not_an_amount": gettext_noop('"%(found)s" is not an amount'),
    "letter": gettext_noop('"%(found)s" is not an amount (letter %(letter)s?)'),
    "full_width": gettext_noop('"%(found)s" is not an amount (full-width digits?)'),
    "separators": gettext_noop('"%(found)s" is not an amount (separators? a mapping says how amounts are written)'),
    "decimals": gettext_noop('"%(found)s" has more than two decimals'),
    "not_a_number": gettext_noop('"%(found)s" is not a whole number'),
    "not_a_date": gettext_noop('"%(found)s" is not a date like 2026-11-23'),
    "impossible_date": gettext_noop('"%(found)s" is a date that does not exist'),
    "not_yes_no": gettext_noop('"%(found)s" is neither yes nor no'),
    "currency": gettext_noop('"%(found)s" is not a currency of ISO 4217'),
    "unknown_value": gettext_noop('"%(found)s" is not known; known are: %(expected)s'),
    "unknown_code": gettext_noop('the mapping does not know the code "%(found)s"'),
    "too_long": gettext_noop("longer than %(expected)s characters"),
    "negative": gettext_noop("%(found)s is negative"),
    "too_small": gettext_noop("%(found)s is less than %(expected)s"),
    "out_of_range": gettext_noop("%(found)s is more than %(expected)s"),
    "components_do_not_sum": gettext_noop("the balance is %(found)s, its components sum to %(expected)s"),
    "minimum_above_balance": gettext_noop("the minimum payment %(found)s is above the statement balance %(expected)s"),
    "due_before_statement": gettext_noop("the due date %(found)s is before the statement date %(expected)s"),
    "after_business_date": gettext_noop("%(found)s is after the business date %(expected)s"),
    "periods_without_past_due": gettext_noop("%(found)s periods past due, and nothing is past due"),
    "posted_before_transaction": gettext_noop("posted on %(found)s, before the transaction of %(expected)s"),
    "reversal_without_reference": gettext_noop("a reversal must name the posting that it reverses"),
    "reverses_itself": gettext_noop("the posting reverses itself"),
    "replaces_itself": gettext_noop("the card replaces itself"),
    "id_without_kind": gettext_noop("an identity number stands there without its kind"),
    "reversal_too_large": gettext_noop("%(found)s is taken back, only %(expected)s is left of the payment"),
    "reference_used": gettext_noop('the reference "%(found)s" was booked on another day with %(expected)s'),
    "other_currency": gettext_noop("the booking is in %(found)s, the account in %(expected)s"),
    "unknown_instruction": gettext_noop('the host answers instruction "%(found)s", which was never given'),
    "answered_otherwise": gettext_noop("the answer is %(found)s, it was %(expected)s before"),
    "rejected_without_reason": gettext_noop("a rejection must name its reason"),
    "twice": gettext_noop('"%(found)s" stands in the file twice, see row %(expected)s'),
    "there_already": gettext_noop('"%(found)s" is in the file already'),
    "unknown_parties": gettext_noop('the party "%(found)s" is in no parties file'),
    "unknown_accounts": gettext_noop('the account "%(found)s" is in no accounts file'),
    "cells": gettext_noop("the row has %(found)s columns, the header has %(expected)s"),
    "id_length": gettext_noop('the identity number "%(found)s" does not have 18 characters'),
    "id_fifteen_digits": gettext_noop('the identity number "%(found)s" has 15 digits, out of force since 2013'),
    "id_characters": gettext_noop('the identity number "%(found)s" has characters that do not belong there'),
    "id_birth_date": gettext_noop('the identity number "%(found)s" has a birth date that cannot be'),
    "id_check_digit": gettext_noop('the check digit of the identity number "%(found)s" is wrong (GB 11643)'),
    "uscc_length": gettext_noop('the credit code "%(found)s" does not have 18 characters'),
    "uscc_characters": gettext_noop('the credit code "%(found)s" has characters that do not belong there'),
    "uscc_check_character": gettext_noop('the check character of the credit code "%(found)s" is wrong (GB 32100)'),
    "mobile_length": gettext_noop('the mobile number "%(found)s" does not have 11 digits'),
    "mobile_characters": gettext_noop('the mobile number "%(found)s" has characters that do not belong there'),
    "mobile_prefix": gettext_noop('the mobile number "%(found)s" does not begin with 13 to 19'),
    "landline_area_missing": gettext_noop('the telephone number "%(found)s" lacks its area code'),
    "landline_shape": gettext_noop('"%(found)s" is not a telephone number'),
    "landline_characters": gettext_noop('the telephone number "%(found)s" has characters that do not belong there'),
    "email_shape": gettext_noop('"%(found)s" is not an e-mail address'),
    "im_shape": gettext_noop('"%(found)s" is not a number of the message hub: 4 to 64 letters, digits and . _ : @ -'),
    "card_length": gettext_noop('the card number "%(found)s" does not have 13 to 19 digits'),
    "card_characters": gettext_noop('the card number "%(found)s" has characters that are not digits'),
    "card_check_digit": gettext_noop('the check digit of the card number "%(found)s" is wrong (Luhn)'),
}
WARNINGS = {
    "region_unknown": gettext_noop("region of an identity number not known"),
    "prefix_unknown": gettext_noop("prefix of a mobile number not known"),
    "area_unknown": gettext_noop("area code not known"),
    "past_due_without_since": gettext_noop("past due without the date since when"),
    "disputed_above_components": gettext_noop("disputed amount above what is owed"),
    "supplementary_without_holder": gettext_noop("supplementary card without its holder"),
    "primary_without_id": gettext_noop("primary cardholder without an identity number"),
    "contact_without_relation": gettext_noop("declared contact without the relation"),
    "unknown_accounts": gettext_noop("account in no accounts file"),
    "unknown_parties": gettext_noop("party in no parties file"),
    "erased_person": gettext_noop("person erased here; left out"),
}
KINDS = {
    "parties": gettext_noop("Parties"),
    "accounts": gettext_noop("Accounts"),
    "cards": gettext_noop("Cards"),
    "contact_points": gettext_noop("Contact points"),
    "statements": gettext_noop("Statements"),
    "transactions": gettext_noop("Transactions"),
    "instruction_answers": gettext_noop("Answers to instructions"),
    "unknown": gettext_noop("Unknown kind"),
}
_LETTERS = ("O", "o", "l", "I", "S", "B")


def kind(name: str) -> str:
    """What a kind of file is called."""
    return _(KINDS.get(name, KINDS["unknown"]))


def warning(code: str) -> str:
    """What is odd about a row that was taken."""
    return _(WARNINGS[code]) if code in WARNINGS else code


def refusal(said: dict[str, Any]) -> str:
    """Why a file was refused, from {"code": ..., params}."""
    params = {
        name: _grouped(value) if name in ("said", "found", "wrong", "rows") else value for name, value in said.items()
    }
    return _(REFUSALS[said["code"]]) % params


def fault(code: str, found: str, expected: str) -> str:
    """What is wrong with one value, without its place."""
    if code == "not_an_amount":
        code = _kind_of_amount(found)
    if code == "unknown_value" and not expected:
        code = "unknown_code"
    letter = next((mark for mark in _LETTERS if mark in found), "")
    return _(FAULTS[code]) % {"found": found, "expected": expected, "letter": letter}


def _kind_of_amount(found: str) -> str:
    digits = sum(letter.isdigit() and letter.isascii() for letter in found)
    letters = [letter for letter in found if letter.isalpha() and letter.isascii()]
    if digits and len(letters) == 1 and letters[0] in _LETTERS:
        return "letter"
    if any(letter.isdigit() and not letter.isascii() for letter in found):
        return "full_width"
    return "separators" if "," in found or "，" in found else "not_an_amount"  # noqa: RUF001


def place(name: str, row: int, column: str) -> str:
    """file, row 1,204, column x."""
    if not column:
        return _("%(file)s, row %(row)s") % {"file": name, "row": _grouped(row)}
    return _("%(file)s, row %(row)s, column %(column)s") % {"file": name, "row": _grouped(row), "column": column}


def of_row(file: IntakeFile, row: QuarantinedRow) -> str:
    """The whole sentence about a row in quarantine: where, what, and what became of the others."""
    said = fault(row.code, row.found, row.expected)
    where = place(file.name, row.row_number, row.column)
    fate = _("The row is in quarantine; %(taken)s others were taken.") % {"taken": _grouped(file.rows_taken)}
    return f"{where}{pgettext('after a place', ': ')}{said}{pgettext('end of a sentence', '. ')}{fate}"


def of_file(file: IntakeFile) -> str:
    """What became of a file, in one sentence or two."""
    if file.status == IntakeFile.Status.REFUSED:
        why = refusal(file.refusal)
        return f"{file.name}{pgettext('after a place', ': ')}{why}{_between()}" + _("The whole file was refused.")
    parts = [
        _(
            "%(file)s: %(read)s rows read, %(taken)s taken, %(warned)s warned, "
            "%(quarantined)s in quarantine, %(totals)s."
        )
        % {
            "file": file.name,
            "read": _grouped(file.rows_read),
            "taken": _grouped(file.rows_taken),
            "warned": _grouped(file.rows_warned),
            "quarantined": _grouped(file.rows_quarantined),
            "totals": totals(file),
        }
    ]
    if file.supersedes_id and file.changes:
        parts.append(changed(file.changes))
    return _between().join(parts)


def totals(file: IntakeFile) -> str:
    """Whether the control totals agreed."""
    if not file.control:
        return _("no control totals")
    if file.control.get("unproved"):
        return _("the total of %(columns)s cannot be proved while a value is unreadable") % {
            "columns": ", ".join(file.control["unproved"])
        }
    return _("control totals agreed")


def changed(changes: dict[str, Any]) -> str:
    """What a corrected file changed."""
    receipts = changes.get("receipts")
    told = _between() + _receipts(receipts) if receipts else ""
    if "mended" in changes:
        return _("%(added)s mended rows joined it.") % {"added": _grouped(changes["added"])} + told
    said = _("It supersedes the file before it: %(added)s rows added, %(removed)s removed, %(changed)s changed") % {
        name: _grouped(changes.get(name, 0)) for name in ("added", "removed", "changed")
    }
    columns = ", ".join(f"{name} {_grouped(rows)}" for name, rows in (changes.get("columns") or {}).items())
    return said + (f" ({columns})" if columns else "") + pgettext("end of a sentence", ". ").strip() + told


def _receipts(changes: dict[str, int]) -> str:
    """What became of receipts that were booked already."""
    return _("Receipts: %(withdrawn)s withdrawn, %(corrected)s corrected, %(again)s count again.") % {
        name: _grouped(changes.get(name, 0)) for name in ("withdrawn", "corrected", "again")
    }


def missing(kind_name: str, due: datetime, late: bool, *, daily: bool = True, refused: bool = False) -> str:
    """A file that is expected and not there; one that not every day has is only said not to have come."""
    when = due.strftime("%Y-%m-%d %H:%M")
    if refused:
        return _("%(kind)s: refused, and no other has come.") % {"kind": kind(kind_name)}
    if not daily:
        return _("%(kind)s: none has come; not every day has one.") % {"kind": kind(kind_name)}
    if late:
        return _("%(kind)s: missing since %(due)s.") % {"kind": kind(kind_name), "due": when}
    return _("%(kind)s: expected by %(due)s.") % {"kind": kind(kind_name), "due": when}


def _between() -> str:
    """What stands between two sentences: nothing after a Chinese full stop."""
    return "" if (get_language() or "").startswith("zh") else " "


def _grouped(value: object) -> str:
    text = str(value)
    whole, dot, rest = text.partition(".")
    try:
        return f"{int(whole):,}{dot}{rest}"
    except ValueError:
        return text
