"""Two different things: a business date (the bank's books) and a moment (the world's clock)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

BANK_ZONE = ZoneInfo("Asia/Shanghai")


def aware(moment: datetime) -> datetime:
    """The moment itself; a naive one raises ValueError, for its local time would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment


def local(moment: datetime, zone: str) -> datetime:
    """The wall clock at `zone` (an IANA name); an unknown zone raises KeyError."""
    return aware(moment).astimezone(ZoneInfo(zone))


def business_date(moment: datetime, cut_off_hours: int = 0) -> date:
    """The bank's business date at a moment: its local date, begun `cut_off_hours` after midnight."""
    return (aware(moment).astimezone(BANK_ZONE) - timedelta(hours=cut_off_hours)).date()


def end_of(day: date) -> datetime:
    """The moment at which a business date is over at the bank: the next midnight."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), BANK_ZONE)
