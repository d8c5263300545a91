"""Web-hooks of the providers: receipts and texts pushed to us, signed with the secret of the line."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema
from ninja.errors import HttpError

from dunwell.channels import services
from dunwell.channels.lines import Line, line_named, signing

router = Router(tags=["lines"], auth=None)  # the signature says who calls
MOST = 500  # in one call
KINDS = {"sms": "mobile", "im": "im"}


class Receipt(Schema):
    """What became of a message: the provider's number of it, ours (`bizId`) where it was given, its own code."""

    msgId: str = Field(min_length=1, max_length=80)  # noqa: N815  (the provider's spelling)
    bizId: str = Field("", max_length=40)  # noqa: N815
    status: Literal["DELIVERED", "UNDELIVERED", "ACCEPTED"]
    code: str = Field("", max_length=40)
    to: str = Field("", max_length=64)
    at: datetime | None = None


class Text(Schema):
    """A text that somebody sent; `optOut` where the provider took it for a withdrawal (退订)."""

    sender: str = Field(min_length=1, max_length=64)
    text: str = Field(max_length=4000)
    at: datetime
    id: str = Field("", max_length=80)
    optOut: bool = False  # noqa: N815


class Taken(Schema):
    """`taken` were new; told again they are not, and nothing happens twice."""

    code: str = "OK"
    taken: int


STATES = {"DELIVERED": "delivered", "UNDELIVERED": "undelivered", "ACCEPTED": "on_its_way"}


@router.post("/{code}/receipts", response=Taken, url_name="line_receipts")
def receipts(request: HttpRequest, code: str, payload: list[Receipt]) -> dict[str, int]:
    """Receipts of a line, at most 500 at once, in any order; all of them are stored before the answer."""
    line, now = _signed(request, code, len(payload))
    dead = line.options["dead"]
    told = [
        services.Told(
            provider_id=one.msgId, state=STATES[one.status], code=one.code, to=one.to, reference=one.bizId,
            at=_aware(one.at), dead_number=one.status == "UNDELIVERED" and one.code in dead,
        )
        for one in payload
    ]  # fmt: skip
    return {"taken": services.take_receipts(line=line.code, kind=KINDS[line.channel], told=told, now=now)}


@router.post("/{code}/texts", response=Taken, url_name="line_texts")
def texts(request: HttpRequest, code: str, payload: list[Text]) -> dict[str, int]:
    """Texts that came in by a line, withdrawals among them, at most 500 at once."""
    line, now = _signed(request, code, len(payload))
    came = [
        services.Came(sender=one.sender, text=one.text, received_at=_aware(one.at), key=one.id, opt_out=one.optOut)
        for one in payload
    ]
    kind = KINDS[line.channel]
    return {"taken": services.take_inbound(line=line.code, channel=line.channel, kind=kind, came=came, now=now)}


def _signed(request: HttpRequest, code: str, many: int) -> tuple[Line, datetime]:
    line, now = line_named(code), timezone.now()
    if line is None or "secret" not in line.options:
        raise HttpError(404, f"no line {code} that calls us")
    try:
        signing.verify(line.options["secret"], request.headers, request.body, now)
    except signing.WrongSignature as wrong:
        raise HttpError(401, str(wrong)) from None
    if many > MOST:
        raise HttpError(422, f"{many} at once; at most {MOST}")
    return line, now


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise HttpError(422, "a moment carries its offset from UTC")
    return moment
