"""`dunwell why`: the lines that sum to each figure of an account, from the tables that the night left in the lake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from dunwell.cli.environment import Refused

COMPONENTS = (
    "principal_retail",
    "principal_cash",
    "principal_instalment_billed",
    "principal_instalment_unbilled",
    "interest_on_balance",
    "interest_off_balance",
    "late_charge",
    "other_fees",
)
TABLES = ("account_state", "movement", "due", "closing")
RISK = "account_risk"  # a night of before the risk class was computed has none


def lines(*, account_no: str, business_date: date) -> Iterator[str]:
    """What is printed: a figure, then below it the lines that sum to it. Raises Refused."""
    from dunwell.engine import lake, session
    from dunwell.nightly.models import Run
    from dunwell.nightly.services.freezing import folder_of
    from dunwell.nightly.stays import stays

    run = Run.objects.filter(business_date=business_date, state=Run.State.PUBLISHED).order_by("-number").first()
    if run is None:
        raise Refused(f"No night was published for {business_date}.")
    folder: Path = folder_of(run) / "tables"
    with session.connect() as connection:
        for table in TABLES:
            if not (folder / f"{table}.parquet").exists():
                raise Refused(f"The tables of run {run.number} of {business_date} are not in the lake any more.")
            lake.read_parquet(connection, table, folder / f"{table}.parquet")
        classed = (folder / f"{RISK}.parquet").exists()
        if classed:
            lake.read_parquet(connection, RISK, folder / f"{RISK}.parquet")

        def rows(query: str) -> list[dict[str, object]]:
            cursor = connection.execute(query, [account_no])
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        states = rows("SELECT * FROM account_state WHERE account_no = ?")
        if not states:
            raise Refused(f"Account {account_no} was not in work on {business_date} (run {run.number}).")
        movements = rows(
            "SELECT posting_date, amount, counts FROM movement WHERE account_no = ? AND since_position ORDER BY posting_date"
        )
        dues = rows("SELECT due_date, statement_date, amount FROM due WHERE account_no = ? ORDER BY due_date DESC")
        (closing,) = rows("SELECT past_due_at_close, derived FROM closing WHERE account_no = ?")
        risk = rows("SELECT * FROM account_risk WHERE account_no = ?") if classed else []
    state = states[0]
    yield f"account {account_no}, {state['currency']}, business date {business_date}, run {run.number}"
    yield from _balance(state, movements)
    yield from _past_due(state, movements, closing)
    yield from _oldest_due(state, dues, business_date)
    yield from _history(stays(folder.parent, account_no=account_no, as_of=business_date))
    for found in risk:
        yield from _class(state, found)


def _history(stays: list[tuple[str, str, date, date | None]]) -> Iterator[str]:
    """The buckets it was in, by the dues and the money known: a payment for an earlier day changes them from that day."""
    if stays:
        yield _figure("buckets since", str(stays[0][2]))
    for _account, bucket, entered_on, left_on in stays:
        yield f"    {bucket:<44}{entered_on} – {left_on or ''}".rstrip()


def _class(state: dict[str, object], risk: dict[str, object]) -> Iterator[str]:
    """The class and what each table of classes says by itself; the worst of all is the class."""
    yield _figure("risk_class", str(risk["risk_class"]))
    said = (
        (f"CN-5T-CARD, {risk['days_unpaused']} days with grace, pauses not taken out", risk["card_class"]),
        (f"CN-5T-2023, {state['days_past_due']} calendar days", risk["asset_class"]),
    )
    for text, name in said:
        yield f"    {text:<44}{name!s:>18}"
    yield f"    {'the worse one wins; by':<44}{risk['risk_rule']!s:>18}"


def _line(text: str, amount: object) -> str:
    return f"    {text:<44}{Decimal(str(amount)):>18.2f}"


def _figure(name: str, value: object) -> str:
    return f"{name:<48}{value:>18}"


def _balance(state: dict[str, object], movements: list[dict[str, object]]) -> Iterator[str]:
    yield _figure("balance", f"{state['balance']:.2f}")
    found = Decimal(0)
    parts = [(name, state[name]) for name in COMPONENTS] + [("credit_balance", -state["credit_balance"])]  # type: ignore[operator]
    parts += [(f"posted {m['posting_date']}", -m["amount"]) for m in movements]  # type: ignore[operator]
    for name, amount in parts:
        if amount:
            found += Decimal(str(amount))
            yield _line(name, amount)
    if found != state["balance"]:  # the host's components do not sum to its balance
        yield _line("not explained by the host's components", state["balance"] - found)  # type: ignore[operator]


def _past_due(
    state: dict[str, object], movements: list[dict[str, object]], closing: dict[str, object]
) -> Iterator[str]:
    yield _figure("past_due", f"{state['past_due']:.2f}")
    found = Decimal(str(closing["past_due_at_close"]))
    said = "derived from statements and payments" if closing["derived"] else "the host's word"
    yield _line(f"at the close, {said}", found)
    for movement in movements:
        if movement["counts"]:
            found -= Decimal(str(movement["amount"]))
            yield _line(f"posted {movement['posting_date']}", -movement["amount"])  # type: ignore[operator]
    if found != state["past_due"]:
        rest = Decimal(str(state["past_due"])) - found
        why = "paid beyond what is past due" if found < 0 else "within the tolerance, or more than had become due"
        yield _line(why, rest)


def _oldest_due(state: dict[str, object], dues: list[dict[str, object]], as_of: date) -> Iterator[str]:
    """Payments go to the oldest due first, so what is past due is made of the newest dues."""
    yield _figure("days_past_due", str(state["days_past_due"]))
    yield _figure("days_delinquent", str(state["days_delinquent"]))
    yield _figure("bucket", str(state["bucket"]))
    yield _figure("oldest_due_date", str(state["oldest_due_date"] or "none"))
    left = Decimal(str(state["past_due"]))
    for due in dues:
        if left <= 0:
            break
        if due["due_date"] < as_of and due["amount"]:  # type: ignore[operator]
            part = min(left, Decimal(str(due["amount"])))
            left -= part
            yield _line(f"due {due['due_date']} of statement {due['statement_date']}", part)
    if left > 0:
        yield _line("from before the statements that are known", left)
