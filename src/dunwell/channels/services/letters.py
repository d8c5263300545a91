"""Letters: claimed, set, put into a job for the print shop, settled; and what the post says of them.

A letter left when it is a file of a job. A printer that died leaves messages as `sending`: those whose letter was
written are handed over with the job that is closed for it, the others never left and are planned again. So nothing is in
doubt, and no letter is printed twice.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path

import segno
from django.db import connection, transaction
from django.utils.translation import gettext, override

from dunwell.arrears.models import AccountState
from dunwell.channels import words
from dunwell.channels.lines import HandedOver, Line, Parcel, Part, line_for
from dunwell.channels.lines.gateway import BUSINESS_ID
from dunwell.channels.lines.print_shop import PrintShop
from dunwell.channels.models import Letter, Message
from dunwell.channels.rules import blocks
from dunwell.channels.services.claiming import claim
from dunwell.channels.services.receipts import Told, take_receipts
from dunwell.channels.services.senders import Sender
from dunwell.channels.services.settling import Sent, note_line, settle
from dunwell.channels.services.texts import load_templates
from dunwell.evidence import documents
from dunwell.evidence import services as evidence
from dunwell.frame.templatetags.frame import money
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Card, ContactPoint, PartyIdentity

PRINTER = Actor.program("printer")
STATES = {"posted": "on_its_way", "delivered": "delivered", "returned": "undelivered"}
COLUMNS = ("reference", "state", "at", "tracking_no", "detail")


def send_letters(*, now: datetime, limit: int = 200, by: Actor = PRINTER) -> Sent:
    """Print what is due, at most `limit` letters in one job, and take in what came back. A duty of the worker.

    May be killed at any line and run again; a second printer waits for the first.
    """
    done = Sent()
    line = line_for("letter")
    if line is None or line.adapter != "print_shop":
        return done
    load_templates()
    shop = PrintShop(line)
    with _alone():
        _finish(shop, line, done, by=by, now=now)
        take_returns(shop=shop, by=by, now=now)
        if not Message.objects.filter(state=Message.State.PLANNED, channel="letter", not_before__lte=now).exists():
            return done
        _print(shop, line, limit, done, by=by, now=now)
    return done


@contextmanager
def _alone() -> Iterator[None]:
    """One printer at a time: the job that another one has open is not ours to close."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('dunwell.letters'))")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('dunwell.letters'))")


def _print(shop: PrintShop, line: Line, limit: int, done: Sent, *, by: Actor, now: datetime) -> None:
    try:
        job = shop.begin(now)
    except OSError as down:
        note_line(line=line, now=now, down=f"{type(down).__name__}: {down}")
        return
    sender = Sender()
    try:
        claimed = claim(line=line, limit=min(limit, line.batch), sender=sender.hold(), by=by, now=now)
        done.later, done.refused, done.failed = claimed.later, claimed.refused, claimed.failed
        refused: list[tuple[int, HandedOver]] = []
        for parcel in claimed.parcels:
            try:
                shop.put(job, parcel.message_id, _letter(parcel, line, now=now))
            except (documents.NotMade, portfolio.Erased) as problem:
                refused.append((parcel.message_id, HandedOver("refused", str(problem)[:80], lasting=True)))
            except OSError as down:
                told = HandedOver("refused", f"{type(down).__name__}: {down}"[:80], begun=False, line_down=True)
                refused.append((parcel.message_id, told))
        _hand_over(shop, job, line, done, by=by, now=now)
        if refused:
            settle(line=line, results=refused, done=done, by=by, now=now)
    finally:
        sender.release()


@transaction.atomic
def _hand_over(shop: PrintShop, job: Path, line: Line, done: Sent, *, by: Actor, now: datetime) -> None:
    """Close a job and write down that its letters left."""
    handed = shop.close(job) if job.name.endswith(".open") else job
    if handed is None:
        return
    letters = {int(path.stem): path for path in handed.glob("*.pdf")}
    known = set(Letter.objects.filter(message_id__in=letters).values_list("message_id", flat=True))
    Letter.objects.bulk_create(
        Letter(
            message_id=number, file=evidence.keep_file(path=letters[number], name=f"letter-{number}.pdf", now=now),
            job=handed.name, recorded_at=now,
        )
        for number in sorted(set(letters) - known)
    )  # fmt: skip
    results = [(n, HandedOver("sent", parts=(Part(1, f"{handed.name}/{n}"),))) for n in sorted(set(letters) - known)]
    settle(line=line, results=results, done=done, by=by, now=now)


def _finish(shop: PrintShop, line: Line, done: Sent, *, by: Actor, now: datetime) -> None:
    """What a printer that died left: open jobs are closed, written letters have left, the others never did."""
    for job in shop.open_jobs():
        _hand_over(shop, job, line, done, by=by, now=now)
    hanging = Message.objects.filter(channel="letter", line=line.code, state=Message.State.SENDING)
    never = []
    for number in list(hanging.values_list("pk", flat=True)):
        letter = shop.letter_of(number)
        if letter is None:
            never.append((number, HandedOver("refused", "the printer was interrupted", begun=False)))
        else:
            _hand_over(shop, letter.parent, line, done, by=by, now=now)
    if never:
        settle(line=line, results=never, done=done, by=by, now=now)


def _letter(parcel: Parcel, line: Line, *, now: datetime) -> bytes:
    """The signed PDF of a claimed message."""
    message = Message.objects.select_related("template", "party__entity").get(pk=parcel.message_id)
    data = letter_data(message, text=parcel.text, address=parcel.to, on=business_date(now))
    document = documents.pdf(room="channels", name="letter", data=data, language=message.template.language, now=now)
    return documents.signed(document, reason=message.template.title, now=now)


def letter_data(message: Message, *, text: str, address: str, on: date) -> dict[str, object]:
    """What the layout is given: addressee in clear, the approved text in blocks, the accounts' figures.

    A table's lines are the components that `why` sums to the balance.
    """
    party, template = message.party, message.template
    sealed = PartyIdentity.objects.filter(pk=party.pk).values_list("name_sealed", flat=True).first()
    if sealed is None:
        raise portfolio.Erased(f"party {party.pk} has no identity here")
    reference = f"{BUSINESS_ID}{message.pk}"
    with override(template.language):
        return {
            "author": party.entity.name(template.language),
            "bank": party.entity.name(template.language),
            "title": template.title,
            "name": portfolio.open_text(party_id=party.pk, sealed=bytes(sealed)),
            "address": address,
            "date": on,
            "reference": reference,
            "code": _code(reference),
            "blocks": [
                {**part, "code": _code(part["text"])} if part["kind"] == "link" else part for part in blocks(text)
            ],
            "accounts": _accounts(message),
        }


def _code(text: str) -> str:
    out = BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, scale=4, border=0)
    return out.getvalue().decode()


def _accounts(message: Message) -> list[dict[str, object]]:
    """Of the person what is late, or the one account that the letter is about."""
    about = {"account": message.account_id} if message.account_id else {"account__party": message.party_id}
    states = (
        AccountState.objects.filter(past_due__gt=0, **about)
        .select_related("account")
        .order_by("oldest_due_date", "account_id")
    )
    tails = dict(
        Card.objects.filter(account_no__in=[s.account.account_no for s in states], status="active")
        .order_by("kind", "-id")
        .values_list("account_no", "last4")
    )
    return [
        {
            "tail": tails.get(state.account.account_no, state.account.account_no[-4:]),
            "currency": state.account.currency,
            "as_of": state.business_date,
            "lines": _lines(state),
        }
        for state in states
    ]


def _lines(state: AccountState) -> list[list[str]]:
    lines = [
        [str(said), money(getattr(state, name))] for name, said in words.COMPONENTS.items() if getattr(state, name)
    ]
    if state.credit_balance:
        lines.append([gettext("Credit balance"), money(-state.credit_balance)])
    told = sum((getattr(state, name) for name in words.COMPONENTS), -state.credit_balance)
    if state.balance != told:
        lines.append([gettext("Booked since the close"), money(state.balance - told)])
    lines.append([gettext("Balance owed"), money(state.balance)])
    lines.append([gettext("Of which past due"), money(state.past_due)])
    return lines


@dataclass(frozen=True, slots=True)
class Returned:
    """What one file of the shop or the post did: receipts that were new, addresses suspended, rows that were wrong."""

    new: int
    suspended: int
    wrong: tuple[str, ...]


def take_returns(*, shop: PrintShop, by: Actor, now: datetime) -> list[Returned]:
    """Take every file below `back/`, then move it to `back/done`; wrong rows stay in `back/wrong` with their sentence."""
    return [take_return_file(path=path, line=shop.line, by=by, now=now) for path in shop.returns()]


def take_return_file(*, path: Path, line: Line, by: Actor, now: datetime) -> Returned:
    """One CSV file: reference, state (posted, delivered, returned), at, tracking_no, detail. The same again is nothing.

    A returned letter suspends the address. A row that is wrong is told with file, row, column, found and expected.
    """
    told, returned, wrong, kept = [], [], [], []
    with path.open(encoding="utf-8-sig", newline="") as source:
        reader = csv.DictReader(source)
        lacking = [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]
        if lacking:
            wrong.append(f"{path.name}, row 1: the column {lacking[0]} is missing.")
        else:
            for number, row in enumerate(reader, 2):
                problem = _problem(row, path.name, number)
                if problem:
                    wrong.append(problem)
                    kept.append({**row, "wrong": problem})
                    continue
                told.append(_told(row))
                if row["state"] == "returned":
                    returned.append(int(row["reference"].strip().removeprefix(BUSINESS_ID)))
    with transaction.atomic():
        new = take_receipts(line=line.code, kind="address", told=told, now=now, by=by)
        suspended = _suspend(returned, by=by, now=now)
    _put_away(path, kept)
    return Returned(new, suspended, tuple(wrong))


def _problem(row: dict[str, str], file: str, number: int) -> str:
    reference, state, at = (str(row.get(name) or "").strip() for name in COLUMNS[:3])
    if not (reference.startswith(BUSINESS_ID) and reference.removeprefix(BUSINESS_ID).isdecimal()):
        return f"{file}, row {number}, column reference: {reference!r} is none of ours ({BUSINESS_ID}… was expected)."
    if state not in STATES:
        return f"{file}, row {number}, column state: {state!r} is none of {', '.join(STATES)}."
    try:
        date.fromisoformat(at)
    except ValueError:
        return f"{file}, row {number}, column at: {at!r} is not a day like 2026-11-23."
    return ""


def _told(row: dict[str, str]) -> Told:
    at = datetime.combine(date.fromisoformat(row["at"].strip()), time(12), BANK_ZONE)
    reference = row["reference"].strip()
    return Told(
        provider_id=(row.get("tracking_no") or "").strip() or reference, state=STATES[row["state"].strip()],
        code=f"{row['state'].strip()} {(row.get('detail') or '').strip()}".strip()[:40], reference=reference, at=at,
    )  # fmt: skip


def _suspend(numbers: list[int], *, by: Actor, now: datetime) -> int:
    points = Message.objects.filter(
        pk__in=numbers, channel="letter", contact_point__status=ContactPoint.Status.VALID
    ).values_list("contact_point_id", flat=True)
    for point in sorted(set(points)):
        portfolio.set_point_status(
            contact_point_id=point, status=ContactPoint.Status.SUSPENDED, reason="returned_mail", by=by, now=now
        )
    return len(set(points))


def _put_away(path: Path, wrong: list[dict[str, str]]) -> None:
    if wrong:
        folder = path.parent / "wrong"
        folder.mkdir(mode=0o700, exist_ok=True)
        draft = folder / f".{path.name}"
        with draft.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.DictWriter(out, fieldnames=[*wrong[0]], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(wrong)
        os.replace(draft, folder / path.name)
    done = path.parent / "done"
    done.mkdir(mode=0o700, exist_ok=True)
    os.replace(path, done / path.name)
