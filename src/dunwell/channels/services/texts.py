"""The approved texts, loaded from their files with their hash, and filled for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from types import MappingProxyType

from django.conf import settings
from django.db import connection, transaction

from dunwell.arrears.models import AccountState
from dunwell.channels.lines import line_for
from dunwell.channels.lines.reading import CHINESE
from dunwell.channels.models import Template
from dunwell.channels.queries import texts_in_force
from dunwell.channels.rules import HIDDEN, TABLE, Text, TextError, fill, read
from dunwell.compliance.queries import Asking, previews
from dunwell.identity.models import Entity
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Card, ContactPoint, Party

_loaded: set[str] = set()  # databases in which this process has seen the shipped texts


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it would leave, with the gate's advisory answer."""

    template: Template
    subject: str
    text: str
    decision: Decision


def shipped() -> list[Text]:
    """The texts of the package; TextError when one is malformed."""
    folder = files("dunwell.channels") / "texts"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return [text for f in found for text in read(f.read_text(encoding="utf-8"), f.name)]


def load_templates() -> int:
    """Insert the shipped texts that are not there yet; how many were.

    A text whose file changed under the same version raises TextError: what was approved is not edited.
    """
    name = str(connection.settings_dict["NAME"])
    if name in _loaded and Template.objects.filter(draft=None).exists():
        return 0
    known = {(t.code, t.version, t.language): t.sha256 for t in Template.objects.filter(draft=None)}
    new = []
    for text in shipped():
        before = known.get((text.code, text.version, text.language))
        if before is None:
            new.append(Template(**{field: getattr(text, field) for field in Text.__slots__}))
        elif before != text.sha256:
            raise TextError(
                f"{text.code} version {text.version} was changed after it was loaded: give it a new version."
            )
    with transaction.atomic():
        Template.objects.bulk_create(new, ignore_conflicts=True)
    _loaded.add(name)
    return len(new)


def template_for(code: str, language: str, on: date) -> Template:
    """The version in force, in the language or else in Chinese, as where the line has registered no text in the language.

    TextError when there is none.
    """
    load_templates()
    found = {template.language: template for template in texts_in_force(on, code=code)}
    template = found.get(language) or found.get(CHINESE)
    line = line_for(template.channel) if template else None
    if line is not None and not line.carries(code, template.version, template.language):
        template = found.get(CHINESE)
    if template is None:
        raise TextError(f"There is no approved text {code} in force on {on}.")
    return template


def values_of(wanted: Sequence[tuple[Party, str, str, int | None]]) -> list[dict[str, str]]:
    """What the placeholders say about parties now, in two queries: each as (party, language, case number, account).

    With an account they speak of that one alone.
    """
    states: dict[int, list[AccountState]] = defaultdict(list)
    for state in (
        AccountState.objects.filter(account__party_id__in={party.pk for party, *_ in wanted}, past_due__gt=0)
        .select_related("account")
        .order_by("oldest_due_date", "account_id")
    ):
        states[state.account.party_id].append(state)
    said = [
        [state for state in states[party.pk] if account in (None, state.account_id)] for party, _, _, account in wanted
    ]
    worst = [found[0].account.account_no for found in said if found]
    cards: dict[str, list[Card]] = defaultdict(list)
    for card in Card.objects.filter(account_no__in=worst).order_by("kind", "-id"):
        cards[card.account_no].append(card)
    return [
        _values(party, found, cards, language, case_no)
        for (party, language, case_no, _), found in zip(wanted, said, strict=True)
    ]


def _values(
    party: Party, states: list[AccountState], cards: Mapping[str, list[Card]], language: str, case_no: str
) -> dict[str, str]:
    """The published figures, by currency, the worst account first."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for state in states:
        sums[state.account.currency] += state.past_due
        owed[state.account.currency] += state.balance
    worst = states[0] if states else None
    his = cards.get(worst.account.account_no, []) if worst else []
    card = next((card for card in his if card.status == "active"), None) or next(iter(his), None)
    return {
        "name": party.name_masked,
        "bank": party.entity.name(language),
        "amount": ", ".join(f"{currency} {amount:,.2f}" for currency, amount in sums.items()),
        "balance": ", ".join(f"{currency} {amount:,.2f}" for currency, amount in owed.items()),
        "due_date": worst.oldest_due_date.isoformat() if worst and worst.oldest_due_date else "",
        "last4": card.last4 if card else (worst.account.account_no[-4:] if worst else ""),
        "as_of": worst.business_date.isoformat() if worst else "",
        "case_no": case_no,
        "table": TABLE[language],
        "link": f"{settings.CARDHOLDER_URL}{HIDDEN['link']}" if settings.CARDHOLDER_URL else "",
        "code": HIDDEN["code"],
    }


def beside(person: Party, language: str, bank: Entity) -> dict[str, str]:
    """What the placeholders say to somebody beside the debtor: his own name and the bank, nothing of the debt."""
    return {"name": person.name_masked, "bank": bank.name(language)}


def render(
    party: Party,
    template: Template,
    *,
    case_no: str,
    account_id: int | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
    person: Party | None = None,
) -> tuple[str, str]:
    """Subject and text as they leave, with what is `said` in place of the published figures; to a `person` beside the
    party nothing but that. TextError names a value that is not known."""
    if person is None:
        (values,) = values_of([(party, template.language, case_no, account_id)])
    else:
        values = beside(person, template.language, party.entity)
    return written(template, values | dict(said), party.entity)


def written(template: Template, values: Mapping[str, str], bank: Entity) -> tuple[str, str]:
    """Subject and text, an SMS under the bank's name as its line has it registered. TextError names what is not known."""
    body = template.body
    line = line_for("sms") if template.channel == "sms" else None
    registered = line.options.get("signature") if line else ""
    if registered in (bank.name_zh, bank.name_en):
        body = body.replace("【{bank}】", f"【{registered}】", 1)
    return fill(template.subject, values), fill(body, values)


def preview(
    *,
    party_id: int,
    contact_point_id: int,
    template_code: str,
    now: datetime,
    case_id: int | None = None,
    case_no: str = "",
    account_id: int | None = None,
) -> Shown:
    """The text as it would leave now, and what the gate would say. Writes nothing but the shipped texts."""
    party = Party.objects.select_related("entity").get(pk=party_id)
    ContactPoint.objects.get(pk=contact_point_id, party_id=party_id)
    template = template_for(template_code, party.language, business_date(now))
    subject, text = render(party, template, case_no=case_no, account_id=account_id)
    asking = Asking(
        party_id, party_id, contact_point_id, template.channel, template.purpose, case_id, account_id=account_id
    )
    (decision,) = previews([asking], now=now)
    return Shown(template=template, subject=subject, text=text, decision=decision)
