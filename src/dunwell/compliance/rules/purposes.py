"""For what a person may be called from the desk, by what he is to the debt."""

from __future__ import annotations

from dunwell.compliance.rules.values import DEMAND

LOCATE, RELAY = "locate", "relay"
#: Who owes nothing: asked only for the debtor's whereabouts, or to pass a message on, and told nothing of the debt.
OUTSIDE = frozenset({"third_unrelated", "spouse_related", "heir", "employer"})


def offered(party: str) -> tuple[str, ...]:
    """The purposes of a call, the usual one first. Whether it may be made for one of them is the gate's to say."""
    return (LOCATE, RELAY) if party in OUTSIDE else (DEMAND,)


def chosen(party: str, purpose: str) -> str:
    """The purpose that was asked for, or the usual one where it does not fit the person."""
    return purpose if purpose in offered(party) else offered(party)[0]
