"""The form of what came of a call: what may be chosen in it, and what was typed."""

from __future__ import annotations

from itertools import zip_longest

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dunwell.casework.pages.objections import choices
from dunwell.casework.rules import findings
from dunwell.casework.rules.codes import Action, Code, codes
from dunwell.casework.rules.objections import disputes

FINDINGS = {kind: f"finding_{kind}" for kind in findings.kinds()}
TYPED = (
    "code",
    "note",
    "call_back_date",
    "call_back_time",
    "key",
    "contact",
    "disputes",
    "complaints",
    *FINDINGS.values(),
)


def typed_of(data: QueryDict | dict) -> dict[str, object]:
    """What stands in the form of a call, from a request or from a draft."""
    many = data.getlist if isinstance(data, QueryDict) else lambda name: list(data.get(name, []))
    typed: dict[str, object] = {name: data.get(name, "") for name in TYPED}
    typed["disclosed"] = many("disclosed")
    typed["parts"] = list(zip_longest(many("part_date"), many("part_amount"), many("part_payer"), fillvalue=""))
    return typed


def _groups(typed: dict[str, object], action: Action) -> tuple[list[dict[str, object]], str]:
    language = get_language() or ""
    chosen = action.find(str(typed["code"]))
    shown = chosen.group if chosen else action.groups[0].code
    groups = [
        {
            "code": group.code,
            "name": group.name(language),
            "on": group.code == shown,
            "codes": [
                {
                    "code": code.code,
                    "digit": code.digit,
                    "name": code.name(language),
                    "identity": code.identity,
                    "asks": " ".join(_shown(code)),
                    "disclosures": code.disclosures,
                }
                for code in group.codes
            ],
        }
        for group in action.groups
    ]
    return groups, " ".join(_shown(chosen)) if chosen else ""


def _shown(code: Code) -> tuple[str, ...]:
    """The parts of the form that belong to an outcome: what it asks for, and the register that it opens."""
    return (*code.asks, code.opens[0]) if code.opens else code.asks


def form_of(page: object, typed: dict[str, object]) -> dict[str, object]:
    """The form of a call with what was typed in it."""
    call, language = getattr(page, "call", None), get_language() or ""
    action = codes().actions[call.action if call else "call"]
    groups, asked = _groups(typed, action)
    rows = list(typed["parts"])  # type: ignore[call-overload]
    terms = getattr(page, "terms", None)
    rows += [("", "", "")] * ((terms.parts if terms else 0) - len(rows))
    return {
        "typed": typed,
        "checks_identity": action.identity_check,
        "groups": groups,
        "asked": asked,
        "parts": [{"date": day, "amount": amount, "payer": payer} for day, amount, payer in rows],
        "findings": [
            (
                FINDINGS[kind.code],
                kind.name(language),
                typed[FINDINGS[kind.code]],
                [(code.code, code.name(language)) for code in kind.codes.values()],
            )
            for kind in findings.kinds().values()
        ],
        "entries": [
            (
                "disputes",
                _("What is disputed"),
                typed["disputes"],
                [(one.code, one.name(language)) for one in disputes().values()],
            ),
            ("complaints", _("What the complaint is about"), typed["complaints"], choices("categories", language)),
        ],
    }
