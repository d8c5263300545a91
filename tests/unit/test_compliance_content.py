"""What no outgoing text may say, in both languages, and what it has to say."""

import csv
from datetime import date
from pathlib import Path

import pytest

from dunwell.channels.services.texts import shipped as texts
from dunwell.compliance import shipped
from dunwell.compliance.rules.content import Outgoing, scan

PACK = shipped.pack_on(date(2026, 11, 24))
SIGNED = "【测试银行】"


ROWS = list(csv.DictReader((Path(__file__).parent.parent / "data" / "texts.csv").open(encoding="utf-8")))


def found(text, *, channel="sms", party="debtor", tails=("1234",), domains=("bank.example",), first=True, pack=PACK):
    return {
        (finding.rule, finding.category)
        for finding in scan(Outgoing(text, channel, party, "demand", tails, domains, first), pack)
    }


@pytest.mark.parametrize(
    ("text", "rule", "category"),
    [
        ("我是派出所民警，请立即还款", "CN-BAN-1", "false_authority"),
        ("受法院委托通知您", "CN-BAN-1", "false_authority"),
        ("公安机关将对您传唤", "CN-BAN-1", "false_authority"),
        ("This is the police about your card", "CN-BAN-1", "false_authority"),
        ("An arrest warrant has been issued", "CN-BAN-1", "false_authority"),
        ("再不还后 果 自 负", "CN-BAN-2", "threat"),
        ("你这个老赖", "CN-BAN-2", "threat"),
        ("我们将曝光您的通讯录", "CN-BAN-2", "threat"),
        ("Pay now or else", "CN-BAN-2", "threat"),
        ("We know where you live", "CN-BAN-2", "threat"),
        ("逾期将影响您子女上学", "CN-BAN-3", "exaggerated_consequence"),
        ("不还款就要坐牢", "CN-BAN-3", "exaggerated_consequence"),
        ("今天强制执行您的房产", "CN-BAN-3", "exaggerated_consequence"),
        ("You will go to jail", "CN-BAN-3", "exaggerated_consequence"),
        ("All your accounts will be frozen", "CN-BAN-3", "exaggerated_consequence"),
        ("您已被列入黑名单", "CN-BAN-3", "invented_blacklist"),
        ("You will be blacklisted", "CN-BAN-3", "invented_blacklist"),
        ("我们将通知您的单位领导", "CN-TP-DISCLOSURE", "disclosure_threat"),
        ("We will inform your employer", "CN-TP-DISCLOSURE", "disclosure_threat"),
        ("可为您办理新的低息贷款", "CN-BAN-4", "new_loan"),
        ("上门费由您承担", "CN-BAN-4", "new_loan"),
        ("Take a new loan to repay", "CN-BAN-4", "new_loan"),
        ("请转账至以下账户", "CN-PAYEE", "other_payee"),
        ("请扫码付款", "CN-PAYEE", "other_payee"),
        ("请还至 6222 0000 0000 0000 999", "CN-PAYEE", "other_payee"),
        ("您尾号9876的信用卡已逾期", "CN-PAYEE", "other_payee"),
        ("Please pay my personal account", "CN-PAYEE", "other_payee"),
        ("点击 http://bit.ly/x 还款", "CN-LINK", "foreign_link"),
        ("见 https://bank.example@evil.com/pay", "CN-LINK", "foreign_link"),
        ("登录 bank-example.top 还款", "CN-LINK", "foreign_link"),
        ("登录evilbank.example.cn还款", "CN-LINK", "foreign_link"),
    ],
)
def test_what_a_text_may_not_say_is_found_with_its_rule(text, rule, category):
    assert (rule, category) in found(SIGNED + text)
    finding = next(f for f in scan(Outgoing(SIGNED + text, "sms", own_tails=("1234",)), PACK) if f.category == category)
    assert finding.excerpt and finding.citation


@pytest.mark.parametrize(
    "text",
    [
        "您尾号1234的信用卡已逾期 1,500.00 元，最低还款额请于今日还款。如已还款请忽略。",
        "如需协商还款，请登录 https://card.bank.example/plan 或致电客服。",
        "您的卡号 6222000000001234 本期账单应还 20,000.00 元。",
        "We may take the matter to court under the agreement. Please repay your card ending 1234.",
        "本行保留依法提起诉讼的权利。",
        "您可申请个性化分期，详询客服。",
        "截至2026-11-23 1500元未还，案件编号 C-2611-000001。",
    ],
)
def test_a_plain_demand_passes(text):
    assert found(SIGNED + text) == set()


@pytest.mark.parametrize(
    ("text", "ok"),
    [("请您转告张先生回电本行客服。", True), ("请转告张先生偿还信用卡欠款。", False), ("He owes us 3,000 yuan", False)],
)
def test_nothing_about_the_debt_goes_to_a_third_party(text, ok):
    rules = {rule for rule, _ in found(SIGNED + text, party="third_unrelated")}
    assert ("CN-TP-DISCLOSURE" not in rules) is ok


def test_a_text_message_names_its_sender():
    assert found("请尽快还款", first=False) == {("CN-SMS-SIGNED", "signature")}
    assert found("请尽快还款", channel="email", first=False) == set()


@pytest.mark.parametrize("channel", ["sms", "email", "im", "letter"])
def test_the_first_message_says_for_which_institution_it_is(channel):
    lacks = ("CN-IDENT", "institution")
    for text in ("您的信用卡请尽快还款。", "Please pay your card soon."):
        assert lacks in found(text, channel=channel) and lacks not in found(text, channel=channel, first=False)
        assert lacks not in found(f"测试银行提醒：{text}", channel=channel)
        assert lacks not in found(f"Bank of Tests: {text}", channel=channel)


def test_every_message_says_how_to_end_it_where_the_pack_asks_for_it():
    us = shipped.pack_on(date(2026, 11, 24), "US")
    for channel in ("sms", "email"):
        assert ("US-OPTOUT", "opt_out") in found("Your card is past due.", channel=channel, pack=us, first=False)
        assert found("Your card is past due. Reply STOP to opt out.", channel=channel, pack=us, first=False) == set()


@pytest.mark.parametrize("row", ROWS, ids=[f"{nr} {row['note'] or row['text']}" for nr, row in enumerate(ROWS)])
def test_a_text_is_read_as_a_person_reads_it(row):
    categories = {category for _, category in found(SIGNED + row["text"], party=row["party"])}
    assert categories == set(filter(None, row["expected"].split("|")))


def test_a_letter_lacks_what_it_does_not_say():
    lacking = {category for _, category in found("您好，请还款。", channel="letter")}
    assert lacking == {
        "balance", "reason", "legal_basis", "rights", "duties", "how_to_check", "how_to_object", "evidence",
        "issuer_contact", "institution",
    }  # fmt: skip


def test_the_shipped_texts_pass():
    newest = {(text.code, text.language): text for text in sorted(texts(), key=lambda text: text.version)}
    for text in newest.values():
        filled = text.body.format_map(
            {"name": "张*", "bank": "测试银行", "amount": "CNY 1,500.00", "due_date": "2026-10-19", "last4": "1234",
             "as_of": "2026-11-23", "case_no": "C-2611-000001", "balance": "CNY 12,000.00", "table": "",
             "link": "https://bank.example/p/Ab1", "code": "123456", "answer": "您的意见已核实。"}
        )  # fmt: skip
        assert found(filled, channel=text.channel) == set(), text.code
