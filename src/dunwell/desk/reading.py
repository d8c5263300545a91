"""The case page in words: what casework and the gate know, as desk.view shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dunwell.arrangements.queries.reminders import NotReminded, not_reminded
from dunwell.arrangements.rules.promises import policy
from dunwell.arrangements.words import DEBIT_REASONS
from dunwell.casework import queries as casework
from dunwell.casework import services
from dunwell.casework.models import Case
from dunwell.casework.rules import findings, vulnerability
from dunwell.casework.rules.codes import action_of
from dunwell.channels.words import STATES as MESSAGE_STATES
from dunwell.compliance.models import ContactPoint
from dunwell.compliance.queries import budget
from dunwell.compliance.rules.purposes import OUTSIDE, offered
from dunwell.compliance.words import HOLDS
from dunwell.desk import timeline, words
from dunwell.desk.advice import advice
from dunwell.desk.balances import column_of, currencies_of, elsewhere, rows_of, tail_of
from dunwell.desk.reaching import CALLED, budget_of, party_types, point_of
from dunwell.desk.view import (
    BesideCase,
    Call,
    CasePage,
    Flag,
    HoldStrip,
    Lock,
    OpenPromise,
    Pin,
    PromiseTerms,
)
from dunwell.floor.queries.beside import Beside, beside
from dunwell.floor.words import ABUSE
from dunwell.frame.templatetags.frame import money, sentence
from dunwell.identity.models import User
from dunwell.kernel import times


def _language() -> str:
    return get_language() or "zh-hans"


def _flags(found: casework.CasePage) -> list[Flag]:
    case, flags = found.case, []
    flags.append(Flag({"zh-hans": _("Mandarin"), "en": _("English")}.get(case.party.language, case.party.language)))
    if case.promise_state:
        tone = {"kept": "ok", "partly_kept": "warn", "broken": "danger"}.get(case.promise_state, "")
        flags.append(Flag(words.PROMISE_STATES.get(case.promise_state, case.promise_state), tone))
    if case.first_payment_default:
        flags.append(Flag(_("first-payment default"), "warn"))
    flags += [
        Flag(
            {"staff": _("staff of the bank"), "sensitive": _("sensitive person")}.get(one["list"], one["list"]),
            "danger",
        )
        for one in found.lists
    ]
    for wish in found.wishes:
        if wish["kind"] == "debtor_window":
            flags.append(
                Flag(
                    _("own hours %(from)s–%(to)s")
                    % {"from": str(wish["window_from"])[:5], "to": str(wish["window_to"])[:5]}
                )
            )
        elif wish["kind"] == "no_third_party":
            flags.append(Flag(_("nobody else to be contacted"), "warn"))
        elif wish["kind"] == "opt_out":
            flags.append(
                Flag(_("no %(channel)s") % {"channel": words.CHANNELS.get(wish["channel"], wish["channel"])}, "warn")
            )
    roles = {role for _party, role, _relation, _name in found.people}
    flags.append(Flag(_("guarantor") if "guarantor" in roles else _("no guarantor")))
    if "joint_debtor" in roles:
        flags.append(Flag(_("joint debtor")))
    for account in found.accounts:
        if account.values["debit_reason"]:
            said = {
                "why": DEBIT_REASONS.get(account.values["debit_reason"], account.values["debit_reason"]),
                "day": account.values["debit_retry_on"], "tail": tail_of(account),
            }  # fmt: skip
            flags.append(Flag(_("auto-debit of %(tail)s failed: %(why)s; next try %(day)s") % said, "warn"))
    disputed = sum((account.values["disputed_amount"] or Decimal(0) for account in found.accounts), Decimal(0))
    flags.append(
        Flag(_("disputed %(amount)s") % {"amount": f"{disputed:,.2f}"}, "warn") if disputed else Flag(_("no dispute"))
    )
    return flags


def _knowing(found: casework.CasePage, today: date) -> list[Flag]:
    """Who needs care, and what was found out of him: old findings are said as such."""
    language = _language()
    flags = []
    for one in found.care:
        kind = vulnerability.kinds()[one["kind"]]
        flags.append(Flag(kind.name(language) if found.mine or not kind.limited else _("needs care"), "danger"))
    stands = [
        (one["kind"], one["code"], times.business_date(datetime.fromisoformat(one["at"]))) for one in found.findings
    ]
    for kind, one in findings.current(stands, today).items():
        name = findings.kinds()[kind].codes[one.code].name(language)
        flags.append(Flag(_("%(finding)s (of %(day)s)") % {"finding": name, "day": one.on} if one.old else name))
    return flags


def _lock(found: casework.CasePage, user: User) -> Lock:
    case = found.case
    if not user.may("case.work"):
        return Lock("read")
    if case.closed_on is not None:
        return Lock("closed")
    if found.mine:
        return Lock("mine", user.name(_language()), case.held_until)
    if found.held and case.held_by is not None:
        return Lock("other", case.held_by.name(_language()), case.held_until)
    return Lock("free")


def _terms(found: casework.CasePage) -> PromiseTerms | None:
    terms = found.terms
    if not terms.days or terms.past_due <= 0:
        return None
    first = terms.days[0][0]
    monday = first - timedelta(days=first.weekday())
    open_days = {day for day, working in terms.days if working}
    weeks: list[list[tuple[date, bool]]] = []
    while monday <= terms.last_day:
        weeks.append(
            [(monday + timedelta(days=ahead), monday + timedelta(days=ahead) in open_days) for ahead in range(7)]
        )
        monday += timedelta(days=7)
    share = (terms.least / terms.past_due).quantize(Decimal("0.01"))
    return PromiseTerms(terms.currency, terms.past_due, terms.least, share, terms.last_day, weeks, terms.parts)


def _call(found: casework.CasePage) -> Call | None:
    contact = found.open_contact
    if contact is None:
        return None
    party = contact["party_type"]
    return Call(
        contact_id=contact["id"],
        action=action_of(direction=contact["direction"], party=party),
        incoming=contact["direction"] == "in",
        outside=party in OUTSIDE,
        purpose=contact["purpose"],
        masked=contact["masked"] or _("number not known"),
        words=str(words.PARTY_TYPES.get(party, party)),
        reserved_at=datetime.fromisoformat(contact["reserved_at"]),
        expires_at=datetime.fromisoformat(contact["expires_at"]),
    )


def _open_promise(found: casework.CasePage, user: User, now: datetime) -> OpenPromise | None:
    for promise in found.promises:
        parts = promise["parts"] or []
        if promise["withdrawn"] or not any(part["state"] == "open" for part in parts):
            continue
        joint = any(part["payer"] for part in parts)
        missed = not_reminded(on=times.business_date(now), party_id=found.case.party_id) if joint else ()
        why = {(one.payer_id, one.due_date.isoformat()): one for one in missed}
        said = [
            (_("%(amount)s by %(day)s") % {"amount": money(part["amount"]), "day": part["due_date"]})
            + _promised_by(part, why.get((part["payer_id"], part["due_date"])))
            for part in parts
        ]
        made_on = date.fromisoformat(promise["made_on"])
        may = services.may_revise(recorded_by=promise["recorded_by"], made_on=made_on, user=user, now=now)
        return OpenPromise(promise["id"], sentence(said), may)
    return None


def _promised_by(part: Mapping[str, object], missed: NotReminded | None) -> str:
    """Who promised a part beside the person, and that no reminder of it reached him."""
    if not part["payer"]:
        return ""
    if missed is None or part["state"] != "open":
        return f" ({part['payer']})"
    why = missed.rule or (MESSAGE_STATES[missed.state] if missed.state else _("no text, line or contact point"))
    return _(" (%(name)s, not reminded: %(why)s)") % {"name": part["payer"], "why": why}


def _people(found: casework.CasePage) -> list[tuple[int, str]]:
    """Who may ring: the person, and those who have a part in his accounts."""
    others = {}
    for party_id, role, relation, name in found.people:
        said = [str(words.PARTY_ROLES.get(role, role)), str(words.RELATIONS.get(relation, relation))]
        others.setdefault(party_id, f"{name} {', '.join(filter(None, said))}")
    return [(found.case.party_id, f"{found.case.party.name_masked} {words.PARTY_TYPES['debtor']}"), *others.items()]


def _payers(found: casework.CasePage, now: datetime) -> list[tuple[int, str]]:
    """Who may promise a part beside him, by the policy's roles."""
    roles, others = policy(times.business_date(now)).payers, {}
    for party_id, role, _relation, name in found.people:
        if role in roles:
            others.setdefault(party_id, f"{name} {words.PARTY_ROLES.get(role, role)}")
    return list(others.items())


def about_of(accounts: Sequence[casework.AccountRow], asked: str) -> int | None:
    """Which account a dial is about: the one `asked` for (`all`: the whole person), else the only one that is late."""
    if asked == "all":
        return None
    late = [account.id for account in accounts if (account.values["past_due"] or 0) > 0]
    chosen = next((account.id for account in accounts if str(account.id) == asked), None)
    return chosen or (late[0] if len(late) == 1 else None)


def page_of(
    case_id: int,
    user: User,
    now: datetime,
    *,
    kind: str = "",
    before: int | None = None,
    about: str = "",
    read: Case | None = None,
) -> CasePage:
    """The whole page: casework's queries, the gate's and the floor's one; the dial is `about` an account.

    `read`: the case just read by `casework.whole`. Raises Case.DoesNotExist.
    """
    found = casework.case_page(case_id, user, now, read=read)
    account_id = about_of(found.accounts, about)
    case = found.case
    if kind or before:
        entries = casework.timeline(case.party_id, [kind] if kind else (), before, with_counts=False)
        found = replace(found, timeline=replace(entries, counts=found.timeline.counts))
    asked = [
        ContactPoint(
            pk=row.id,
            party_id=row.party_id,
            kind=row.kind,
            label=row.label,
            masked=row.masked,
            source=row.source,
            status=row.status,
            status_reason=row.status_reason,
        )
        for row in found.points
    ]
    types = party_types(found)
    purposes = {row.id: offered(types[row.party_id])[0] for row in found.points}
    gate = budget(
        case.party_id,
        now,
        case_id=case.pk,
        entity_id=user.entity_id,
        points=asked,
        purposes=purposes,
        account_id=account_id,
    )
    answers = {one.contact_point_id: one for one in gate.points}
    lock = _lock(found, user)
    stands = beside(case_id=case.pk, user_id=user.pk, language=_language(), now=now)
    call = _call(found)
    on_call = found.open_contact["point"] if found.open_contact else None
    points = [
        point_of(
            row, answers[row.id], party=types[row.party_id], on_call=on_call if call else None,
            may_dial=lock.state == "mine" and call is None,
        )
        for row in found.points
    ]  # fmt: skip
    accounts = [account for account in found.accounts if account.values["balance"] is not None][:4]
    currencies = currencies_of(accounts, case.currency)
    masked = {row.id: row.masked for row in found.points}
    pinned = found.pinned[0] if found.pinned else None
    as_of = max((account.values["business_date"] for account in accounts), default=case.business_date)  # type: ignore[type-var]
    return CasePage(
        case_no=case.case_no,
        case_id=case.pk,
        party_id=case.party_id,
        why=found.reason or _("Opened from a list"),
        name=case.party.name_masked,
        id_masked=case.party.id_masked,
        role=words.PARTY_ROLES["company" if case.party.kind == "company" else "primary"],
        flags=[*_knowing(found, times.business_date(now)), *_flags(found)],
        care=[_guidance(one) for one in found.care],
        days_delinquent=case.days_delinquent,
        bucket=case.bucket,
        stage=words.STAGES.get(case.stage, case.stage),
        past_due=case.past_due,
        currency=case.currency,
        as_of=as_of,
        columns=[column_of(account) for account in accounts],
        currencies=currencies,
        elsewhere=elsewhere(found),
        rows=rows_of(accounts, currencies) if accounts else [],
        points=points,
        budget=budget_of(gate, now),
        lock=lock,
        holds=[_hold(hold) for hold in found.holds],
        pin=Pin(pinned[0], "", pinned[1]) if pinned else None,
        timeline=timeline.shown(
            found.timeline, kind=kind, points=masked, today=times.business_date(now), pack=gate.pack
        ),
        advice=advice(found, points, gate, stands, now, mine=lock.state == "mine" and call is None),
        beside=_beside(stands),
        terms=_terms(found),
        call=call,
        pack=gate.pack.version,
        closed_on=case.closed_on,
        draft=found.draft or {},
        draft_saved_at=found.draft_saved_at,
        accounts=[(account.id, tail_of(account), account.currency) for account in found.accounts],
        about=account_id,
        owner=case.owner.name(_language()) if case.owner else "",
        promise=_open_promise(found, user, now),
        people=_people(found),
        payers=_payers(found, now),
        phones=[(point.id, f"{point.masked} {point.words}") for point in points if point.kind in CALLED],
    )


def _beside(stands: Beside) -> BesideCase:
    return BesideCase(
        taken_at=stands.taken_at,
        help_asked_at=stands.help_asked_at,
        abuse=(ABUSE[stands.abuse[0]], stands.abuse[1]) if stands.abuse else None,
        looking=[(one.name, one.at) for one in stands.looking],
        assists=sentence(stands.assists),
    )


def _guidance(one: dict) -> tuple[str, str]:
    return vulnerability.kinds()[one["kind"]].advice(_language()), one["ends_on"]


def _hold(hold: dict) -> HoldStrip:
    ends = datetime.fromisoformat(hold["ends_at"]) if hold["ends_at"] else None
    name = HOLDS.get(hold["kind"], hold["kind"])
    reason = hold["reason"] if not hold["reason"].startswith("call ") else ""
    return HoldStrip(name, reason, hold["account"] or "", ends, hold["amount"] and Decimal(hold["amount"]))
