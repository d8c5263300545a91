"""The one port: what is given to a line, and what is known after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as a line takes it: the approved template, its values, the signature, to whom, our own number.

    `text` is what the person reads. `reference` is ours and the same at every attempt; a provider that knows it twice
    sends once. Nothing is handed over at or after `expires_at`; `valid_until` is when the carrier gives up.
    """

    message_id: int
    reference: str
    to: str
    text: str
    subject: str = ""
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    signature: str = ""
    expires_at: datetime | None = None
    valid_until: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that the provider took, under its number."""

    number: int
    provider_id: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What is known of one hand-over: `sent`, `refused` (nothing was taken) or `unknown`.

    `lasting` says that the provider will not take it later either, `dead` that there is no such address, `begun`
    false that the hand-over never began, `line_down` that the line itself is at fault. `parts` are those taken, `billed` how
    many the provider counts: a text of which only some parts were taken has left, and is not sent again.
    """

    state: str
    detail: str = ""
    lasting: bool = False
    dead: bool = False
    begun: bool = True
    line_down: bool = False
    parts: tuple[Part, ...] = ()
    billed: int = 0
