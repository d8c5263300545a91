"""The pool of numbers that calls show: what is told of each, and how it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from dunwell.channels.models import CallerNumber, CallerNumberMark
from dunwell.channels.voice.caller_numbers import Standing, policy
from dunwell.evidence import services as evidence
from dunwell.kernel import numbers
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.portfolio import reference

COUNT = """
    WITH shown AS (
        SELECT DISTINCT ON (r.line, r.call_id) r.shown_number, r.started_at, e.party_id
        FROM channels_dialrecord AS r LEFT JOIN channels_campaignentry AS e ON e.id = r.entry_id
        WHERE r.shown_number = ANY(%(numbers)s) AND r.started_at >= %(since)s
        ORDER BY r.line, r.call_id, r.id DESC
    ), all_shown AS (
        SELECT * FROM shown
        UNION ALL
        SELECT v.detail, v.at, c.party_id
        FROM channels_callevent AS v JOIN compliance_contact AS c ON c.id = v.call_id
        WHERE v.kind = 'dialled' AND v.detail = ANY(%(numbers)s) AND v.at >= %(since)s
    )
    SELECT shown_number, count(*), count(*) FILTER (WHERE started_at >= %(today)s),
           count(*) FILTER (WHERE EXISTS (
               SELECT 1 FROM compliance_hold AS h WHERE h.party_id = all_shown.party_id AND h.kind = 'complaint'
               AND h.recorded_at >= all_shown.started_at AND h.recorded_at < all_shown.started_at + %(soon)s))
    FROM all_shown GROUP BY 1
"""


class NumberRefused(ValueError):
    """A number or mark that cannot be taken; the sentence says why."""


@transaction.atomic
def add_number(*, entity_id: int, number: str, region: str, by: Actor, now: datetime) -> CallerNumber:
    """Take a number of the bank's own into the pool. The same again answers the same one."""
    written = "".join(one for one in number if one not in " -")
    if not written.isascii() or not written.isdigit() or not 3 <= len(written) <= 20:
        raise NumberRefused(f"{number!r} is not a number to show: 3 to 20 digits were expected")
    if region and not (region.isascii() and region.isdigit() and len(region) == 2):
        raise NumberRefused(f"{region!r} is not a province of GB/T 2260: two digits were expected, such as 11")
    row, created = CallerNumber.objects.get_or_create(
        number=written,
        defaults={"entity_id": entity_id, "region": region, "recorded_at": now, "recorded_by": by.user_id},
    )
    if created:
        evidence.write(
            kind="caller_number.added", now=now, by=by, entity_id=entity_id, data={"number": written, "region": region}
        )
    return row


@transaction.atomic
def mark_number(
    *, number_id: int, kind: str, by: Actor, now: datetime, until: datetime | None = None, detail: str = ""
) -> CallerNumberMark:
    """Write down what is told of a number: marked, cleared, put to rest `until`, withdrawn."""
    row = CallerNumber.objects.get(pk=number_id, entity_id=by.entity_id)
    if kind not in CallerNumberMark.Kind.values:
        raise NumberRefused(f"{kind!r} is nothing that is told of a number")
    if (kind == CallerNumberMark.Kind.RESTS) != (until is not None) or (until is not None and until <= now):
        raise NumberRefused("a rest has an end that is still to come, and nothing else has one")
    made = CallerNumberMark.objects.create(
        caller_number=row, kind=kind, until=until, detail=detail[:200], recorded_at=now, recorded_by=by.user_id
    )
    evidence.write(
        kind=f"caller_number.{kind}", now=now, by=by, entity_id=row.entity_id,
        data={"number": row.number, "until": until.isoformat() if until else None, "detail": made.detail},
    )  # fmt: skip
    return made


def region_of(kind: str, number: str) -> str:
    """The province of a debtor's number; empty where it is not known."""
    place = numbers.check(kind, number, reference.tables()).place
    return place.province_code if place else ""


def standings(*, entity_id: int, now: datetime) -> list[Standing]:
    """Every number of the pool as it stands, in three queries; none where the pool is empty."""
    pool = list(CallerNumber.objects.filter(entity_id=entity_id).order_by("pk"))
    if not pool:
        return []
    marked: dict[int, CallerNumberMark] = {}
    rests: dict[int, datetime | None] = {}
    withdrawn: set[int] = set()
    for mark in CallerNumberMark.objects.filter(caller_number__in=pool).order_by("pk"):
        number = mark.caller_number_id
        if mark.kind == CallerNumberMark.Kind.RESTS:
            rests[number] = mark.until
        elif mark.kind == CallerNumberMark.Kind.WITHDRAWN:
            withdrawn.add(number)
        elif mark.kind == CallerNumberMark.Kind.MARKED:
            marked[number] = mark
        else:
            marked.pop(number, None)
            rests.pop(number, None)
            withdrawn.discard(number)
    rule = policy()
    midnight = now.astimezone(BANK_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        "numbers": [one.number for one in pool], "since": now - timedelta(days=rule.days), "today": midnight,
        "soon": timedelta(days=rule.complained_within_days),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        counts = {number: rest for number, *rest in cursor.fetchall()}
    return [
        Standing(
            one.pk, one.number, one.region, (marked[one.pk].detail or "marked") if one.pk in marked else "",
            rests.get(one.pk), one.pk in withdrawn, *counts.get(one.number, (0, 0, 0)),
        )
        for one in pool
    ]  # fmt: skip
