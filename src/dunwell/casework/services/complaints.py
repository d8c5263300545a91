"""The register of complaints: taken down, handled by somebody without an interest, answered, closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from dunwell.casework.models import Case, Complaint, ComplaintStep, Ownership
from dunwell.casework.rules import objections as rules
from dunwell.casework.rules.clusters import told_alike
from dunwell.casework.services.letters import Refused, answer_letter, fit
from dunwell.casework.services.numbering import next_number
from dunwell.compliance import queries as compliance_queries
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.identity.rules import may
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import rules as portfolio_rules
from dunwell.portfolio import services as portfolio

LETTER = "LETTER-COMPLAINT-ANSWER"
OVER = ("closed", "withdrawn")
CLOCK = Actor.program("clocks")


class ComplaintRefused(Refused):
    """Why nothing was written: `code`, `words`, `against`, `day`, `interest` (the handler has one), `approval` (his own
    extension), `handler` (none yet), `second` (it is the handler's own answer), `over`, `unanswered`, `letter`, `content`.
    """


def days_of(on: date) -> rules.Days:
    """CN-COMPLAINT-DAYS of the pack in force on a day."""
    pack = compliance_queries.in_force(on)
    return rules.Days(
        pack.number("CN-COMPLAINT-DAYS", "days", 15),
        pack.number("CN-COMPLAINT-DAYS", "complex_days", 30),
        pack.number("CN-COMPLAINT-DAYS", "extension_days", 30),
    )


@transaction.atomic
def open_complaint(
    *,
    case_id: int,
    source: str,
    category: str,
    severity: str,
    text: str,
    by: Actor,
    now: datetime,
    key: str,
    against_id: int | None = None,
    external_no: str = "",
    received_on: date | None = None,
    reply_by: date | None = None,
    new_facts: bool = False,
) -> Complaint:
    """Take a complaint down. Demands stop while it is open, and whom it is against does not get the case.

    One of the same person about the same thing and collector repeats the earlier one: unless it brings new facts it
    stops no demand again, though it is answered as every other.
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Complaint.objects.filter(key=key).first()
    if known is not None:
        return known
    for code, group in ((source, "sources"), (category, "categories"), (severity, "severities")):
        if code not in rules.named(group):
            raise ComplaintRefused("code")
    if not text.strip():
        raise ComplaintRefused("words")
    if against_id is not None and not User.objects.filter(pk=against_id, entity_id=case.entity_id).exists():
        raise ComplaintRefused("against")
    today = business_date(now)
    since = received_on or today
    if since > today or (reply_by is not None and reply_by < since):
        raise ComplaintRefused("day")
    earlier = (
        Complaint.objects.filter(party_id=case.party_id, category=category, against_id=against_id)
        .order_by("-pk")
        .first()
    )
    hold = None
    if rules.holds_demands(repeats=earlier is not None, new_facts=new_facts):
        due = rules.complaint_due(since, (), days_of(today), reply_by)
        ends = now + timedelta(days=max((due - today).days, 1))
        hold = compliance.place_hold(party_id=case.party_id, kind="complaint", reason="", ends_at=ends, by=by, now=now)
    row = Complaint.objects.create(
        entity_id=case.entity_id, party_id=case.party_id, case=case, number=next_number("T", today), source=source,
        external_no=external_no.strip()[:60], category=category, severity=severity, against_id=against_id,
        words_sealed=portfolio.seal_text(party_id=case.party_id, text=text.strip()), received_on=since,
        text_digest=_alike(text), reply_by=reply_by, repeats=earlier, new_facts=new_facts or earlier is None, hold=hold,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    if against_id is not None and case.held_by_id == against_id:
        case.held_by, case.held_until = None, None
        case.save(update_fields=["held_by", "held_until"])
    _log("complaint.opened", row, row, {"source": source, "category": category, "severity": severity, "against": against_id,
                                   "repeats": earlier and earlier.number, "hold": hold and hold.pk}, by=by, now=now)  # fmt: skip
    portfolio.touch(party_id=case.party_id, now=now)
    return row


def _alike(text: str) -> bytes | None:
    letters = told_alike(text)
    return portfolio_rules.digest(settings.KEYS.search(), "text", letters)[0] if letters else None


def interested(complaint: Complaint) -> set[int]:
    """Who worked on the case: owned it, contacted the person, or took the complaint's cause."""
    contacts = Contact.objects.filter(party_id=complaint.party_id, by_id__isnull=False)
    owners = Ownership.objects.filter(case_id=complaint.case_id, owner__isnull=False)
    return set(contacts.values_list("by_id", flat=True)) | set(owners.values_list("owner_id", flat=True))


@transaction.atomic
def assign(*, complaint_id: int, handler_id: int, by: Actor, now: datetime, key: str) -> ComplaintStep:
    """Give it to a handler without an interest in it; the last one counts."""
    row = _open(complaint_id)
    handler = User.objects.filter(pk=handler_id, entity_id=row.entity_id, is_active=True).first()
    if handler is None or not may(handler.role, "complaint.handle"):
        raise ComplaintRefused("handler")
    free = rules.without_interest(
        handler.pk, handler_team=handler.team_id, against=row.against_id,
        against_team=row.against.team_id if row.against else None, worked=interested(row),
    )  # fmt: skip
    if not free:
        raise ComplaintRefused("interest")
    return _step(row, "assigned", handler=handler, by=by, now=now, key=key)


@transaction.atomic
def lengthen(*, complaint_id: int, kind: str, text: str, by: Actor, now: datetime, key: str) -> ComplaintStep:
    """It is `complex` (30 days), or `extended` by 30 more: approved by another than its handler, and he is told why."""
    row = _open(complaint_id)
    if kind not in ("complex", "extended"):
        raise ComplaintRefused("code")
    if not text.strip():
        raise ComplaintRefused("words")
    if kind == "extended" and handler_of(row) == by.user_id:
        raise ComplaintRefused("approval")
    known = row.steps.filter(kind=kind).first()  # each once
    return known or _step(row, kind, text=text, by=by, now=now, key=key)


@transaction.atomic
def answer(*, complaint_id: int, text: str, by: Actor, now: datetime, key: str) -> ComplaintStep:
    """Answer him in writing, by its handler: these words stand in the letter, held against the rules of content.

    Where the severity wants a second person they wait for him (`release`).
    """
    row = _open(complaint_id)
    known = row.steps.filter(kind="answered").first()
    if known is not None:
        return known
    if handler_of(row) is None or handler_of(row) != by.user_id:
        raise ComplaintRefused("handler")
    fit(text, party_id=row.party_id, now=now, refused=ComplaintRefused)
    if rules.second_person(row.severity):
        return _step(row, "drafted", text=text, by=by, now=now, key=key)
    return _send(row, text, by=by, now=now, key=key)


@transaction.atomic
def release(*, complaint_id: int, approved: bool, text: str, by: Actor, now: datetime, key: str) -> ComplaintStep:
    """Another person, without an interest in it, lets the handler's answer leave, or sends it back and says why."""
    row = _open(complaint_id)
    steps = list(row.steps.order_by("pk"))
    if not rules.drafted([step.kind for step in steps]):
        raise ComplaintRefused("unanswered")
    draft = next(step for step in reversed(steps) if step.kind == "drafted")
    if by.user_id is None or by.user_id in (draft.recorded_by, handler_of(row)):
        raise ComplaintRefused("second")
    if by.user_id == row.against_id or by.user_id in interested(row):
        raise ComplaintRefused("interest")
    if not approved:
        if not text.strip():
            raise ComplaintRefused("words")
        return _step(row, "returned", text=text, by=by, now=now, key=key)
    said = portfolio.open_text(party_id=row.party_id, sealed=bytes(draft.text_sealed))
    fit(said, party_id=row.party_id, now=now, refused=ComplaintRefused)
    return _send(row, said, by=by, now=now, key=key)


def _send(row: Complaint, text: str, *, by: Actor, now: datetime, key: str) -> ComplaintStep:
    message = answer_letter(case=row.case, text=LETTER, number=row.number, answer=text, by=by, now=now)
    if message is None:
        raise ComplaintRefused("letter")
    return _step(row, "answered", text=text, message=message, by=by, now=now, key=key)


@transaction.atomic
def close(
    *, complaint_id: int, founded: bool, root_cause: str, redress: str, text: str, by: Actor, now: datetime, key: str
) -> ComplaintStep:
    """Close it when it was answered: whether he was right, the root cause, and what was made good. Its hold ends."""
    row = _open(complaint_id)
    if root_cause not in rules.named("root_causes") or redress not in rules.named("redresses"):
        raise ComplaintRefused("code")
    if not row.steps.filter(kind="answered").exists():
        raise ComplaintRefused("unanswered")
    if handler_of(row) != by.user_id:
        raise ComplaintRefused("handler")
    step = _step(
        row, "closed", founded=founded, root_cause=root_cause, redress=redress, text=text, by=by, now=now, key=key
    )
    if row.hold_id is not None:
        compliance.lift_hold(hold_id=row.hold_id, reason=f"{row.number} closed", by=by, now=now)
    return step


def escalate(*, now: datetime, by: Actor = CLOCK) -> int:
    """Write down to whom each unanswered complaint has gone up by its clock, each role once; how many did. A duty."""
    today = business_date(now)
    days, done = days_of(today), 0
    answered = ComplaintStep.objects.filter(complaint=OuterRef("pk"), kind__in=("answered", *OVER))
    for row in Complaint.objects.filter(~Exists(answered)).prefetch_related("steps").order_by("pk"):
        steps = sorted(row.steps.all(), key=lambda step: step.pk)
        due = rules.complaint_due(row.received_on, [step.kind for step in steps], days, row.reply_by)
        known = {step.to_role for step in steps if step.kind == "escalated"}
        for role in rules.reached(severity=row.severity, days_left=(due - today).days):
            if role not in known:
                done += _went_up(row.pk, role, by=by, now=now)
    return done


@transaction.atomic
def _went_up(complaint_id: int, role: str, *, by: Actor, now: datetime) -> bool:
    row = Complaint.objects.select_related("case").get(pk=complaint_id)
    Case.objects.select_for_update(no_key=True).get(pk=row.case_id)
    key = f"escalated-{row.pk}-{role}"
    if ComplaintStep.objects.filter(key=key).exists() or row.steps.filter(kind__in=("answered", *OVER)).exists():
        return False
    _step(row, "escalated", to_role=role, by=by, now=now, key=key)
    return True


def handler_of(row: Complaint) -> int | None:
    """Who handles it now."""
    return row.steps.filter(kind="assigned").order_by("-pk").values_list("handler_id", flat=True).first()


def _open(complaint_id: int) -> Complaint:
    row = Complaint.objects.select_related("case__party", "against").get(pk=complaint_id)
    Case.objects.select_for_update(no_key=True).get(pk=row.case_id)
    if row.steps.filter(kind__in=OVER).exists():
        raise ComplaintRefused("over")
    return row


def _step(
    row: Complaint, kind: str, *, by: Actor, now: datetime, key: str, text: str = "", **fields: object
) -> ComplaintStep:
    known = ComplaintStep.objects.filter(key=key).first()
    if known is not None:
        return known
    sealed = portfolio.seal_text(party_id=row.party_id, text=text.strip()) if text.strip() else None
    step = ComplaintStep.objects.create(
        complaint=row, kind=kind, text_sealed=sealed, recorded_at=now, recorded_by=by.user_id, key=key, **fields
    )
    told = {name: value for name, value in fields.items() if name in ("founded", "root_cause", "redress", "to_role")}
    _log(f"complaint.{kind}", row, step, {"step": step.pk, **told}, by=by, now=now)
    portfolio.touch(party_id=row.party_id, now=now)
    return step


def _log(
    kind: str, row: Complaint, fact: Complaint | ComplaintStep, data: dict[str, object], *, by: Actor, now: datetime
) -> None:
    evidence.write(
        kind=kind, now=now, by=by, entity_id=row.entity_id, party_id=row.party_id, case_id=row.case_id,
        data={"complaint": row.pk, "number": row.number, **data},
        rows=[fact],
    )  # fmt: skip
