"""Delivery receipts as text (SMPP 3.4, appendix B), and what their states mean. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

DELIVERED, UNDELIVERED, ON_ITS_WAY = "delivered", "undelivered", "on_its_way"
STATES = {
    "DELIVRD": DELIVERED,
    "EXPIRED": UNDELIVERED,
    "DELETED": UNDELIVERED,
    "UNDELIV": UNDELIVERED,
    "REJECTD": UNDELIVERED,
    "ACCEPTD": ON_ITS_WAY,
    "ENROUTE": ON_ITS_WAY,
    "UNKNOWN": ON_ITS_WAY,
}
NUMBERED = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_FIELD = re.compile(r"\b(id|sub|dlvrd|submit date|done date|stat|err|text):(\S*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """What a receipt says. `code` is the carrier's own: state and error."""

    provider_id: str
    state: str
    code: str
    at: datetime | None = None


def read(text: str, *, message_id: str = "", message_state: int | None = None) -> Told | None:
    """A receipt from its text, or from the optional fields where the text has none. None when it is no receipt."""
    fields = {name.lower(): value for name, value in _FIELD.findall(text)}
    provider_id = message_id or fields.get("id", "")
    stat = NUMBERED.get(message_state or 0, "") or fields.get("stat", "").upper()
    if not provider_id or stat not in STATES:
        return None
    error = fields.get("err", "")
    return Told(provider_id, STATES[stat], f"{stat}:{error}" if error else stat, _moment(fields.get("done date", "")))


def _moment(text: str) -> datetime | None:
    """YYMMDDhhmm[ss], by a clock whose zone the carrier does not name: taken as UTC, for the record only."""
    for form in ("%y%m%d%H%M%S", "%y%m%d%H%M"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
