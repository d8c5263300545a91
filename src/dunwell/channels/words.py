"""Messages in words."""

from django.utils.translation import pgettext_lazy

STATES = {
    "planned": pgettext_lazy("message state", "waiting"),
    "not_connected": pgettext_lazy("message state", "not connected"),
    "sending": pgettext_lazy("message state", "being handed over"),
    "sent": pgettext_lazy("message state", "sent"),
    "delivered": pgettext_lazy("message state", "delivered"),
    "undelivered": pgettext_lazy("message state", "not delivered"),
    "refused": pgettext_lazy("message state", "refused by the gate"),
    "failed": pgettext_lazy("message state", "failed"),
    "in_doubt": pgettext_lazy("message state", "in doubt"),
    "cancelled": pgettext_lazy("message state", "cancelled"),
}
TONES = {
    "sent": "ok",
    "delivered": "ok",
    "undelivered": "danger",
    "not_connected": "warn",
    "refused": "warn",
    "failed": "danger",
    "in_doubt": "danger",
}
CHANNELS = {
    "sms": pgettext_lazy("message channel", "SMS"),
    "email": pgettext_lazy("message channel", "e-mail"),
    "im": pgettext_lazy("message channel", "app and WeChat"),
    "letter": pgettext_lazy("message channel", "letter"),
    "call": pgettext_lazy("message channel", "telephone"),
    "ai_call": pgettext_lazy("message channel", "robot calls"),
}
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
ADAPTERS = {
    "smpp": pgettext_lazy("adapter", "SMPP session"),
    "http_sms": pgettext_lazy("adapter", "HTTP gateway"),
    "http_push": pgettext_lazy("adapter", "message hub"),
    "smtp": pgettext_lazy("adapter", "e-mail server"),
    "print_shop": pgettext_lazy("adapter", "print shop"),
    "baresip": pgettext_lazy("adapter", "telephones of the seats"),
    "dialler": pgettext_lazy("adapter", "dialler"),
}
RECEIPTS = {
    "delivered": pgettext_lazy("receipt", "delivered"),
    "undelivered": pgettext_lazy("receipt", "not delivered"),
    "on_its_way": pgettext_lazy("receipt", "on its way"),
}
FOUND_BY = {
    "number": pgettext_lazy("receipt matched", "by the provider's number"),
    "business_id": pgettext_lazy("receipt matched", "by our number"),
    "reference": pgettext_lazy("receipt matched", "by our reference and the telephone number"),
    "sole_doubt": pgettext_lazy("receipt matched", "the only one in doubt to that number"),
}
MEANINGS = {"opt_out": pgettext_lazy("text received", "withdrawal"), "reply": pgettext_lazy("text received", "reply")}
