"""The log's entries of arrangements and instructions to the host, in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dunwell.arrangements import words
from dunwell.desk.words import PARTY_ROLES
from dunwell.frame.templatetags.frame import money

Said = Mapping[str, object]


def arrangement(data: Said, kind: str) -> Said:
    """One step of an arrangement: what it is, what happened, and the figures that matter then."""
    name = str(words.PRODUCTS.get(str(data.get("product")), data.get("product", "")))
    what = kind.split(".")[1]
    if what == "proposed":
        figures = {"amount": money(data["amount"]), "n": data["instalments"], "monthly": money(data["monthly"])}
        return {"lead": _("Proposed"), "main": name, "second": _("%(amount)s, %(n)s × %(monthly)s") % figures}
    if what == "reminded":
        return reminded(data)
    if what == "change_asked":
        monthly = data.get("monthly")
        said = words.wanted(
            monthly=Decimal(str(monthly)) if monthly else None, due_day=data.get("due_day"), months=data.get("months"),
            currency=str(data.get("currency", "")),
        )  # fmt: skip
        return {"lead": _("Asks for another plan"), "main": name, "second": said, "rules": data.get("refused") or []}
    if what == "judged":
        standing = str(data.get("standing"))
        said = {
            "lead": str(words.STANDINGS.get(standing, standing)),
            "tone": words.TONES.get(standing, ""),
            "main": name,
        }
        overdue = str(data.get("overdue") or "0.00")
        return said | ({"second": _("overdue %(amount)s") % {"amount": money(overdue)}} if overdue != "0.00" else {})
    leads = {
        "approved": _("Approved"),
        "refused": _("Refused"),
        "agreed": pgettext("by the cardholder", "Agreed"),
        "in_force": _("In force: demands stop"),
        "cancelled": _("Ended"),
        "replaced": _("Changed: another plan took its place"),
        "change_declined": _("Not changed"),
        "repaid": _("Repaid early: nothing is owed any more"),
        "not_repaid": _("Not repaid, after all: a payment was taken back"),
        "followed": _("Followed up"),
        "printed": _("Agreement printed"),
    }
    second = str(data.get("reason") or "")
    if what == "followed":
        standing = str(data.get("standing"))
        second = str(words.STANDINGS.get(standing, standing))
    return {
        "lead": leads.get(what, what),
        "main": name,
        "second": second,
        "tone": "warn" if what == "not_repaid" else "",
    }


def reminded(data: Said) -> Said:
    """A reminder before a due date, of a promise or an instalment; of a joint payer's part to him."""
    amounts = [f"{currency} {money(amount)}" for currency, amount in data["amounts"].items()]  # type: ignore[attr-defined]
    due = _("%(amount)s by %(day)s") % {"amount": ", ".join(amounts), "day": data["due_date"]}
    due += beside(data)
    if data.get("message"):
        return {"lead": _("Reminded"), "main": due}
    return {"lead": _("Not reminded"), "tone": "warn", "main": due, "second": _("no text, line or contact point")}


def beside(part: Said) -> str:
    """Who promised a part beside the person, in brackets; empty where he himself did."""
    if not part.get("payer_name"):
        return ""
    role = PARTY_ROLES.get(str(part.get("payer_role")), "")
    return _(" (%(name)s, %(role)s)") % {"name": part["payer_name"], "role": role}


def instruction(data: Said, kind: str) -> Said:
    """What the host was asked, or what it answered."""
    name = str(words.INSTRUCTIONS.get(str(data.get("kind")), data.get("kind", "")))
    leads = {
        "asked": (_("Asked of the host"), ""),
        "confirmed": (_("Confirmed by the host"), "ok"),
        "rejected": (_("Rejected by the host"), "danger"),
    }
    lead, tone = leads.get(kind.split(".")[1], (kind, ""))
    return {"lead": lead, "tone": tone, "main": name, "second": str(data.get("reason") or "")}


def certificate(data: Said, kind: str) -> Said:
    """A certificate asked for, decided, issued, fetched or revoked."""
    leads = {
        "asked": _("Asked for"),
        "approved": _("Approved"),
        "refused": _("Refused"),
        "issued": _("Issued"),
        "fetched": _("Fetched"),
        "revoked": _("Revoked: a payment was taken back"),
    }
    what = kind.split(".")[1]
    name = str(words.CERTIFICATES.get(str(data.get("kind")), ""))
    return {
        "lead": leads.get(what, what), "main": name, "second": str(data.get("number") or data.get("reason") or ""),
        "tone": "danger" if what == "revoked" else "",
    }  # fmt: skip


def debit(data: Said) -> Said:
    """An agreed auto-debit that the host could not take."""
    reason = str(data.get("reason", ""))
    return {
        "lead": _("Auto-debit failed"), "tone": "warn", "main": str(words.DEBIT_REASONS.get(reason, reason)),
        "second": _("due %(due)s, next try %(day)s") % {"due": data["due_date"], "day": data["retry_on"]},
    }  # fmt: skip


def deduction(data: Said, kind: str) -> Said:
    """An authorisation to deduct, given or taken back."""
    if kind == "deduction.authorised":
        leaves = _("leaving %(amount)s") % {"amount": money(data["leaves"])}
        return {"lead": _("Deductions authorised"), "main": money(data["most"]), "second": leaves}
    return {"lead": _("Deductions no longer authorised"), "main": str(data.get("reason") or "")}
