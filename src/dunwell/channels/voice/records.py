"""What a dialler's call record says became of a call, as a code of the counting table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dunwell.channels.voice.causes import outcome_of
from dunwell.compliance.rules.outcomes import OUTCOMES
from dunwell.compliance.rules.values import NOTHING_LEFT


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as a dialler or a robot tells it, as often as it likes and in any order; `call_id` is its own.

    `outcome` is the dialler's code; `contact` and `token` are what a dial was answered with, where it gives them back.
    A record without `ended_at` says how a call stands and settles nothing.
    """

    reference: str
    call_id: str
    contact: int | None = None
    token: str = ""
    started_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: str = ""
    outcome: str = ""
    identified: bool = False
    agent: str = ""
    caller_number: str = ""
    recording_id: str = ""
    intent: str = ""
    hand_over: bool = False
    transcript: str = ""

    @property
    def seconds(self) -> int | None:
        """Of talk; None when nobody answered or the end is not told yet."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return max(0, int((self.ended_at - self.answered_at).total_seconds()))


def wrong_in(one: CallRecord, now: datetime) -> str:
    """What contradicts itself in a record, as a word; empty when nothing does."""
    told = [at for at in (one.started_at, one.ringing_at, one.answered_at, one.ended_at) if at is not None]
    if any(at.tzinfo is None for at in told):
        return "no_offset"
    if told != sorted(told):
        return "times_not_in_order"
    if told and told[-1] > now:
        return "in_the_future"
    return "" if one.call_id else "no_call_id"


def outcome_told(one: CallRecord, mapped: Mapping[str, str], channel: str) -> str | None:
    """The outcome of an ended call: by the bank's map of the dialler's codes, a code of ours, else by the network's cause.

    None when somebody answered and nobody says what came of it: then it goes on counting in every limit.
    """
    code = mapped.get(one.outcome, one.outcome)
    if code == NOTHING_LEFT or code in OUTCOMES[channel]:
        return code
    if one.answered_at is not None:
        return None
    return outcome_of(one.cause, rang=one.ringing_at is not None, here=False)
