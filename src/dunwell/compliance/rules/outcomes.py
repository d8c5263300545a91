"""What can come of a contact, by channel (contact-rules, 2.1)."""

from __future__ import annotations

from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.values import NOTHING_LEFT

_CALL = (
    "connected_rpc",
    "connected_wpc",
    "hung_up",
    "refused_to_identify",
    "no_answer",
    "busy",
    "rejected",
    "powered_off",
    "phone_assistant",
    "voicemail",
    "not_connected_to_number",
    "out_of_service",
    "empty_number",
)
_MESSAGE = ("sent", "delivered", "bounced", "in_doubt")
_VISIT = ("connected_rpc", "connected_wpc", "refused_to_identify", "no_answer")

OUTCOMES: dict[str, tuple[str, ...]] = {
    "call": _CALL,
    "ai_call": _CALL,
    "sms": _MESSAGE,
    "email": _MESSAGE,
    "im": _MESSAGE,
    "social": _MESSAGE,
    "letter": _MESSAGE,
    "visit": _VISIT,
}
DEAD_NUMBER = frozenset({"out_of_service", "empty_number"})
WRONG_PERSON = "connected_wpc"
TALK = frozenset({"connected_rpc"})

OWN_PROOFS = frozenset({"line_not_connected", "not_handed_over", "server_refused"})
"""What our own records prove: the bank has no such line, the hand-over never began, or the receiving server refused
before the text was given."""

SHOWN_PROOFS = frozenset({"switch_record", "carrier_record"})
"""What somebody else's records prove: the telephone system's record of the call, the carrier's of the message. The
record's id is kept with it, and the file in which it stands where an agency reports."""


def lowers(before: str, after: str, pack: Pack) -> tuple[str, ...]:
    """The bases (contact-rules, 2) by which the pack counts, in which a first outcome stood and a later one would not."""
    used = {row.basis for row in (*pack.caps, *pack.cooloffs)}
    return tuple(
        sorted(basis for basis in used if before in pack.counting[basis] and after not in pack.counting[basis])
    )


def fits(channel: str, outcome: str, identified: bool) -> str:
    """Why an outcome cannot be recorded for a channel, as a sentence; empty when it can."""
    if outcome == NOTHING_LEFT:
        return "that nothing left is recorded by give_back, on proof"
    if outcome not in OUTCOMES.get(channel, ()):
        return f"{outcome} is not an outcome of the channel {channel}"
    if identified and outcome not in TALK:
        return f"nobody can have been identified when the outcome is {outcome}"
    return ""
