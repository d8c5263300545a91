"""Documents of arrangements as signed PDF: the agreement with its contents, and certificates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dunwell.arrangements.models import Arrangement
from dunwell.arrangements.queries.agreements import Agreement, parts_of
from dunwell.arrangements.rules.agreements import Row
from dunwell.arrangements.services.instructing import named
from dunwell.evidence import documents
from dunwell.evidence import services as evidence
from dunwell.frame.templatetags.frame import money
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.portfolio import services as portfolio

ZERO = Decimal("0.00")
TITLES = {
    "instalment_plan": ("分期还款协议", "Instalment agreement"),
    "personalised_plan": ("个性化分期还款协议", "Personalised instalment agreement"),
    "deferral": ("延期还款协议", "Deferral agreement"),
    "settlement": ("减免结清协议", "Settlement agreement"),
    "waiver": ("息费减免协议", "Waiver agreement"),
    "disaster_pause": ("灾害暂停还款协议", "Agreement on a pause"),
}
INTEREST = {
    "stops": (
        "履行期间停止计收利息、违约金及其他费用；年费不另收取。",
        "While it is performed no interest, late charge or other fee accrues; no annual fee is charged.",
    ),
    "agreed": (
        "履行期间按本协议列示的各期利息计收，不再另计利息和违约金；年费不另收取。",
        "While it is performed the interest of each instalment is charged, and no other interest or late charge; no annual fee.",
    ),
    "runs_on": (
        "延期期间利息按领用合约继续计收，估算数见综合融资成本。",
        "Interest runs on by the cardholder contract; the estimate stands under the whole cost.",
    ),
}
PARTS = {"interest": ("利息", "interest"), "fees": ("费用", "fees"), "principal": ("本金", "principal")}


@transaction.atomic
def agreement(*, arrangement_id: int, language: str, by: Actor, now: datetime) -> bytes:
    """The agreement as PDF with the bank's signature, the person's name in clear; whoever made it stands in the log.

    A combined plan is one paper, whichever of its parts is named: each account's lines, and their sums.
    The same arrangement gives the same figures whenever it is asked for: they are its own, not today's.
    """
    parts = parts_of(Arrangement.objects.select_related("account", "combined", "entity").get(pk=arrangement_id))
    whole = Agreement(tuple(parts))
    found = whole.lead
    identity = portfolio.reveal_identity(
        party_id=found.party_id, by=by, now=now, case_id=found.case_id, reason=f"agreement {found.pk}"
    )
    made = documents.pdf(
        room="arrangements", name="agreement", language=language, now=now,
        data={
            **contents(whole, language), "author": found.entity.name(language), "bank": found.entity.name(language),
            "name": identity.name, "identity": identity.id_no,
            "date": now.astimezone(BANK_ZONE).date().isoformat(),
        },
    )  # fmt: skip
    evidence.write(
        kind="arrangement.printed", now=now, by=by, entity_id=found.entity_id, party_id=found.party_id,
        account_id=found.account_id, case_id=found.case_id, data={**named(parts), "language": language},
    )  # fmt: skip
    return documents.signed(made, reason=TITLES[found.product][1], now=now)


def contents(whole: Agreement, language: str) -> dict[str, object]:
    """What an agreement says beyond names: the six contents of Art 70 and the whole cost, as texts."""
    chinese, found = not language.startswith("en"), whole.lead

    def t(zh: str, en: str) -> str:
        return zh if chinese else en

    def instalments(rows: Iterable[Row]) -> list[tuple[str, ...]]:
        return [
            (str(r.position or t("首付", "first")), r.due_date.isoformat(), money(r.principal), money(r.interest), money(r.amount))
            for r in rows
        ]  # fmt: skip

    def structure(part: Arrangement) -> list[tuple[str, str]]:
        owed, forgiven = part.terms["owed"], sum(map(Decimal, part.waived.values()), ZERO)
        return [
            (t("本金（未分期）", "Principal not in instalments"), money(owed["principal"])),
            (t("本金（已分期）", "Principal in instalments"), money(owed["in_instalments"])),
            (t("利息", "Interest"), money(owed["interest"])), (t("费用", "Fees"), money(owed["fees"])),
            (t("溢缴款", "Credit"), money(owed["credit"])),
            (t("本协议金额", "Amount of this agreement"), money(part.amount)),
            *([(t("其中减免", "Of it waived"), money(forgiven))] if several and forgiven else []),
        ]  # fmt: skip

    waived = [(t(*PARTS[part]), money(given)) for part, given in whole.waived.items()]
    many, several = sum(line.position > 0 for line in whole.lines), len(whole.parts) > 1
    into = t("分别存入各账户", "paid into each account") if several else t("存入本账户", "paid into the account")
    held = t("已在分期中的余额不在本协议内。", "Balances in instalments already are not part of it.")
    if found.terms["with_instalments"]:
        held = t("其中已在分期中的余额转入本协议。", "Balances in instalments are taken in.")
    ways = t(
        f"按月分 {many} 期偿还，币种 {found.currency}，{into}。{held}",
        f"{many} monthly instalments in {found.currency}, {into}. {held}",
    )
    once = t(
        f"于到期日前一次还清，币种 {found.currency}，{into}。",
        f"Paid in one amount in {found.currency} by the due date, {into}.",
    )
    one = (
        t("任何一个账户的任何一期", "An instalment of any of the accounts")
        if several
        else t("任何一期", "An instalment")
    )
    grace, revival = found.grace_days, found.revival_days
    breach = t(
        f"{one}在到期日后 {grace} 日内仍未足额偿还的，构成违约，发卡行可恢复催收，已减免的息费恢复计收。",
        f"{one} that is not paid in full within {grace} days after its date is a breach: collection may resume,"
        " and what was waived is owed again.",
    )
    again = t(
        f"违约后 {revival} 日内补足的，协议恢复履行，最多 {found.revivals} 次；逾此终止。",
        f" Paid in full within {revival} days after that, the agreement goes on, {found.revivals} times at most; then it ends.",
    )
    return {
        "title": t(*TITLES[found.product]), "product": found.product, "number": str(found.pk),
        "account": t("、", ", ").join(part.account.account_no for part in whole.parts), "currency": found.currency,
        "parts": [
            {
                "account": part.account.account_no, "structure": structure(part),
                "instalments": instalments(part.instalments.order_by("position")),
            }
            for part in whole.parts
        ],
        "sum": {
            "structure": [(t("本协议金额合计", "Amount of this agreement in all"), money(whole.amount))],
            "instalments": instalments(whole.lines),
        },
        "cycle": ways if found.unit == "months" and many > 1 else once,
        "interest": t(*INTEREST[found.terms["interest"]]),
        "waived": t("减免：", "Waived: ") + t("、", ", ").join(f"{name} {given}" for name, given in waived)
        + t("；违约时恢复。", "; owed again on breach.") if waived else t("无减免。", "Nothing is waived."),
        "breach": breach + (again if found.revivals else ""),
        "disclosure": [
            (t("融资本金", "Financed"), money(whole.financed)), (t("利息合计", "Interest in all"), money(whole.cost)),
            (t("其他收费", "Other charges"), money(ZERO)), (t("综合融资成本合计", "Whole cost"), money(whole.cost)),
            (t("年化综合融资成本（单利，12×月利率）", "A year (12 × the month's rate)"), f"{whole.annual_rate_percent:.4f}%"),
            (t("年化综合融资成本（复利）", "A year, compounded"), f"{whole.compounded_percent:.4f}%"),
        ],
    }  # fmt: skip
