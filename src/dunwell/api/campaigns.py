"""Lists for diallers and robots: given out, dialled under the gate, their call records taken, what is taken back.

Every call is signed with the secret of the line (docs/campaigns.md); one without a body signs `GET /path?query`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError

from dunwell.api.desk import Answer
from dunwell.channels.lines import Line, line_named, signing
from dunwell.channels.models import Campaign, CampaignPull
from dunwell.channels.services import campaigns as services
from dunwell.channels.services.campaigns.giving import ended
from dunwell.channels.voice.records import CallRecord

router = Router(tags=["campaigns"], auth=None)  # the signature says who calls
PAGE, MOST = 200, 500


class CampaignOut(Schema):
    id: int
    title: str
    channel: str
    flow: str
    expires_at: datetime
    ended: bool


class Slot(Schema):
    contact: int
    token: str
    expires_at: datetime


class EntryOut(Schema):
    """`not_before` and `until` are the lawful hours, on the debtor's clock; `dials_left` is what the day's limits leave
    now, 0 outside the hours. `dials` and `number` are there only on a line that asks beforehand."""

    reference: str
    masked: str
    not_before: datetime
    until: datetime | None
    zone: str
    dials_left: int
    priority: int
    expires_at: datetime
    caller_number: str
    flow: str
    dials: list[Slot] = []
    number: str | None = None


class Entries(Schema):
    entries: list[EntryOut]
    after: int | None


class DialIn(Schema):
    reference: str = Field(max_length=40)
    call_id: str = Field(min_length=1, max_length=80)


class DialOut(Schema):
    """`refused` is empty when it may be dialled until `expires_at`; else pulled, ended, or the gate's rule."""

    refused: str
    answer: Answer | None = None
    contact: int | None = None
    token: str | None = None
    expires_at: datetime | None = None
    number: str | None = None
    caller_number: str = ""


class RecordIn(Schema):
    """One call as it stands. Moments carry their offset from UTC; `transcript` is kept sealed."""

    reference: str = Field(max_length=40)
    call_id: str = Field(min_length=1, max_length=80)
    contact: int | None = None
    token: str = Field("", max_length=40)
    started_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: str = Field("", max_length=120)
    outcome: str = Field("", max_length=40)
    identified: bool = False
    agent: str = Field("", max_length=32)
    caller_number: str = Field("", max_length=24)
    recording_id: str = Field("", max_length=80)
    intent: str = Field("", max_length=40)
    hand_over: bool = False
    transcript: str = Field("", max_length=60_000)


class Took(Schema):
    """`taken` were new, told again they are not; of `problems` among them nothing could be made, and they are shown."""

    taken: int
    problems: int


class PulledOne(Schema):
    id: int
    reference: str
    rule: str
    at: datetime


class Pulled(Schema):
    pulled: list[PulledOne]
    after: int


@router.get("", response=list[CampaignOut], url_name="campaigns")
def listed(request: HttpRequest, line: str) -> list[dict[str, object]]:
    """The line's campaigns of the last 30 days, newest first."""
    _verify(request, line)
    now = timezone.now()
    found = Campaign.objects.select_related("end").filter(line=line).order_by("-pk")[:PAGE]
    return [
        {"id": one.pk, "title": one.title, "channel": one.channel, "flow": one.flow, "expires_at": one.ends_at,
         "ended": ended(one, now)}
        for one in found
    ]  # fmt: skip


@router.get("/{campaign_id}/entries", response=Entries, url_name="campaign_entries")
def entries(request: HttpRequest, campaign_id: int, after: int = 0) -> dict[str, object]:
    """The list, 200 at once, in the order of priority; `after` of the answer asks for the next, null at the end."""
    campaign, line = _signed(request, campaign_id)
    found, following = services.given(campaign=campaign, line=line, after=after, limit=PAGE, now=timezone.now())
    return {"entries": [_entry(one, campaign) for one in found], "after": following}


def _entry(one: services.Given, campaign: Campaign) -> dict[str, object]:
    return {
        "reference": one.entry.reference, "masked": one.masked, "not_before": one.budget.opens_at,
        "until": one.budget.closes_at, "zone": one.budget.zone, "dials_left": len(one.dials) or one.budget.left,
        "priority": one.entry.priority, "expires_at": campaign.ends_at, "caller_number": one.caller_number,
        "flow": campaign.flow, "dials": [_slot(contact) for contact in one.dials], "number": one.number or None,
    }  # fmt: skip


def _slot(contact: object) -> dict[str, object]:
    return {"contact": contact.pk, "token": str(contact.token), "expires_at": contact.expires_at.astimezone(UTC)}  # type: ignore[attr-defined]


@router.post("/{campaign_id}/dials", response=DialOut, url_name="campaign_dials")
def dial(request: HttpRequest, campaign_id: int, payload: DialIn) -> dict[str, object]:
    """Ask for one dial, and take its slot. The same `call_id` answers the same."""
    _campaign, line = _signed(request, campaign_id)
    try:
        made = services.dial(
            campaign_id=campaign_id, line=line, reference=payload.reference, call_id=payload.call_id, now=timezone.now()
        )
    except services.NoSuchEntry as unknown:
        raise HttpError(404, str(unknown)) from None
    answer = Answer.of(made.decision) if made.decision else None
    if made.contact is None:
        return {"refused": made.refused, "answer": answer}
    return {
        "refused": "", "answer": answer, **_slot(made.contact), "number": made.number or None,
        "caller_number": made.caller_number,
    }  # fmt: skip


@router.post("/{campaign_id}/identified", response=dict[str, str], url_name="campaign_identified")
def identified(request: HttpRequest, campaign_id: int, payload: DialIn) -> dict[str, str]:
    """What a robot may say of the debt, once the person in its call has shown who he is."""
    _campaign, line = _signed(request, campaign_id)
    try:
        return services.told_after_identity(
            campaign_id=campaign_id, line=line, reference=payload.reference, call_id=payload.call_id, now=timezone.now()
        )
    except services.NoSuchEntry as unknown:
        raise HttpError(404, str(unknown)) from None


@router.post("/{campaign_id}/results", response={200: Took, 422: dict[str, str]}, url_name="campaign_results")
def results(request: HttpRequest, campaign_id: int, payload: list[RecordIn]) -> Status:
    """Call records, at most 500 at once, in any order, as often as the dialler likes; kept before the answer."""
    _campaign, line = _signed(request, campaign_id)
    if len(payload) > MOST:
        raise HttpError(422, f"{len(payload)} at once; at most {MOST}")
    told = [CallRecord(**one.dict()) for one in payload]
    took = services.take_records(line=line, told=told, now=timezone.now())
    return Status(200, {"taken": took.new, "problems": took.problems})


@router.get("/{campaign_id}/pulled", response=Pulled, url_name="campaign_pulled")
def pulled(request: HttpRequest, campaign_id: int, after: int = 0) -> dict[str, object]:
    """The entries that were taken back, in the order in which they were; `after` of the answer asks for the next."""
    campaign, _line = _signed(request, campaign_id)
    services.pull_back(now=timezone.now())
    found = list(
        CampaignPull.objects.filter(entry__campaign=campaign, pk__gt=after)
        .select_related("entry")
        .order_by("pk")[:MOST]
    )
    rows = [{"id": one.pk, "reference": one.entry.reference, "rule": one.rule, "at": one.recorded_at} for one in found]
    return {"pulled": rows, "after": found[-1].pk if found else after}


def _signed(request: HttpRequest, campaign_id: int) -> tuple[Campaign, Line]:
    campaign = Campaign.objects.select_related("end").filter(pk=campaign_id).first()
    if campaign is None:
        raise HttpError(404, f"no campaign {campaign_id}")
    return campaign, _verify(request, campaign.line)


def _verify(request: HttpRequest, code: str) -> Line:
    line = line_named(code)
    if line is None or line.adapter != "dialler":
        raise HttpError(404, f"no dialler {code}")
    said = request.body if request.method == "POST" else f"GET {request.get_full_path()}".encode()
    try:
        signing.verify(line.options["secret"], request.headers, said, timezone.now())
    except signing.WrongSignature as wrong:
        raise HttpError(401, str(wrong)) from None
    return line
