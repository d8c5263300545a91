"""Payments and promises, each entry as words."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from dunwell.desk import words
from dunwell.desk.timeline import arrangements
from dunwell.desk.timeline.contacts import Said
from dunwell.frame.templatetags.frame import joined, money, sentence


def payment(data: Said, kind: str) -> Said:
    amount = Decimal(str(data.get("amount", "0")))
    source = str(words.PAYMENT_SOURCES.get(str(data.get("source")), ""))
    where = _("posted %(on)s, reference %(ref)s") % {
        "on": data.get("posting_date", ""),
        "ref": data.get("host_ref", ""),
    }
    kinds = {
        "repayment": _("Repayment"),
        "merchant_refund": _("Merchant refund, not a repayment"),
        "chargeback": _("Chargeback"),
    }
    name = kinds.get(str(data.get("payment_kind")), str(data.get("payment_kind", "")))
    main = joined([name, source])
    if kind == "payment.provisional":
        return {"lead": _("Paid, not yet posted"), "tone": "warn", "main": main, "second": where, "amount": amount}
    if kind == "payment.reversed":
        lead = {"withdrawn": _("Withdrawn by the host"), "corrected": _("Corrected by the host")}
        return {
            "lead": lead.get(str(data.get("reason")), _("Reversed")),
            "tone": "danger",
            "main": name,
            "second": where,
            "amount": -Decimal(str(data.get("reversed", amount))),
        }
    if kind == "payment.answered":
        lead, tone = {
            "dropped": (_("Dropped by the host"), "danger"),
            "expired": (_("Expired: the host has not posted it"), "danger"),
        }.get(str(data.get("answer")), (_("Posted by the host"), "ok"))
        return {"lead": lead, "tone": tone, "main": name, "second": where, "amount": amount}
    was = _("instead of %(amount)s") % {"amount": money(data["corrects"])} if data.get("corrects") else ""
    return {"main": joined([main, was]), "second": where, "amount": amount}


def promise(data: Said, kind: str) -> Said:
    parts = data.get("parts") or []
    listed = sentence(
        [
            _("%(amount)s by %(day)s") % {"amount": money(part["amount"]), "day": part["due_date"]}
            + arrangements.beside(part)
            for part in parts  # type: ignore[union-attr]
        ]
    )
    if kind == "promise.made":
        return {"main": listed, "amount": sum((Decimal(str(part["amount"])) for part in parts), Decimal(0))}  # type: ignore[union-attr]
    if kind == "promise.reminded":
        return arrangements.reminded(data)
    if kind == "promise.withdrawn":
        return {"lead": _("Withdrawn"), "main": str(data.get("reason", ""))}
    state = str(data.get("state") or data.get("to") or "")
    tone = {"kept": "ok", "partly_kept": "warn", "broken": "danger"}.get(state, "")
    received, amount = data.get("received"), data.get("amount")
    main = (
        _("received %(received)s of %(amount)s") % {"received": money(received), "amount": money(amount)}
        if amount
        else ""
    )
    return {
        "lead": str(words.PROMISE_STATES.get(state, state)),
        "tone": tone,
        "main": main,
        "second": str(data.get("due_date", "") or ""),
    }
