"""A random book: what is stored is what the same programs make of the same facts, account by account and in PostgreSQL."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection

from dunwell.arrears.models import AllocationLine, Due
from dunwell.engine import lake, session
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from dunwell.nightly.computed import compute
from dunwell.nightly.services.freezing import folder_of
from dunwell.nightly.stays import stays
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account
from tests import build, nights
from tests.sizes import size

D = date(2026, 11, 22)
DAY = timedelta(days=1)
BY = Actor.program("tests")
ACCOUNTS = size(16, 600)
PARTS = ("principal_retail", "principal_cash", "interest_on_balance", "late_charge", "other_fees")


def cents(chance: random.Random, most: int) -> Decimal:
    return Decimal(chance.randint(1, most)) / 100


def book(chance: random.Random, day: date) -> list[dict]:
    """Accounts with a past due amount by the host's word, or without one; each balance the sum of its components."""
    rows = []
    for nr in range(ACCOUNTS):
        parts = {part: cents(chance, 300_000) for part in PARTS if chance.random() < 0.7}
        balance = sum(parts.values(), Decimal(0))
        told = chance.random() < 0.6
        since = day - DAY * chance.randint(1, 200)
        rows.append(
            nights.position(
                f"A{nr}", f"P{nr // 2}", balance=str(balance), past_due=str(min(balance, cents(chance, 90_000))) if told else None,
                since=since if told else None, principal_retail=Decimal(0),
            ) | parts
        )  # fmt: skip
    return rows


def files(chance: random.Random) -> None:
    """Three statements an account, a purchase before each and money after it, some of it taken back."""
    statements, transactions = [], []
    for nr in range(ACCOUNTS):
        cycle = chance.randint(1, 20)
        for month in (8, 9, 10):
            made = date(2026, month, cycle)
            minimum = cents(chance, 60_000)
            statements.append({
                "account_no": f"A{nr}", "currency": "CNY", "statement_date": made, "due_date": made + DAY * 20,
                "statement_balance": minimum * chance.randint(1, 9), "minimum_payment": minimum,
            })  # fmt: skip

            def told(ref: str, day: date, kind: str, amount: Decimal, **more: object) -> None:
                transactions.append({
                    "account_no": f"A{nr}", "host_ref": ref, "posting_date": day, "transaction_date": day, "type": kind,  # noqa: B023
                    "amount": amount, "currency": "CNY", **more,
                })  # fmt: skip

            told(f"S{nr}-{month}", made - DAY * chance.randint(0, 10), "purchase", cents(chance, 200_000))
            if chance.random() < 0.7:
                paid = cents(chance, 80_000)
                told(f"R{nr}-{month}", made + DAY * chance.randint(1, 25), "repayment", paid)
                if chance.random() < 0.3:
                    told(f"V{nr}-{month}", made + DAY * chance.randint(26, 30), "reversal", paid,
                         reverses_ref=f"R{nr}-{month}")  # fmt: skip
    nights.taken("statements", D - DAY, statements)
    nights.taken("transactions", D - DAY, transactions)


def money_comes(chance: random.Random, day: date) -> None:
    for nr, account in enumerate(Account.objects.order_by("account_no")):
        if chance.random() < 0.5:
            paid = payments.receive(
                account_id=account.pk, amount=cents(chance, 90_000), currency="CNY", posting_date=day, transaction_date=day,
                host_ref=f"H{nr}-{day}", source="file", by=BY, now=build.NOW, business_date=day,
            )  # fmt: skip
            if chance.random() < 0.4:
                payments.reverse(
                    payment_id=paid.pk, amount=chance.choice([paid.amount, Decimal("0.01")]), posting_date=day,
                    host_ref=f"B{nr}-{day}", by=BY, now=build.NOW,
                )  # fmt: skip


def published() -> dict[str, list[tuple]]:
    """PostgreSQL's derived columns, without the numbers of the rows and the times of writing."""
    found = {}
    with connection.cursor() as cursor:
        for name, but in (
            ("arrears_accountstate", ("id", "run_id", "updated_at", "business_date")),
            ("casework_case", ("run_id", "updated_at", "business_date")),
        ):
            cursor.execute(f"SELECT * FROM {name} LIMIT 0")
            columns = [column.name for column in cursor.description if column.name not in but]
            cursor.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1, 2")
            found[name] = cursor.fetchall()
    dues = ("account_id", "statement_date", "due_date", "minimum_payment", "amount")
    lines = ("payment_id", "position", "component", "amount", "rule")
    found["dues"] = list(Due.objects.order_by(*dues).values_list(*dues))
    found["lines"] = list(AllocationLine.objects.order_by(*lines).values_list(*lines))
    return found


def the_stays_of_the_whole_book_are_those_of_each_account(seen: list[str]) -> None:
    """However many are worked out at once, and however long before another one an account's history begins."""
    whole = stays(business_date=D)
    assert stays(business_date=D, at_once=3) == whole
    for account_no in seen[:: size(4, 10)]:
        assert [stay for stay in whole if stay[0] == account_no] == compute(
            account_no=account_no, business_date=D
        ).stays
    assert len(whole) > len(seen)


def test_recomputing_from_facts_gives_what_is_stored(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    chance = random.Random(20261128)
    for nr in range(ACCOUNTS // 2 + 1):
        build.party(f"P{nr}")
    files(chance)
    for day in (D - DAY, D):
        nights.taken("accounts", day, book(chance, day))
        run = services.run(business_date=day, now=build.NOW, by=BY)
        if day < D:
            money_comes(chance, D)
    with session.connect(threads=1) as duck:
        for table in ("account_state", "account_risk", "account_interest", "due"):
            lake.read_parquet(duck, table, folder_of(run) / "tables" / f"{table}.parquet")

        def stored(query: str, account_no: str) -> list[dict]:
            cursor = duck.execute(query, [account_no])
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        seen = [row[0] for row in duck.execute("SELECT account_no FROM account_state ORDER BY ALL").fetchall()]
        assert len(seen) > ACCOUNTS * 0.8
        for account_no in chance.sample(seen, size(5, 100)):
            again = compute(account_no=account_no, business_date=D)
            assert [again.state] == stored("SELECT * FROM account_state WHERE account_no = ?", account_no)
            assert [again.risk] == stored("SELECT * FROM account_risk WHERE account_no = ?", account_no)
            interest = stored("SELECT * FROM account_interest WHERE account_no = ?", account_no)
            assert ([again.interest] if again.interest else []) == interest
            told = [(d["due_date"], d["amount"]) for d in again.dues]
            kept = stored("SELECT * FROM due WHERE account_no = ? ORDER BY due_date DESC", account_no)
            assert told == [(d["due_date"], d["amount"]) for d in kept]

    the_stays_of_the_whole_book_are_those_of_each_account(seen)

    money_comes(chance, D + DAY)
    services.reassess(now=build.NOW)
    before = published()
    assert before["lines"] and before["dues"] and before["casework_case"]
    everybody = sorted(set(Account.objects.values_list("party_id", flat=True)))
    assert services.reassess(now=build.NOW, party_ids=everybody) == len(everybody)
    assert published() == before
