"""What an account's balance is made of, in words."""

from django.utils.translation import pgettext_lazy

COMPONENTS = {
    "principal_retail": pgettext_lazy("component", "Principal, purchases"),
    "principal_cash": pgettext_lazy("component", "Principal, cash"),
    "principal_instalment_billed": pgettext_lazy("component", "Principal, instalments billed"),
    "principal_instalment_unbilled": pgettext_lazy("component", "Principal, instalments not billed"),
    "interest_on_balance": pgettext_lazy("component", "Interest"),
    "interest_off_balance": pgettext_lazy("component", "Interest, off balance sheet"),
    "late_charge": pgettext_lazy("component", "Late charge"),
    "other_fees": pgettext_lazy("component", "Other fees"),
}
