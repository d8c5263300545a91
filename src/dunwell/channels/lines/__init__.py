"""The bank's lines to its providers: which there are, and what is handed over by them (docs/channels.md)."""

from dunwell.channels.lines.configured import connected, diallers, line_for, line_named, lines
from dunwell.channels.lines.port import HandedOver, Parcel, Part
from dunwell.channels.lines.reading import Line, LineError, Price

__all__ = [
    "HandedOver",
    "Line",
    "LineError",
    "Parcel",
    "Part",
    "Price",
    "connected",
    "diallers",
    "line_for",
    "line_named",
    "lines",
]
