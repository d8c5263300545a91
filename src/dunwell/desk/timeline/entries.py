"""One entry of the log as one line: which words tell it, and who wrote it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dunwell.casework import told
from dunwell.casework.queries import Entry as Logged
from dunwell.compliance.words import CIRCUMSTANCES, CONSENTS
from dunwell.desk import words
from dunwell.desk.timeline import arrangements
from dunwell.desk.timeline.cases import action, case, floor, gate, hold, person, reminder
from dunwell.desk.timeline.contacts import PAGE, Said, call, message, own_page, received, recording, result, robot
from dunwell.desk.timeline.kinds import KINDS
from dunwell.desk.timeline.money import payment, promise
from dunwell.desk.view import Entry


def _words(entry: Logged, points: Mapping[int, str]) -> Said:
    kind, data = entry.kind, entry.data
    room = kind.split(".")[0]
    if entry.sort == "note":
        return {"main": entry.text or _("The text cannot be opened any more.")}
    if kind == "contact.recorded":
        if data.get("channel") == PAGE:
            said = result(data) if data.get("result") else ""
            return {"lead": pgettext("timeline", "Own page"), "main": _("was there, known"), "result": said}
        if data.get("channel") in ("call", "ai_call", "visit"):
            return call(data, points)
        return message(data, points, str(data.get("outcome", "")))
    if kind == "message.received":
        return received(entry.text, data, points)
    if kind == "robot.told":
        return robot(entry.text, data)
    if kind == "robot.identified":
        return {"lead": _("Robot"), "main": _("was told the amounts, the person having shown who he is")}
    if kind == "campaign.pulled":
        return {"lead": _("Taken back from the dialler"), "rules": [data.get("rule", "")], "main": ""}
    if kind == "notice.given":
        return {
            "lead": str(words.NOTICES.get(str(data.get("kind")), data.get("kind"))),
            "main": str(data.get("source", "")),
        }
    if room in ("help", "abuse", "trace", "asset"):
        return floor(data, kind)
    if kind == "gate.breached":
        return {"lead": _("Called without leave"), "tone": "danger", "main": str(data.get("began", ""))}
    if kind == "gate.decided":
        return gate(data)
    if kind == "reminder.set":
        return reminder(data)
    if room == "list":
        return {
            "main": {
                "staff": _("Staff of the bank"),
                "sensitive": _("Sensitive persons"),
                "wrong_number": _("Wrong numbers"),
            }.get(str(data.get("list")), "")
        }
    if kind in words.CONSENTS:
        name = CONSENTS.get(str(data.get("kind"))) or CIRCUMSTANCES.get(str(data.get("kind")), "")
        return {"lead": str(words.CONSENTS[kind]), "main": str(name)}
    if (of_casework := told.said(kind, data)) is not None:
        return of_casework
    by_room: dict[str, Callable[[], Said]] = {
        "message": lambda: message(data, points, kind.split(".")[1]),
        "payment": lambda: payment(data, kind),
        "promise": lambda: promise(data, kind),
        "hold": lambda: hold(data, kind),
        "case": lambda: case(data, kind),
        "action": lambda: action(data, kind),
        "party": lambda: person(data, kind),
        "recording": lambda: recording(data, kind),
        "arrangement": lambda: arrangements.arrangement(data, kind),
        "debit": lambda: arrangements.debit(data),
        "deduction": lambda: arrangements.deduction(data, kind),
        "certificate": lambda: arrangements.certificate(data, kind),
        "instruction": lambda: arrangements.instruction(data, kind),
        "selfservice": lambda: own_page(data, kind),
    }
    return by_room.get(room, lambda: {"main": kind})()


def line(entry: Logged, points: Mapping[int, str]) -> Entry:
    """One entry as it stands on the page."""
    said = dict(_words(entry, points))
    name = (
        KINDS.get(entry.kind) or KINDS.get(entry.kind.split(".")[0])
        if entry.sort == "system"
        else KINDS.get(entry.sort)
    )
    return Entry(
        id=entry.id,
        at=entry.at,
        kind=(name or KINDS["system"])(),
        tone=str(said.get("tone", "")),
        lead=str(said.get("lead", "")),
        main=str(said.get("main", "")),
        second=str(said.get("second", "")),
        rules=tuple(str(rule) for rule in said.get("rules", ())),  # type: ignore[union-attr]
        result=str(said.get("result", "")),
        result_tone=str(said.get("result_tone", "")),
        amount=said.get("amount"),  # type: ignore[arg-type]
        who=_who(entry),
        recording=entry.recording,
    )


def _who(entry: Logged) -> str:
    name = entry.who(get_language() or "")
    return str(words.PROGRAMS.get(name, name))
