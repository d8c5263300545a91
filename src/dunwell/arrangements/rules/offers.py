"""What may be offered to somebody, what it costs to the cent, and which rule forbids the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal

import numpy as np

from dunwell.arrangements.rules.products import PARTS, PRODUCTS, Product, combined, product, refusal, statutory_longest
from dunwell.arrangements.rules.promises import in_force
from dunwell.arrangements.rules.reckoning import Reckoned, in_all, reckoned
from dunwell.arrangements.rules.sharing import shares
from dunwell.arrears.rules.day_count import later
from dunwell.arrears.rules.rates import FinancingCost
from dunwell.arrears.rules.schedule import Instalment
from dunwell.kernel.calendar import Calendar
from dunwell.kernel.decision import Reason
from dunwell.kernel.money import to_cent

ZERO = Decimal("0.00")
BESIDE = 3  # offers that are shown side by side
#: Standings that bind nothing.
OVER = frozenset({"refused", "rejected", "lapsed", "cancelled", "replaced", "ended", "terminated", "died"})


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed on one account, in its currency; `in_instalments` is principal that an earlier plan holds."""

    principal: Decimal
    in_instalments: Decimal
    interest: Decimal
    fees: Decimal
    credit: Decimal = ZERO

    @property
    def whole(self) -> Decimal:
        return self.principal + self.in_instalments + self.interest + self.fees - self.credit

    def of(self, part: str) -> Decimal:
        """What is owed of a part that may be forgiven; principal is that which no plan holds."""
        return {"interest": self.interest, "fees": self.fees, "principal": self.principal}[part]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the person and the account on a day. `earlier`: products agreed before, each with its day.

    `left` is what is left to him a month after living cost, None where nobody asked. `parts` are the accounts of a
    situation of several taken together.
    """

    owed: Owed
    past_due: Decimal
    days_delinquent: int
    left: Decimal | None = None
    known: frozenset[str] = frozenset()  # circumstances, willing, disaster
    earlier: tuple[tuple[str, date], ...] = ()
    running: bool = False
    differs: bool = False
    died: bool = False
    changing: bool = False  # a running plan is to be changed into another
    days_then: int = 0  # how late he was when that plan was proposed
    to_pay: Decimal | None = None  # then what that plan wants next, with what is overdue of it
    account_no: str = ""  # by which a reason names the account, where there are several
    parts: tuple[Situation, ...] = ()

    @property
    def accounts(self) -> tuple[Situation, ...]:
        return self.parts or (self,)


def together(situations: Sequence[Situation]) -> Situation:
    """Several accounts of one person, issuer and currency as one: what is owed and past due in all, as late as the latest."""
    if len(situations) == 1:
        return situations[0]
    first = situations[0]
    to_pay = [one.to_pay for one in situations if one.to_pay is not None]
    owed = Owed(*(sum((getattr(one.owed, each.name) for one in situations), ZERO) for each in fields(Owed)))
    return Situation(
        owed=owed, past_due=sum((one.past_due for one in situations), ZERO),
        days_delinquent=max(one.days_delinquent for one in situations), left=first.left, known=first.known,
        differs=any(one.differs for one in situations), died=any(one.died for one in situations),
        changing=first.changing, days_then=max(one.days_then for one in situations),
        to_pay=sum(to_pay, ZERO) if to_pay else None,
        parts=tuple(situations),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """The terms that somebody wants: how long (in the product's unit), what is paid at once, what is forgiven, and on which
    day of the month instalments are due (None: as the product has it)."""

    code: str
    term: int
    first_payment: Decimal = ZERO
    waived: dict[str, Decimal] = field(default_factory=dict)
    due_day: int | None = None

    @property
    def waived_in_all(self) -> Decimal:
        return sum(self.waived.values(), ZERO)


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer, to the cent. `amount` is what it is about, `financed` what is paid by the instalments beyond their cost.

    `cost` is what is paid beyond `financed`, `financing` its disclosure; `monthly` the highest instalment a month. `parts`
    are the shares of several accounts, in their order: of everything but the rate it is the sum of them.
    """

    product: Product
    wish: Wish
    amount: Decimal
    financed: Decimal
    rows: tuple[Instalment, ...]
    cost: Decimal
    financing: FinancingCost | None
    left_after: Decimal | None
    parts: tuple[Offer, ...] = ()

    @property
    def monthly(self) -> Decimal:
        return max(row.payment for row in self.rows)

    @property
    def monthly_by_account(self) -> list[Decimal]:
        """What each account has of the highest instalment; of an offer for one account nothing."""
        highest = max(range(len(self.rows)), key=lambda at: self.rows[at].payment)
        return [part.rows[highest].payment for part in self.parts]

    @property
    def first_due(self) -> date:
        return self.rows[0].due_date

    @property
    def last_due(self) -> date:
        return self.rows[-1].due_date

    @property
    def paid_in_all(self) -> Decimal:
        return self.wish.first_payment + sum((row.payment for row in self.rows), ZERO)

    @property
    def months(self) -> int:
        """The term in whole months, as mandates count it; days are a month at most."""
        return self.wish.term if self.product.unit == "months" else 1

    @property
    def annual_rate_percent(self) -> Decimal:
        """The true annual rate (12 × the month's rate of the flows); nothing where it costs nothing."""
        return self.financing.annual_rate_percent if self.financing else ZERO

    @property
    def compounded_percent(self) -> Decimal:
        """The same, compounded."""
        return self.financing.compounded_percent if self.financing else Decimal("0.0000")


def amount_of(owed: Owed, past_due: Decimal, terms: Product) -> Decimal:
    """What a product is about: what is past due, or the balance, without what is in instalments where it may not be."""
    if terms.basis == "past_due":
        return past_due
    return owed.whole if terms.with_instalments else owed.whole - owed.in_instalments


def apart(situation: Situation, wish: Wish, *, on: date, issuer: str = "") -> list[Wish]:
    """The wish of each account: its share of what is paid at once, by the rule of the day, and of each part that is waived."""
    accounts = situation.accounts
    terms, rule = product(wish.code, on, issuer), combined(on, issuer)
    by = [
        max(one.past_due if rule.first_payment_by == "past_due" else amount_of(one.owed, one.past_due, terms), ZERO)
        for one in accounts
    ]
    paid = shares(wish.first_payment, by)
    waived = {part: shares(given, [one.owed.of(part) for one in accounts]) for part, given in wish.waived.items()}
    return [
        replace(wish, first_payment=paid[at], waived={part: given[at] for part, given in waived.items() if given[at]})
        for at in range(len(accounts))
    ]


def offer(situation: Situation, wish: Wish, *, on: date, calendar: Calendar, issuer: str = "") -> Offer:
    """Reckon the terms, whether or not they may be offered (`forbidden`). ValueError where there is nothing to reckon.

    Of several accounts each has its own plan, as it would have alone, and the offer is what they come to together.
    """
    terms, wishes = product(wish.code, on, issuer), apart(situation, wish, on=on, issuer=issuer)
    amounts = [amount_of(one.owed, one.past_due, terms) for one in situation.accounts]
    financed = [amount - one.first_payment - one.waived_in_all for amount, one in zip(amounts, wishes, strict=True)]
    if min(financed) <= 0 or wish.term < 1:
        raise ValueError("nothing is left to be paid by instalments")
    cents = np.array([int(one * 100) for one in financed])
    made = reckoned(terms, term=wish.term, financed=cents, on=on, calendar=calendar, due_day=wish.due_day)
    parts = tuple(_offer(terms, each, amounts[at], financed[at], made, at) for at, each in enumerate(wishes))
    whole = parts[0]
    if situation.parts:
        made = in_all(made, financed=cents, on=on)
        whole = replace(_offer(terms, wish, sum(amounts, ZERO), sum(financed, ZERO), made, 0), parts=parts)
    if situation.left is None or terms.shape != "instalments":
        return whole
    return replace(whole, left_after=situation.left - whole.monthly)


def _offer(terms: Product, wish: Wish, amount: Decimal, financed: Decimal, made: Reckoned, at: int) -> Offer:
    rows = tuple(
        Instalment(nr, day, *map(_yuan, figures))
        for nr, (day, *figures) in enumerate(
            zip(
                made.dates, made.rows.principal[:, at], made.rows.interest[:, at], made.rows.payment[:, at],
                made.rows.balance_after[:, at], strict=True,
            ), start=1,
        )
    )  # fmt: skip
    cost, financing = _yuan(made.cost[at]), None
    if cost:
        financing = FinancingCost(
            principal=financed, charges=(("interest", cost),), total=cost, annual_rate_percent=_percent(made.annual_rate[at]),
            compounded_percent=_percent(made.compounded[at]), on_default=(),
        )  # fmt: skip
    return Offer(terms, wish, amount, financed, rows, cost, financing, None)


def _yuan(cents: np.int64) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)


def _percent(ten_thousandths: np.int64) -> Decimal:
    return Decimal(int(ten_thousandths)).scaleb(-4)


def forbidden(
    situation: Situation, wish: Wish, *, by_role: str, on: date, calendar: Calendar, issuer: str = ""
) -> tuple[Reason, ...]:
    """Every rule that forbids these terms to this person today; nothing where they may be offered."""
    terms = product(wish.code, on, issuer)
    owed, found = situation.owed, [*_accounts(situation, terms, on, issuer), *_person(situation, terms)]
    if by_role not in terms.offered_by:
        found.append(refusal("P-WHO"))
    amount = amount_of(owed, situation.past_due, terms)
    if amount <= 0:
        return (*found, _nothing(owed, terms))
    if amount < terms.least:
        found.append(refusal("P-LEAST", amount=amount, least=terms.least))
    if terms.most is not None and amount > terms.most:
        found.append(refusal("P-MOST", amount=amount, most=terms.most))
    least = to_cent(amount * terms.first_payment)
    if wish.first_payment < least:
        found.append(refusal("P-FIRST-PAYMENT", paid=wish.first_payment, least=least))
    found += _waived(owed, wish, terms)
    if wish.term not in terms.choices:
        found.append(refusal("P-CHOICE", choices=", ".join(map(str, terms.choices))))
    found += _due_day(wish, terms, on)
    if any(reason.rule == "P-DUE-DAY" for reason in found):
        return tuple(found)  # nothing can be reckoned with such a day
    longest = terms.longest_for(amount)
    if wish.term > longest:
        found.append(refusal("P-TERM", longest=longest, term=wish.term))
    if terms.code == "personalised_plan" and wish.term > statutory_longest(on):
        found.append(refusal("CN-ART70-TERM", longest=statutory_longest(on)))
    if wish.first_payment + wish.waived_in_all >= amount:
        return (*found, refusal("P-FIRST-TOO-MUCH"))
    unfit = _unfit(situation, wish, terms, on, issuer)
    if unfit:
        return (*found, *unfit)
    if terms.share_of_left is not None and situation.left is not None and wish.term >= 1:
        monthly = offer(situation, wish, on=on, calendar=calendar, issuer=issuer).monthly
        if monthly > to_cent(situation.left * terms.share_of_left):
            found.append(refusal("P-ABILITY", monthly=monthly, left=situation.left))
    return tuple(found)


def _accounts(situation: Situation, terms: Product, on: date, issuer: str) -> list[Reason]:
    """What stands against the product for an account, or for several together: how late each is, what was agreed of it before."""
    found: list[Reason] = []
    if situation.parts:
        most = combined(on, issuer).accounts
        if not terms.several:
            found.append(refusal("P-SEVERAL"))
        if len(situation.parts) > most:
            found.append(refusal("P-SEVERAL-MOST", most=most, accounts=len(situation.parts)))
    for one in situation.accounts:
        found += [_of(one, reason) if situation.parts else reason for reason in _account(one, terms, on)]
    return found


def _account(situation: Situation, terms: Product, on: date) -> list[Reason]:
    found: list[Reason] = []
    if situation.running:
        found.append(refusal("P-RUNNING"))
    days, last = max(situation.days_delinquent, situation.days_then), terms.last_day
    if days < terms.first_day or (last is not None and days > last):
        rule = "P-DAYS-FROM" if last is None else "P-DAYS"
        found.append(refusal(rule, days=days, first=terms.first_day, last=last))
    since = later(on, "months", -terms.often_months)
    times = sum(code == terms.code and day > since for code, day in situation.earlier)
    if times >= terms.often_times:
        found.append(refusal("P-OFTEN", times=terms.often_times, months=terms.often_months))
    return found


def _of(situation: Situation, reason: Reason) -> Reason:
    """A reason that is about one of several accounts, naming it."""
    no = situation.account_no
    return replace(reason, text_zh=f"账户 {no}：{reason.text_zh}", text_en=f"Account {no}: {reason.text_en}")


def _nothing(owed: Owed, terms: Product) -> Reason:
    again = terms.basis == "balance" and not terms.with_instalments and owed.in_instalments > 0
    return refusal("CN-INST-AGAIN" if again else "P-BASIS")


def _unfit(situation: Situation, wish: Wish, terms: Product, on: date, issuer: str) -> list[Reason]:
    """Of several accounts those with nothing to agree on, or nothing left of their share for the instalments."""
    found: list[Reason] = []
    if not situation.parts:
        return found
    for one, its in zip(situation.parts, apart(situation, wish, on=on, issuer=issuer), strict=True):
        amount = amount_of(one.owed, one.past_due, terms)
        if amount <= 0:
            found.append(_of(one, _nothing(one.owed, terms)))
        elif its.first_payment + its.waived_in_all >= amount:
            found.append(_of(one, refusal("P-SHARE")))
    return found


def _person(situation: Situation, terms: Product) -> list[Reason]:
    """What stands against the product before any terms are named: the person's state and what is known of him."""
    found: list[Reason] = []
    if situation.died:
        found.append(refusal("P-DEATH"))
    if situation.changing and (terms.basis != "balance" or "plan_booking" not in terms.instructions):
        found.append(refusal("P-CHANGE"))
    if terms.code == "settlement" and situation.differs:
        found.append(refusal("P-DIFFERENCE"))
    for need in terms.needs:
        if not _met(need, situation):
            found.append(refusal(_UNMET[need] if terms.code == "personalised_plan" else _UNMET_OTHERWISE[need]))
    return found


_UNMET = {"circumstances": "CN-ART70-CIRCUMSTANCES", "unable": "CN-ART70-UNABLE", "willing": "CN-ART70-WILLING"}
_UNMET_OTHERWISE = {"willing": "P-WILLING", "disaster": "P-DISASTER"}


def _met(need: str, situation: Situation) -> bool:
    """Unable means that what is left to him in a month does not pay what is past due (A: Art 70 gives no measure), or what
    the running plan wants next where that is to be changed."""
    if need == "unable":
        to_pay = situation.past_due if situation.to_pay is None else max(situation.to_pay, situation.past_due)
        return situation.left is not None and situation.left < to_pay
    return need in situation.known


def _waived(owed: Owed, wish: Wish, terms: Product) -> list[Reason]:
    found = []
    for part in PARTS:
        most = to_cent(owed.of(part) * terms.waives[part])
        if wish.waived.get(part, ZERO) > most:
            found.append(refusal(f"P-WAIVE-{part.upper()}", most=most))
    if "waiver" in terms.instructions and not wish.waived_in_all:
        found.append(refusal("P-WAIVE-NOTHING"))
    return found


def _due_day(wish: Wish, terms: Product, on: date) -> list[Reason]:
    may = in_force("due_day", on)
    if wish.due_day is None or (terms.shape == "instalments" and may["first"] <= wish.due_day <= may["last"]):
        return []
    return [refusal("P-DUE-DAY", first=may["first"], last=may["last"])]


@dataclass(frozen=True, slots=True)
class Refused:
    """A product that may not be offered today, with every rule that forbids it."""

    product: Product
    reasons: tuple[Reason, ...]


def beside(
    situation: Situation,
    *,
    by_role: str,
    on: date,
    calendar: Calendar,
    issuer: str = "",
    first_payment: Decimal = ZERO,
    due_day: int | None = None,
    months: int | None = None,
) -> tuple[list[Offer], list[Refused]]:
    """Two or three offers to lay side by side, and why not the others; none of more than so many `months`, where said.

    Of each product the shortest term that he can afford; where there is room, its longest term too. A settlement or
    waiver is shown with all of the interest and fees that the product forgives.
    """
    offered: list[list[Offer]] = []
    refused: list[Refused] = []
    for code in PRODUCTS:
        terms = product(code, on, issuer)
        possible, reasons = [], ()
        for wish in _wishes(situation, terms, first_payment, due_day, months):
            reasons = forbidden(situation, wish, by_role=by_role, on=on, calendar=calendar, issuer=issuer)
            if not reasons:
                possible.append(offer(situation, wish, on=on, calendar=calendar, issuer=issuer))
        if possible:
            offered.append(possible)
        else:
            refused.append(Refused(terms, reasons))
    chosen = [each[0] for each in offered][:BESIDE]
    for each in offered:
        if len(chosen) < BESIDE and len(each) > 1:
            chosen.append(each[-1])
    return sorted(chosen, key=lambda one: (PRODUCTS.index(one.product.code), one.wish.term)), refused


def _wishes(
    situation: Situation, terms: Product, first_payment: Decimal, due_day: int | None, months: int | None
) -> Sequence[Wish]:
    amount = max(amount_of(situation.owed, situation.past_due, terms), ZERO)
    paid = max(first_payment, to_cent(amount * terms.first_payment)) if terms.shape == "instalments" else ZERO
    # principal is forgiven by hand only, and of what is past due no interest: the host goes on charging it
    parts = (
        () if "waiver" not in terms.instructions else ("fees",) if terms.basis == "past_due" else ("interest", "fees")
    )
    most = {part: to_cent(situation.owed.of(part) * terms.waives[part]) for part in parts}
    waived = {part: given for part, given in most.items() if given}
    terms_in_reach = [term for term in terms.choices if term <= terms.longest_for(amount)] or [terms.choices[0]]
    if months is not None and terms.unit == "months":
        terms_in_reach = [term for term in terms_in_reach if term <= months]
    day = due_day if terms.shape == "instalments" else None
    return [Wish(terms.code, term, paid, waived, day) for term in terms_in_reach]
