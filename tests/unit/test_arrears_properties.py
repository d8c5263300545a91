"""What holds for every history, whatever it is: money adds up, reversals leave no trace, nothing is rounded twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb
from duckdb import DuckDBPyConnection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dunwell.arrears.rules import allocation
from dunwell.arrears.rules.interest import History, accrue, figures
from dunwell.arrears.rules.schedule import rounded
from dunwell.engine import session
from dunwell.kernel.money import CENT, to_cent
from dunwell.nightly import program, sources
from tests.sizes import size
from tests.tables import put_rows
from tests.unit.test_arrears_ageing import Book, aged
from tests.unit.test_arrears_ageing import run as ageing
from tests.unit.test_arrears_interest import as_history, random_card

#: An example is a whole book: the programs run once over all its accounts. It is not made smaller when it fails, for that
#: takes minutes.
BOOKS = settings(max_examples=size(6, 1_000), phases=[Phase.explicit, Phase.reuse, Phase.generate])
D = date(2026, 11, 22)
DAY = timedelta(days=1)
COMPONENTS = [component for rank in allocation.in_parameters()[0].ranks for component in rank]
cents = st.integers(1, 500_000).map(lambda n: Decimal(n) / 100)


@dataclass(frozen=True)
class Receipt:
    """Paid so many days after the position; `back` was taken back again in that many parts, so many days later each."""

    after: int
    amount: Decimal
    counts: bool
    back: tuple[tuple[int, Decimal], ...] = ()


@dataclass(frozen=True)
class Account:
    """What is owed by component at the position, the dues behind it, and what came in since."""

    owed: tuple[tuple[str, Decimal], ...]
    dues: tuple[tuple[int, Decimal], ...]  # days before the position, newly asked for
    receipts: tuple[Receipt, ...]
    credit: Decimal = Decimal(0)


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    amount = draw(cents)
    taken = draw(st.integers(0, int(amount * 100))) if draw(st.booleans()) else 0
    first = draw(st.integers(0, taken))
    parts = tuple((draw(st.integers(0, 6)), Decimal(part) / 100) for part in (first, taken - first) if part)
    return Receipt(draw(st.integers(1, 6)), amount, draw(st.booleans()), parts)


accounts = st.builds(
    Account,
    owed=st.dictionaries(st.sampled_from(COMPONENTS), cents).map(lambda d: tuple(d.items())),
    dues=st.dictionaries(st.integers(-10, 130), cents, max_size=5).map(lambda d: tuple(sorted(d.items(), reverse=True))),
    receipts=st.lists(receipts(), max_size=5).map(tuple),
    credit=st.sampled_from([Decimal(0), Decimal("12.34")]),
)  # fmt: skip
books = st.lists(accounts, min_size=4, max_size=12)


def reassessed(book: list[Account], *, turned: bool = False) -> DuckDBPyConnection:
    """The day's own programs over the published position of some accounts and what came in since."""
    connection = session.connect(threads=1)
    for name, (_, types) in (sources.SOURCES | sources.STATES).items():
        sources.empty(connection, name, types)
    sources.empty(connection, "booking", sources.BOOKING)
    sources.empty(connection, "posting", sources.POSTING)
    program.numbers(connection, D)
    rows: dict[str, list[dict[str, object]]] = {}

    def put(table: str, **row: object) -> None:
        rows.setdefault(table, []).append(row)

    for nr, one in enumerate(book):
        of = {"account_no": f"A{nr:03d}"}
        late = [(D - DAY * back, amount) for back, amount in one.dues if back > 0]
        past_due, since = sum((amount for _, amount in late), Decimal(0)), late[0][0] if late else None
        balance = sum((amount for _, amount in one.owed), Decimal(0)) - one.credit
        put("candidate", **of, party_no=f"P{nr:03d}", currency="CNY", product="", closing_balance=balance,
            past_due_amount=past_due, overdue_since=since, periods_past_due=len(late), open_date=date(2020, 1, 1),
            credit_balance=one.credit, business_date=D, **dict.fromkeys(COMPONENTS, Decimal(0)) | dict(one.owed))  # fmt: skip
        put("position_before", **of, business_date=D, past_due_at_close=past_due, overdue_since=since)
        for place, (back, amount) in enumerate(one.dues, start=1):
            told = {"statement_date": D - DAY * (back + 20), "due_date": D - DAY * back, "amount": amount}
            put("due", **of, **told, minimum_payment=amount, nr=place, paid=0)
            put("due_before", **of, **told)
        for component, amount in one.owed:
            put("owed_before", **of, component=component, owed=amount)
        for place, paid in enumerate(one.receipts):
            number, day = nr * 100 + place, D + DAY * paid.after
            put("receipt", **of, payment_id=number, host_ref=f"R{number}", amount=paid.amount, posting_date=day,
                transaction_date=day, business_date=day, counts=paid.counts, provisional=False, answer="", anew=False,
                currency="CNY")  # fmt: skip
            for part, (later, amount) in enumerate(paid.back):
                put("taken_back", **of, payment_id=number, host_ref=f"V{number}-{part}", amount=amount,
                    posting_date=day + DAY * later, business_date=day + DAY * later, counts=paid.counts)  # fmt: skip
    for table, told in rows.items():
        put_rows(connection, table, (row.values() for row in (reversed(told) if turned else told)), ", ".join(told[0]))
    connection.execute("CREATE TABLE closing AS SELECT account_no, past_due_amount AS past_due_at_close,"
                       " overdue_since IS NULL AS derived FROM candidate")  # fmt: skip
    for step in (program.MOVEMENTS, *program.LATENESS[:3], program.ALLOCATE):
        step.run(connection)
    return connection


def table(connection: DuckDBPyConnection, name: str) -> list[tuple]:
    return connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()


@BOOKS
@given(books)
def test_what_payments_leave_of_the_components_sums_to_the_balance(book):
    """Two programs, one truth: the balance that is demanded, and what is left of each component after allocation."""
    connection = reassessed(book)
    wrong = connection.execute(
        """
        SELECT s.account_no, s.balance, o.owed, l.paid, l.credit FROM account_state AS s
        LEFT JOIN (SELECT account_no, sum(owed) AS owed FROM owed_before GROUP BY ALL) AS o USING (account_no)
        LEFT JOIN (
            SELECT account_no, sum(CASE WHEN component <> 'credit_balance' THEN amount ELSE 0 END) AS paid,
                   sum(CASE WHEN component = 'credit_balance' THEN amount ELSE 0 END) AS credit
            FROM allocation_line GROUP BY ALL
        ) AS l USING (account_no)
        WHERE s.balance <> coalesce(o.owed, 0) - coalesce(l.paid, 0) - s.credit_balance - coalesce(l.credit, 0)
        """
    ).fetchall()
    assert wrong == []
    spread = connection.execute(
        """
        SELECT r.payment_id, r.kept, sum(l.amount) FROM allocation_receipt AS r
        LEFT JOIN allocation_line AS l USING (payment_id) GROUP BY ALL HAVING r.kept <> coalesce(sum(l.amount), 0)
        UNION ALL
        SELECT 0, sum(o.owed), sum(l.amount) FROM (SELECT DISTINCT account_no, component, owed FROM owed_before) AS o
        JOIN (SELECT account_no, component, sum(amount) AS amount FROM allocation_line GROUP BY ALL) AS l
            USING (account_no, component)
        WHERE l.amount > o.owed
        """
    ).fetchall()
    assert [one for one in spread if one[1] is not None] == []


@BOOKS
@given(books, st.lists(st.tuples(st.integers(1, 6), cents, st.booleans(), st.integers(0, 6)), min_size=1, max_size=4))
def test_a_payment_and_its_reversal_leave_no_trace(book, pairs):
    """Any number of payments taken back whole, each on any later day: state and every other payment's lines are as if they
    had never come."""
    gone = tuple(Receipt(after, amount, counts, ((later, amount),)) for after, amount, counts, later in pairs)
    with_them = [replace(one, receipts=(*one.receipts, *gone)) for one in book]
    plain, troubled = reassessed(book), reassessed(with_them)
    for name in ("account_state", "allocation_line"):
        assert table(troubled, name) == table(plain, name)


@BOOKS
@given(books)
def test_the_order_in_which_the_rows_stand_does_not_matter(book):
    one, other = reassessed(book), reassessed(book, turned=True)
    for name in ("account_state", "allocation_line"):
        assert table(one, name) == table(other, name)


@dataclass(frozen=True)
class Month:
    """What a statement newly asks for; what is paid before the next one, and how much of each payment is taken back: at once,
    or after the next statement."""

    asks: Decimal
    paid: tuple[tuple[int, Decimal], ...]
    gone: tuple[tuple[int, int, Decimal, bool], ...]


months = st.lists(
    st.builds(
        Month, cents, st.lists(st.tuples(st.integers(1, 20), cents), max_size=2).map(tuple),
        st.lists(st.tuples(st.integers(1, 20), st.integers(1, 8), cents, st.booleans()), max_size=2).map(tuple),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def told_by_the_host(history: list[Month], *, with_gone: bool) -> Book:
    """The statements as a host prints them: what is unpaid on the day, and what is newly asked for. What is taken back after
    the next statement was counted as paid on it, and is asked for again on the one after it."""
    first = D - DAY * 28 * len(history)
    events: list[tuple[date, Decimal]] = []
    statements: list[tuple[date, date, Decimal]] = []
    unpaid = Decimal(0)
    for nr, month in enumerate(history):
        made = first + DAY * 28 * nr
        moved = sum((amount for day, amount in events if made - DAY * 28 < day <= made), Decimal(0))
        minimum = max(Decimal(0), unpaid - moved) + month.asks
        statements.append((made, made + DAY * 20, minimum))
        unpaid = minimum
        events += [(made + DAY * after, amount) for after, amount in month.paid]
        if with_gone:
            free = minimum - sum((amount for _, amount in month.paid), Decimal(0))
            for after, later, amount, across in month.gone:
                part = min(amount, free)
                if part <= 0 or (nr and any(day > made and amount < 0 for day, amount in events)):
                    continue
                free -= part
                events.append((made + DAY * after, part))
                events.append((made + DAY * (28 + later if across else min(28, after + later)), -part))
    return Book(D, statements, [event for event in events if event[0] <= D])


@BOOKS
@given(st.lists(months, min_size=4, max_size=12))
def test_dues_are_those_of_a_history_without_what_was_taken_back(histories):
    plain = [told_by_the_host(history, with_gone=False) for history in histories]
    troubled = [told_by_the_host(history, with_gone=True) for history in histories]
    # a reversal that has not come yet by the close is none
    pairs = [
        (a, b)
        for a, b in zip(plain, troubled, strict=True)
        if sum(p for _, p in a.payments) == sum(p for _, p in b.payments)
    ]
    if not pairs:
        return
    answers = []
    for side in range(2):
        told = [pair[side] for pair in pairs]
        connection = ageing(told)
        dues = connection.execute("SELECT account_no, due_date, amount FROM due ORDER BY ALL").fetchall()
        state = [(s["past_due"], s["oldest_due_date"], s["days_delinquent"], s["bucket"]) for s in aged(told)]
        answers.append((dues, state))
    assert answers[0] == answers[1]


@BOOKS
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 3)), min_size=10, max_size=40), st.randoms())
def test_interest_is_that_of_a_history_without_what_was_taken_back(seeds, chance):
    plain: list[History] = []
    troubled: list[History] = []
    for nr, (seed, count) in enumerate(seeds):
        card = random_card(seed)
        card = replace(card, taken_back=card.taken_back or [Decimal(0)] * len(card.payments))
        plain.append(as_history(nr, card))
        first, last = card.statements[0][0], card.statements[-1][0]
        never = [(first + DAY * chance.randrange(-20, (last - first).days + 40), Decimal(chance.randint(1, 400_000)) / 100)
                 for _ in range(count)]  # fmt: skip
        more = replace(card, payments=[*card.payments, *never], taken_back=[*card.taken_back, *(a for _, a in never)])
        troubled.append(as_history(nr, more))
    with session.connect(threads=1) as connection:
        answers = []
        for histories in (plain, troubled):
            accrue(connection, histories)
            answers.append(figures(connection))
    assert answers[0] == answers[1]


def test_lines_are_rounded_once_and_sum_to_their_figure():
    """Each line computed by hand, exact; the sum rounded once is the figure. By stretch or day: each of those, once."""
    cards = [random_card(seed) for seed in range(size(300, 20_000))]
    with session.connect() as connection:
        accrue(connection, [as_history(nr, card) for nr, card in enumerate(cards)])
        found = figures(connection, with_lines=True)
    seen = 0
    for nr, card in enumerate(cards):
        for figure in found[str(nr)]:
            lines = [line for line in figure.lines if line.days]
            exact = [Fraction(line.balance) * Fraction(line.rate) / line.per_days for line in lines]
            if card.rounding == "statement":
                total = half_up(sum((e * line.days for e, line in zip(exact, lines, strict=True)), Fraction(0)))
            elif card.rounding == "stretch":
                total = sum((half_up(e * line.days) for e, line in zip(exact, lines, strict=True)), Decimal(0))
            else:
                total = sum((half_up(e) * line.days for e, line in zip(exact, lines, strict=True)), Decimal(0))
            assert figure.interest == total, (card, figure)
            assert figure.interest == figure.on_balance + figure.off_balance
            assert to_cent(sum((line.amount for line in figure.lines), Decimal(0))) == figure.interest
            seen += len(lines) > 1
    assert seen > 50


def half_up(exact: Fraction) -> Decimal:
    """Away from nothing when it is half a cent: by whole numbers alone."""
    whole = int(abs(exact) * 200 + 1) // 2
    return Decimal(whole if exact >= 0 else -whole) / 100


@settings(max_examples=size(20, 1_000))
@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.sampled_from([3, 4, 5])), min_size=20, max_size=80))
def test_half_a_cent_goes_away_from_nothing_in_python_and_in_duckdb_alike(numbers):
    amounts = [Decimal(n) / 10**places for n, places in numbers] + [Decimal(s) for s in ("0.005", "-0.005", "-2.675")]
    expected = [half_up(Fraction(amount)) for amount in amounts]
    assert [to_cent(amount) for amount in amounts] == expected
    assert [rounded(amount, CENT, "half_up") for amount in amounts] == expected
    assert [amount.quantize(CENT, ROUND_HALF_UP) for amount in amounts] == expected
    with duckdb.connect() as connection:
        told = connection.execute(
            "SELECT round(CAST(unnest($given) AS DECIMAL(24, 10)), 2)", {"given": amounts}
        ).fetchall()
    assert [amount for (amount,) in told] == expected
