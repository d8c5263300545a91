"""What can come of a contact, by channel (contact-rules, 2.1)."""

from __future__ import annotations

from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.purposes import OUTSIDE
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
    "page": ("connected_rpc",),  # his own page, its second factor passed: only ever incoming
}
DEAD_NUMBER = frozenset({"out_of_service", "empty_number"})
WRONG_PERSON = "connected_wpc"
WRONG_NUMBER = "wrong_number"  # a result: the number is not this person's
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


def says_number_is_wrong(*, outcome: str, result: str, party: str, direction: str) -> bool:
    """Whether the outcome says that the number dialled is not the person's.

    Somebody else at the number of one who answers for the debt: it is wrong until it is verified. At a third party's
    own number only when that is what was found out: another voice there proves nothing, and his number is no wrong
    number in other cases. A call that comes in says nothing of the number it comes from.
    """
    if outcome != WRONG_PERSON or direction == "in":
        return False
    return party not in OUTSIDE or result == WRONG_NUMBER
