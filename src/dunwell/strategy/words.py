"""Conditions in words: what they read, what its values are called, and what stands between them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import pgettext_lazy

from dunwell.engine.wording import Lexicon, worded

#: The columns of a party's state (rules.reading.COLUMNS).
COLUMNS = {
    "currency": pgettext_lazy("condition", "currency"),
    "product": pgettext_lazy("condition", "product"),
    "branch": pgettext_lazy("condition", "branch"),
    "balance": pgettext_lazy("condition", "balance"),
    "past_due": pgettext_lazy("condition", "past due"),
    "days_past_due": pgettext_lazy("condition", "days past due"),
    "days_delinquent": pgettext_lazy("condition", "days delinquent"),
    "bucket": pgettext_lazy("condition", "bucket"),
    "stage": pgettext_lazy("condition", "stage"),
    "first_payment_default": pgettext_lazy("condition", "first-payment default"),
    "accounts": pgettext_lazy("condition", "accounts"),
    "accounts_past_due": pgettext_lazy("condition", "accounts past due"),
    "credit_limit": pgettext_lazy("condition", "credit limit"),
    "disputed_amount": pgettext_lazy("condition", "disputed amount"),
    "paid_since": pgettext_lazy("condition", "paid since the last file"),
    "periods_past_due": pgettext_lazy("condition", "periods past due"),
    "auto_debit": pgettext_lazy("condition", "auto debit agreed"),
    "auto_debit_failed": pgettext_lazy("condition", "auto debit failed"),
    "promise_state": pgettext_lazy("condition", "promise"),
    "promise_due": pgettext_lazy("condition", "day of the promise"),
    "last_contact": pgettext_lazy("condition", "last contact"),
    "last_reached": pgettext_lazy("condition", "last reached"),
    "contacts_30_days": pgettext_lazy("condition", "contacts of 30 days"),
    "oldest_due_date": pgettext_lazy("condition", "oldest unpaid due date"),
}
VALUES = {
    "stage": {
        "reminder": pgettext_lazy("stage", "Reminder"),
        "early": pgettext_lazy("stage", "Early"),
        "mid": pgettext_lazy("stage", "Mid"),
        "late": pgettext_lazy("stage", "Late"),
        "": pgettext_lazy("condition", "none"),
    },
    "promise_state": {
        "open": pgettext_lazy("condition", "open"),
        "kept": pgettext_lazy("condition", "kept"),
        "partly_kept": pgettext_lazy("condition", "partly kept"),
        "broken": pgettext_lazy("condition", "broken"),
        "": pgettext_lazy("condition", "none"),
    },
}
MISSING = {
    "last_contact": pgettext_lazy("condition", "never contacted"),
    "last_reached": pgettext_lazy("condition", "never reached"),
    "promise_due": pgettext_lazy("condition", "no promise"),
}
GIVEN = {
    "last_contact": pgettext_lazy("condition", "contacted before"),
    "last_reached": pgettext_lazy("condition", "reached before"),
    "promise_due": pgettext_lazy("condition", "promised a day"),
}
PHRASES = {
    "and": pgettext_lazy("condition", "{left} and {right}"),
    "or": pgettext_lazy("condition", "{left}, or {right}"),
    "group": pgettext_lazy("condition", "({one})"),
    "not": pgettext_lazy("condition", "not {one}"),
    "is": pgettext_lazy("condition", "{left} is {right}"),
    "is_not": pgettext_lazy("condition", "{left} is not {right}"),
    "between": pgettext_lazy("condition", "{one} from {low} to {high}"),
    "not_between": pgettext_lazy("condition", "{one} not from {low} to {high}"),
    "in": pgettext_lazy("condition", "{one} is one of: {values}"),
    "not_in": pgettext_lazy("condition", "{one} is none of: {values}"),
    "like": pgettext_lazy("condition", "{one} has the form {pattern}"),
    "not_like": pgettext_lazy("condition", "{one} has not the form {pattern}"),
    "missing": pgettext_lazy("condition", "{one} is not known"),
    "given": pgettext_lazy("condition", "{one} is known"),
    "nothing": pgettext_lazy("condition", "nothing"),
    "yes": pgettext_lazy("condition", "always"),
    "no": pgettext_lazy("condition", "never"),
    "comma": pgettext_lazy("condition", "{left}, {right}"),
    "case": pgettext_lazy("condition", "where {condition}: {then}"),
    "otherwise": pgettext_lazy("condition", "otherwise {then}"),
    "coalesce": pgettext_lazy("condition", "{one} (where not known: {otherwise})"),
    "least": pgettext_lazy("condition", "the least of ({values})"),
    "greatest": pgettext_lazy("condition", "the greatest of ({values})"),
    "days": pgettext_lazy("condition", "days from {first} to {last}"),
    "months": pgettext_lazy("condition", "months from {first} to {last}"),
    "years": pgettext_lazy("condition", "years from {first} to {last}"),
}


def condition(said: str) -> str:
    """A condition as a version has it, in words of the page's language."""

    def words(of: Mapping[str, object]) -> dict[str, str]:
        return {code: str(word) for code, word in of.items()}

    values = {column: words(known) for column, known in VALUES.items()}
    return worded(said, Lexicon(words(PHRASES), words(COLUMNS), values, words(MISSING), words(GIVEN)))
