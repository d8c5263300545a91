"""Documents of arrangements as signed PDF: the agreement with its contents, and certificates."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dunwell.arrangements.models import Arrangement
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

    The same arrangement gives the same figures whenever it is asked for: they are its own, not today's.
    """
    found = Arrangement.objects.select_related("account", "entity").get(pk=arrangement_id)
    identity = portfolio.reveal_identity(
        party_id=found.party_id, by=by, now=now, case_id=found.case_id, reason=f"agreement {found.pk}"
    )
    made = documents.pdf(
        room="arrangements", name="agreement", language=language, now=now,
        data={
            **contents(found, language), "author": found.entity.name(language), "bank": found.entity.name(language),
            "name": identity.name, "identity": identity.id_no,
            "date": now.astimezone(BANK_ZONE).date().isoformat(),
        },
    )  # fmt: skip
    evidence.write(
        kind="arrangement.printed", now=now, by=by, entity_id=found.entity_id, party_id=found.party_id,
        account_id=found.account_id, case_id=found.case_id,
        data={"arrangement": found.pk, "product": found.product, "language": language},
    )  # fmt: skip
    return documents.signed(made, reason=TITLES[found.product][1], now=now)


def contents(found: Arrangement, language: str) -> dict[str, object]:
    """What an agreement says beyond names: the six contents of Art 70 and the whole cost, as texts."""
    chinese = not language.startswith("en")

    def t(zh: str, en: str) -> str:
        return zh if chinese else en

    owed, rows = found.terms["owed"], list(found.instalments.order_by("position"))
    waived = [(t(*PARTS[part]), money(given)) for part, given in found.waived.items()]
    many = sum(row.position > 0 for row in rows)
    held = t("已在分期中的余额不在本协议内。", "Balances in instalments already are not part of it.")
    if found.terms["with_instalments"]:
        held = t("其中已在分期中的余额转入本协议。", "Balances in instalments are taken in.")
    ways = t(
        f"按月分 {many} 期偿还，币种 {found.currency}，存入本账户。{held}",
        f"{many} monthly instalments in {found.currency}, paid into the account. {held}",
    )
    once = t(
        f"于到期日前一次还清，币种 {found.currency}，存入本账户。",
        f"Paid in one amount in {found.currency} by the due date, into the account.",
    )
    grace, revival = found.grace_days, found.revival_days
    breach = t(
        f"任何一期在到期日后 {grace} 日内仍未足额偿还的，构成违约，发卡行可恢复催收，已减免的息费恢复计收。",
        f"An instalment that is not paid in full within {grace} days after its date is a breach: collection may resume,"
        " and what was waived is owed again.",
    )
    again = t(
        f"违约后 {revival} 日内补足的，协议恢复履行，最多 {found.revivals} 次；逾此终止。",
        f" Paid in full within {revival} days after that, the agreement goes on, {found.revivals} times at most; then it ends.",
    )
    return {
        "title": t(*TITLES[found.product]), "product": found.product, "number": str(found.pk),
        "account": f"{found.account.account_no}", "currency": found.currency,
        "structure": [
            (t("本金（未分期）", "Principal not in instalments"), money(owed["principal"])),
            (t("本金（已分期）", "Principal in instalments"), money(owed["in_instalments"])),
            (t("利息", "Interest"), money(owed["interest"])), (t("费用", "Fees"), money(owed["fees"])),
            (t("溢缴款", "Credit"), money(owed["credit"])), (t("本协议金额", "Amount of this agreement"), money(found.amount)),
        ],
        "cycle": ways if found.unit == "months" and many > 1 else once,
        "instalments": [
            (str(r.position or t("首付", "first")), r.due_date.isoformat(), money(r.principal), money(r.interest), money(r.amount))
            for r in rows
        ],
        "interest": t(*INTEREST[found.terms["interest"]]),
        "waived": t("减免：", "Waived: ") + t("、", ", ").join(f"{name} {given}" for name, given in waived)
        + t("；违约时恢复。", "; owed again on breach.") if waived else t("无减免。", "Nothing is waived."),
        "breach": breach + (again if found.revivals else ""),
        "disclosure": [
            (t("融资本金", "Financed"), money(found.financed)), (t("利息合计", "Interest in all"), money(found.cost)),
            (t("其他收费", "Other charges"), money(ZERO)), (t("综合融资成本合计", "Whole cost"), money(found.cost)),
            (t("年化综合融资成本（单利，12×月利率）", "A year (12 × the month's rate)"), f"{found.annual_rate_percent:.4f}%"),
            (t("年化综合融资成本（复利）", "A year, compounded"), f"{Decimal(found.terms['compounded']):.4f}%"),
        ],
    }  # fmt: skip
