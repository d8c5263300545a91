"""Every figure of a day leads to rows that add up to it, in its currency and entity, also after money went back."""

from __future__ import annotations

import csv
import io
import re
import uuid
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from dunwell.arrangements.models import Promise, PromiseWithdrawal
from dunwell.casework import services as casework
from dunwell.casework.models import Ownership
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.compliance.queries import in_force
from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.oversight import queries, rules, words
from dunwell.oversight.pages.shown import heat_table
from dunwell.payments import services as payments
from tests import build

pytestmark = pytest.mark.django_db
BY = Actor.program("tests")


def today() -> date:
    return timezone.now().astimezone(BANK_ZONE).date()


def of(day: date | None = None, *, currency: str = "CNY", **more) -> queries.Scope:
    return queries.Scope(day or today(), timezone.now().astimezone(BANK_ZONE), build.entity().pk, currency, **more)


def contact(by, party, outcome: str, channel: str = "call") -> None:
    key = uuid.uuid4()
    made = Contact.objects.create(
        entity=party.entity, party=party, person=party, channel=channel, purpose="collection", token=key, key=str(key),
        expires_at=timezone.now(), local_date=today(), reserved_at=timezone.now(), by_id=by.pk,
    )  # fmt: skip
    ContactOutcome.objects.create(contact=made, outcome=outcome, recorded_at=timezone.now(), key=f"o-{key}")


def paid(account, amount: str, ref: str, **more):
    return payments.receive(
        account_id=account.pk, amount=Decimal(amount), currency=account.currency, posting_date=today(),
        transaction_date=today(), host_ref=ref, source="typed", by=BY, now=timezone.now(), **more,
    )  # fmt: skip


def promise(by, party, *amounts: str, currency: str = "CNY") -> None:
    made = Promise.objects.create(
        entity=party.entity, party=party, currency=currency, made_on=today(), recorded_at=timezone.now(),
        recorded_by=by.pk, key=str(uuid.uuid4()),
    )  # fmt: skip
    for position, amount in enumerate(amounts):
        made.parts.create(
            position=position, due_date=today(), amount=amount, received=amount, state=("kept", "broken")[position]
        )


@pytest.fixture
def busy_day(db):
    """Two collectors, four parties, two currencies, an agency beside them; money that came, went back, and was announced."""
    first, second = build.user(), build.user()
    accounts = [build.account() for _ in range(3)]
    dollars = build.account(party=accounts[0].party, currency="USD")
    for account in accounts:
        build.account_state(account=account)
    for account, outcome in zip(accounts, ("connected_rpc", "connected_wpc", "no_answer"), strict=True):
        contact(first, account.party, outcome)
    contact(second, accounts[0].party, "no_answer")
    contact(second, accounts[1].party, "connected_rpc", "visit")
    contact(second, accounts[2].party, "nothing_left")
    promise(first, accounts[0].party, "60.00", "40.00")
    promise(second, accounts[1].party, "30.00")
    promise(second, accounts[0].party, "9.00", currency="USD")
    paid(accounts[0], "100.00", "R1")
    paid(accounts[1], "50.00", "R2", provisional=True)
    paid(dollars, "7.00", "R3")
    taken = paid(accounts[2], "20.00", "R4")
    payments.reverse(
        payment_id=taken.pk, amount=Decimal("20.00"), posting_date=today(), host_ref="V4", by=BY, now=timezone.now()
    )
    part = paid(accounts[0], "30.00", "R5")
    payments.reverse(
        payment_id=part.pk, amount=Decimal("5.00"), posting_date=today(), host_ref="V5", by=BY, now=timezone.now()
    )
    stranger = build.account(party=build.party(of=build.entity("agency-1")))
    paid(stranger, "1000.00", "R6")
    contact(first, stranger.party, "connected_rpc")
    cases = [build.case(party=account.party, opened_on=today() - timedelta(days=5)) for account in accounts]
    leader = build.user(Role.TEAM_LEADER).actor
    casework.hand_out(
        cases=[one.pk for one in cases], owners=[first.pk, second.pk], by=leader, now=timezone.now(), key="k"
    )
    return first, second, accounts


def test_every_figure_of_the_day_is_the_sum_of_its_rows(busy_day):
    for currency, received, promised in (("CNY", "175.00", "130.00"), ("USD", "7.00", "9.00"), ("EUR", "0", "0")):
        scope = of(currency=currency)
        day, rows = queries.day(scope), queries.collectors(scope)
        heads = queries.productivity(rows)
        steps = {step.name: step for step in day.funnel}

        def total(figure: str, column: str, scope: queries.Scope = scope, **more):
            return queries.behind(figure, replace(scope, **more)).total(column)

        assert day.received == total("received", "amount") == Decimal(received)
        assert (day.calls, day.connected, day.reached) == (4, 2, 1)
        assert [total("calls", name) for name in ("calls", "connected", "reached")] == [4, 2, 1]
        assert (day.judged, day.kept) == (total("kept", "judged"), total("kept", "kept"))
        assert (day.blocked, day.review) == (total("gate", "blocked"), total("gate", "review"))
        assert day.working == total("telephone", "working") == 2
        assert day.holding == total("holding", "cases")
        for name, step in steps.items():
            assert step.parties == total(name, "parties")
            if step.amount is not None:
                assert step.amount == total(name, "amount")
        assert steps["promised"].amount == Decimal(promised)
        assert heads.received == total("productivity", "received")
        assert heads.working == total("productivity", "working")
        assert (heads.cases, heads.owners) == (total("owners", "cases"), total("owners", "owners")) == (3, 2)
        for row in rows:
            mine = {"collector": row.user_id}
            assert row.contacts == total("contacts", "contacts", **mine)
            assert row.reached == total("contacts", "reached", **mine)
            assert row.promises == total("promises", "promises", **mine)
            assert row.promised == total("promises", "promised", **mine)
            assert row.received == total("received", "amount", **mine)
            assert row.cases == total("owned", "cases", **mine)
        assert sum(row.contacts for row in rows) == total("contacts", "contacts") == 5
    first, second, _ = busy_day
    received = {row.user_id: row.received for row in queries.collectors(of())}
    assert (received[first.pk], received[second.pk]) == (Decimal("125.00"), Decimal("50.00"))


def test_an_answered_announcement_counts_once(busy_day):
    account = busy_day[2][1]
    before = queries.day(of()).received
    paid(account, "50.00", "H2")  # the host posts what was announced as R2
    assert queries.day(of()).received == before == queries.behind("received", of()).total("amount")


def test_a_withdrawn_promise_is_not_a_promise(busy_day):
    first = Promise.objects.order_by("id").first()
    PromiseWithdrawal.objects.create(promise=first, reason="by mistake", recorded_at=timezone.now())
    assert {step.name: step.amount for step in queries.day(of()).funnel}["promised"] == Decimal("30.00")
    assert queries.behind("kept", of()).total("judged") == 1


def test_the_stages_lead_to_the_accounts_as_they_stand_now(busy_day, client):
    first, second, accounts = busy_day
    build.account_state(account=build.account(currency="USD"), past_due="3.00")
    accounts[0].state.past_due = Decimal("0.00")  # a payment of today
    accounts[0].state.save()
    for currency in ("CNY", "USD"):
        for row in queries.stages(currency, entity_id=build.entity().pk):
            below = queries.live_accounts(entity_id=build.entity().pk, currency=currency, stage=row.stage)
            assert (row.accounts, row.balance, row.past_due) == (
                len(below.rows), sum(r.balance for r in below.rows), sum(r.past_due for r in below.rows)
            )  # fmt: skip
            assert (below.accounts, below.balance, below.past_due) == (row.accounts, row.balance, row.past_due)
    page = queries.live_accounts(entity_id=build.entity().pk, currency="CNY", limit=1)
    rest = queries.live_accounts(entity_id=build.entity().pk, currency="CNY", limit=5, after=page.more_after)
    assert len(page.rows) + len(rest.rows) == page.accounts == 2


def test_own_cases_are_those_of_the_day_s_owner(busy_day):
    first, second, _ = busy_day
    yesterday = today() - timedelta(days=1)
    case = Ownership.objects.filter(owner=first).first().case
    Ownership.objects.create(
        case=case, owner=second, starts_on=yesterday - timedelta(days=2), recorded_at=timezone.now(), key="earlier"
    )
    owned = {row.user_id: row.cases for row in queries.collectors(of(yesterday))}
    assert (owned[first.pk], owned[second.pk]) == (0, 1)
    case.closed_on = yesterday
    case.save(update_fields=["closed_on"])
    assert {row.user_id: row.cases for row in queries.collectors(of(yesterday))}[second.pk] == 0
    before = of(yesterday - timedelta(days=1))
    assert {row.user_id: row.cases for row in queries.collectors(before)}[second.pk] == 1


def test_who_has_left_keeps_the_days_on_which_he_worked(busy_day):
    first, *_ = busy_day
    first.is_active = False
    first.save()
    assert first.pk in {row.user_id for row in queries.collectors(of())}


def manager(role: Role = Role.MANAGER) -> Client:
    client = Client()
    client.force_login(build.user(role), backend="dunwell.identity.backends.Backend")
    return client


def links(page: str) -> set[str]:
    return {
        href.replace("&amp;", "&") for href in re.findall(r'href="(/(?:reports/behind|portfolio/accounts)[^"]+)"', page)
    }


def test_every_figure_on_the_pages_has_its_rows_its_formula_and_its_files(busy_day):
    client = manager()
    page = client.get("/reports/day").content.decode()
    figures = re.findall(r"<dl class=\"kpi.*?</dl>", page, re.S)[0]
    assert figures.count("<dt>") == figures.count("<summary") == figures.count('<a href="/reports/behind') == 8
    assert page.count(">175.00<") >= 1
    for cell in re.findall(r'<td class="n">(.*?)</td>', page.split("<tbody>")[1]):
        assert not cell or cell.startswith("<a "), cell
    for address in sorted(links(page)):
        answer = client.get(address)
        assert answer.status_code == 200, address


@pytest.mark.parametrize("figure", sorted(queries.FIGURES))
def test_the_file_of_a_figure_holds_all_its_rows_and_the_log_says_who_took_it(busy_day, figure):
    answer = manager().get(f"/reports/behind/{figure}.csv?currency=CNY")
    mark, _, text = answer.content.decode().partition("\n")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert mark.startswith("# No. ") and mark.endswith(f"| {len(rows)} rows")
    found = queries.behind(figure, of())
    assert len(rows) == len(found.rows)
    for name in found.adds:
        assert sum(Decimal(row[name]) for row in rows) == found.total(name)
    assert Log.objects.get(kind="report.exported").data["rows"] == len(rows)
    assert manager(Role.LEGAL).get(f"/reports/behind/{figure}.csv").status_code == 403
    assert manager().get(f"/reports/behind/{figure}.xlsx").content[:2] == b"PK"
    assert set(found.columns) <= set(words.COLUMNS) and figure in words.FIGURES and figure in words.FORMULAS


@pytest.mark.parametrize("bad", ["/reports/behind/none", "/reports/behind/calls?day=x", "/reports/behind/calls?collector=x",
                                 "/reports/day?day=2999-01-01", "/reports/behind/calls.pdf"])  # fmt: skip
def test_what_is_not_there_is_not_found(busy_day, bad):
    assert manager().get(bad).status_code == 404


def test_a_row_of_the_heat_map_holds_what_left_the_book_and_adds_up_to_the_whole():
    moved = [("M1", "M0", 2, Decimal(30)), ("M1", "M2", 1, Decimal(50)), ("M1", "none", 1, Decimal(20))]
    made = rules.matrix(date(2026, 10, 31), moved)
    row = next(row for row in heat_table(made, None, currency="CNY")["rows"] if row["bucket"] == "M1")
    assert sum(cell["value"] or 0 for cell in row["cells"]) == 100
    assert row["cells"][-1]["value"] == 20 and "to=none" in row["cells"][-1]["href"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_the_gate_refused_is_called_what_the_rules_page_calls_it(client, language):
    party, point, _ = build.debtor()
    night = datetime.combine(today(), time(23, 30), BANK_ZONE)
    compliance.reserve(party_id=party.pk, contact_point_id=point.pk, channel="call", key="k", by=BY, now=night)
    client.force_login(build.user(Role.COMPLIANCE, language=language))
    shown, rules_page = (client.get(path).content.decode() for path in ("/reports/behind/gate", "/rules"))
    title = in_force(today()).rules["CN-TIME-NIGHT"].title
    called = title.en if language == "en" else title.zh
    assert f'{called} <span class="code">CN-TIME-NIGHT</span>' in shown and f"<b>{called}</b>" in rules_page
