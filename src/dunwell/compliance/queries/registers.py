"""The published agencies and the registered domains of links."""

from __future__ import annotations

from datetime import date, datetime

from dunwell.compliance.models import AgencyListing, LinkDomain


def agencies(day: date) -> list[AgencyListing]:
    """The last listing of each agency; `holds` says whether it is listed on a day."""
    last = {row.entity_id: row for row in AgencyListing.objects.select_related("entity").order_by("id")}
    for row in last.values():
        row.holds = row.starts_on <= day and (row.ends_on is None or day <= row.ends_on)
    return sorted(last.values(), key=lambda row: row.entity.code)


def registered(now: datetime) -> list[LinkDomain]:
    """The domains registered at a moment, by name."""
    last = {row.domain: row for row in LinkDomain.objects.filter(starts_at__lte=now).order_by("id")}
    return [row for _, row in sorted(last.items()) if row.ends_at is None or row.ends_at > now]
