"""Builders: one a noun. Each makes what it needs, so that a test names only what it is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import make_password

from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case
from dunwell.casework.services import identity as identity_checks
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity, Role, Team, User
from dunwell.kernel.actor import Actor
from dunwell.portfolio import rules as portfolio_rules
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, AccountRole, Card, ContactPoint, Party, PartyIdentity

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)  # 10:30 in Beijing, a Monday
TODAY = date(2026, 11, 23)
PASSWORD = "a-password-of-tests"
_numbers = itertools.count(
    10_000
)  # past what tests write down, and of as many digits for all: sorted as they were made


def entity(code: str = "bank") -> Entity:
    kind = Entity.Kind.BANK if code == "bank" else Entity.Kind.AGENCY
    made, _ = Entity.objects.get_or_create(
        code=code, defaults={"kind": kind, "name_zh": "测试银行", "name_en": "Bank of Tests"}
    )
    return made


def team(code: str = "team-1", *, of: Entity | None = None) -> Team:
    made, _ = Team.objects.get_or_create(
        code=code, defaults={"entity": of or entity(), "name_zh": "一组", "name_en": "Team 1"}
    )
    return made


@cache
def _hashed() -> str:
    """The password's hash, made once: it is meant to be slow, and a suite makes thousands of users."""
    return make_password(PASSWORD)


def user(role: Role | str = Role.COLLECTOR, *, username: str = "", of: Entity | None = None, **fields: object) -> User:
    number = next(_numbers)
    return User.objects.create(
        username=username or f"{role}-{number}",
        password=_hashed(),
        staff_no=f"S{number:05}",
        name_zh=f"员工{number}",
        name_en=f"Staff {number}",
        entity=of or entity(),
        role=role,
        **{"team": team(of=of), "language": "en", **fields},
    )


def party(party_no: str = "", *, of: Entity | None = None, **fields: object) -> Party:
    return Party.objects.create(
        entity=of or entity(),
        party_no=party_no or f"P{next(_numbers):08}",
        **{"name_masked": "张*", "id_masked": "9**************1", "timezone": "Asia/Shanghai", **fields},
    )


def account(account_no: str = "", *, party: Party | None = None, currency: str = "CNY", **fields: object) -> Account:
    owner = party or globals()["party"]()
    made = Account.objects.create(
        entity=owner.entity,
        account_no=account_no or f"A{next(_numbers):08}",
        currency=currency,
        party=owner,
        **{"product": "standard", "cycle_day": 5, **fields},
    )
    AccountRole.objects.create(account_no=made.account_no, party=owner, role=AccountRole.Role.PRIMARY)
    return made


def case(*, party: Party | None = None, of: Entity | None = None, **fields: object) -> Case:
    owner = party or globals()["party"](of=of)
    number = next(_numbers)
    return Case.objects.create(
        entity=of or owner.entity,
        party=owner,
        **{
            "case_no": f"C-2611-{number:06}",
            "opened_on": TODAY,
            "run_id": 0,
            "business_date": TODAY,
            "currency": "CNY",
            "balance": Decimal("12000.00"),
            "past_due": Decimal("1500.00"),
            "days_delinquent": 35,
            "bucket": "M2",
            "stage": "early",
            "queue": "call",
            **fields,
        },
    )


# --- contact points, what is owed, messages (the gate and the channels) ---


def contact_point(*, party: Party, value: str = "", kind: str = "mobile", **fields: object) -> ContactPoint:
    """A number or address, sealed as the application seals it; equal values are one number, whoever has it."""
    text = value or f"190{next(_numbers):08}"
    digest, version = portfolio_rules.digest(settings.KEYS.search(), kind, text)
    return ContactPoint.objects.create(
        party=party,
        kind=kind,
        value_sealed=portfolio.seal_text(party_id=party.pk, text=text),
        digest=digest,
        digest_version=version,
        **{"source": "contract", "masked": f"{text[:3]}****{text[-4:]}", **fields},
    )


def identity(*, party: Party, name: str = "张三", id_no: str = "999999198703150013") -> PartyIdentity:
    """Who he is, as the bank's file tells it, and what else he can be asked for: his card and when it was opened."""
    for one in party.accounts.filter(open_date=None):
        Account.objects.filter(pk=one.pk).update(open_date=date(2021, 3, 9))
        Card.objects.create(
            entity=one.entity, account_no=one.account_no, token=f"t{next(_numbers):08}", last4="4417", kind="primary",
            digest=b"", digest_version=1, status="active",
        )  # fmt: skip
    return PartyIdentity.objects.create(
        party=party, name_sealed=portfolio.seal_text(party_id=party.pk, text=name), id_kind="resident_id",
        id_sealed=portfolio.seal_text(party_id=party.pk, text=id_no), digest=b"",
    )  # fmt: skip


#: What he answers who is built by `identity`.
ANSWERS = {"id_last4": "0013", "birth_day": "0315", "birth_year": "1987", "opened_on": "202103", "card_last4": "4417",
           "cycle_day": "05"}  # fmt: skip


def identified(contact: Contact, *, now: datetime = NOW) -> None:
    """The bank's other system identified whoever is on the line."""
    identity_checks.vouch(
        case_id=contact.case_id, contact_id=contact.pk, by=Actor.program("test"), now=now, key=f"vouched-{contact.pk}"
    )


def proof(party: Party) -> str:
    """A reference to evidence that is kept: a record of the log about the party."""
    row = evidence.write(kind="note.written", now=NOW, by=Actor.program("test"), party_id=party.pk)
    return f"log:{row.pk}"


def agency(code: str = "agency-1", *, debtors: Iterable[Party] = ()) -> Actor:
    """A published agency, of whom these debtors were told, as it acts by program."""
    made = entity(code)
    by, since = Actor.program("test"), NOW - timedelta(days=30)
    compliance.list_agency(
        agency_id=made.pk, telephone="4000000000", published_at="https://bank.example.cn", starts_on=since.date(),
        by=by, now=since,
    )  # fmt: skip
    for debtor in debtors:
        compliance.record_circumstance(
            party_id=debtor.pk, kind="agency_notice", agency_id=made.pk, evidence_ref=proof(debtor), by=by, now=since
        )
    return Actor.program("agency", entity_id=made.pk)


def account_state(*, account: Account, past_due: str = "1500.00", **fields: object) -> AccountState:
    """What is published of an account in work."""
    nothing = (
        "principal_cash principal_instalment_billed principal_instalment_unbilled interest_on_balance "
        "interest_off_balance late_charge other_fees disputed_amount credit_balance paid_since"
    )
    return AccountState.objects.create(
        account=account,
        past_due=Decimal(past_due),
        host_past_due=Decimal(past_due),
        **{
            **dict.fromkeys(nothing.split(), Decimal("0.00")),
            "run_id": 0,
            "business_date": TODAY,
            "principal_retail": Decimal("12000.00"),
            "credit_limit": Decimal("20000.00"),
            "minimum_payment": Decimal(past_due),
            "balance": Decimal("12000.00"),
            "oldest_due_date": date(2026, 10, 19),
            "due_date": date(2026, 11, 19),
            "periods_past_due": 2,
            "days_delinquent": 35,
            "bucket": "M2",
            "stage": "early",
            **fields,
        },
    )


def debtor(*, past_due: str = "1500.00", **fields: object) -> tuple[Party, ContactPoint, Case]:
    """A party who owes, with a mobile number and an open case."""
    owner = party(**fields)
    account_state(account=account(party=owner), past_due=past_due)
    return owner, contact_point(party=owner), case(party=owner)
