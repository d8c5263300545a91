"""Proposes a mapping for a bank's own file, to be corrected: from header, values, code page and delimiter."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import yaml
from duckdb import DuckDBPyConnection

from dunwell.engine import session
from dunwell.intake import contract as contracts
from dunwell.intake import reading
from dunwell.intake.contract import Column, Contract
from dunwell.intake.mapping import FULL_WIDTH, HALF_WIDTH, Mapping, quoted

SAMPLE = 2000
LIKELY = 0.62
_DATES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), ""),
    (re.compile(r"(19|20)\d{6}"), "%Y%m%d"),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}"), "%Y/%m/%d"),
    (re.compile(r"\d{4}\.\d{1,2}\.\d{1,2}"), "%Y.%m.%d"),
    (re.compile(r"\d{4}年\d{1,2}月\d{1,2}日"), "%Y年%m月%d日"),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}"), "%d/%m/%Y"),
)
_AMOUNT = re.compile(r"[-+(]?[\d,]*\d(\.\d+)?\)?\s*(-|CR|DR|贷|借)?", re.IGNORECASE)
#: What banks call the columns beside the contract's own Chinese names.
_ALSO = {
    "account_no": "账户号 帐号 卡账号 acct_no acct account account_number",
    "party_no": "客户编号 客户代码 cust_no customer_no cif",
    "currency": "货币 币别 ccy curr",
    "product": "卡产品 产品代码 card_type prod",
    "branch": "分行 机构号 网点 org",
    "cycle_day": "账单周期 cycle 账单日期日",
    "credit_limit": "额度 limit",
    "balance": "当前余额 欠款余额 总欠款 bal current_balance",
    "minimum_payment": "最低应还 最低还款 最低还款金额 min_pay min_due minimum",
    "statement_balance": "本期账单金额 本期应还 stmt_bal",
    "due_date": "还款日 最后还款日 pay_due_date",
    "statement_date": "账单生成日 stmt_date",
    "past_due_amount": "逾期总额 overdue_amt",
    "periods_past_due": "逾期期次 拖欠期数 mob_due",
    "name": "客户姓名 户名 cust_name",
    "id_no": "身份证号 证件号 身份证号码 id_number",
    "id_kind": "证件种类 id_type",
    "value": "手机号 手机号码 电话 联系电话 地址 mobile phone",
    "card_no": "信用卡号 card_number pan",
    "host_ref": "交易流水号 参考号 ref reference",
    "posting_date": "记账日期 记账日 post_date",
    "transaction_date": "交易日 tran_date",
    "code": "交易代码 tran_code",
    "amount": "交易金额 tran_amt amt",
    "open_date": "开卡日期 开户日",
    "principal_retail": "消费余额 一般消费本金",
    "late_charge": "滞纳金 违约金余额",
    "other_fees": "费用 手续费",
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the values of a source column look like."""

    dates: str | None
    amounts: dict[str, object] | None
    number: bool
    samples: tuple[str, ...]


def propose(path: Path, *, kind: str = "") -> str:
    """The YAML of a mapping for a file. Columns it is not sure of stand there as comments. Refused if unreadable."""
    with tempfile.TemporaryDirectory() as folder:
        delivered = reading.prepare(path, mapping=Mapping(), folder=Path(folder))
        duck = session.connect()
        reading.load_raw(duck, delivered, Path(folder))
        shapes = {name: _shape(duck, name) for name in delivered.header}
        duck.close()
    kinds = [kind] if kind else _likely_kinds(path.name)
    found = {each: _match(contracts.load(each), shapes) for each in kinds}
    best = max(found, key=lambda each: _fit(contracts.load(each), found[each]))
    return _written(path, contracts.load(best), found[best], shapes, delivered)


def _likely_kinds(name: str) -> list[str]:
    named = [kind for kind in contracts.KINDS if name.lower().startswith(kind)]
    return named or list(contracts.KINDS)


def _shape(duck: DuckDBPyConnection, name: str) -> _Shape:
    rows = duck.execute(
        f"SELECT trim({quoted(name)}) FROM raw WHERE trim({quoted(name)}) <> '' LIMIT {SAMPLE}"
    ).fetchall()
    values = tuple(value for (value,) in rows)
    narrow = [value.translate(str.maketrans(FULL_WIDTH, HALF_WIDTH)) for value in values]
    if not values:
        return _Shape(None, None, False, ())
    for pattern, form in _DATES:
        if all(pattern.fullmatch(value) for value in narrow):
            return _Shape(form, None, False, values[:50])
    number = all(_AMOUNT.fullmatch(value) for value in narrow)
    amounts: dict[str, object] = {}
    if number:
        if any("," in value for value in narrow):
            amounts["thousands"] = ","
        if any(wide != plain for wide, plain in zip(values, narrow, strict=True)):
            amounts["full_width"] = True
        for key, marks in (("credit", ("CR", "贷")), ("debit", ("DR", "借"))):
            used = [mark for mark in marks if any(value.upper().endswith(mark) for value in narrow)]
            if used:
                amounts[key] = used
        if any(value.endswith("-") or value.startswith("(") for value in narrow):
            amounts.setdefault("full_width", True)
    return _Shape(None, amounts or None, number, values[:50])


def _similar(column: Column, header: str) -> float:
    plain = re.sub(r"[\s_\-（）()]+", "", header).lower()  # noqa: RUF001
    names = [column.name, column.zh, *_ALSO.get(column.name, "").split()]
    best = 0.0
    for name in names:
        known = re.sub(r"[\s_]+", "", name).lower()
        if known == plain:
            return 1.0
        best = max(best, SequenceMatcher(None, known, plain).ratio())
    return best


def _suits(column: Column, shape: _Shape) -> float:
    """How much the values speak for the column: below zero against it."""
    if not shape.samples:
        return 0.0
    if column.type == "date":
        return 0.15 if shape.dates is not None else -0.5
    if column.type == "money":
        return 0.1 if shape.number else -0.5
    if column.type == "integer":
        return 0.1 if shape.number and max(map(len, shape.samples)) <= 4 else -0.3
    if column.type == "currency":
        return 0.3 if all(re.fullmatch(r"[A-Z]{3}|\d{3}|人民币", value) for value in shape.samples) else -0.5
    if column.values:
        return 0.2 if set(shape.samples) <= set(column.values) else 0.0
    return -0.3 if shape.dates else 0.0


def _match(contract: Contract, shapes: dict[str, _Shape]) -> dict[str, tuple[str, float]]:
    """Contract column -> (source column, how sure), each source once, the surest first."""
    scored = sorted(
        (
            (_similar(c, name) + _suits(c, shape), c.name, name)
            for c in contract.columns
            for name, shape in shapes.items()
        ),
        reverse=True,
    )
    found: dict[str, tuple[str, float]] = {}
    used: set[str] = set()
    for score, column, name in scored:
        if score >= LIKELY and column not in found and name not in used:
            found[column] = (name, score)
            used.add(name)
    return found


def _fit(contract: Contract, found: dict[str, tuple[str, float]]) -> float:
    required = [column.name for column in contract.columns if column.required]
    return sum(found[name][1] for name in required if name in found) / len(required) + len(found) / 100


def _written(
    path: Path, contract: Contract, found: dict[str, tuple[str, float]], shapes: dict[str, _Shape],
    delivered: reading.Delivered,
) -> str:  # fmt: skip
    lines = [f"# Proposed for {path.name}: to be corrected.", f"contract: {contract.kind}"]
    if not delivered.parquet:
        lines += [f"encoding: {delivered.encoding}", f"delimiter: {literal_yaml(delivered.delimiter)}"]
    lines.append("columns:")
    for column in contract.columns:
        if column.name in found:
            name, score = found[column.name]
            sure = "" if score >= 0.95 else f"  # {min(round(score * 100), 99)}% sure"
            lines.append(f"  {column.name}: {_source(column, name, shapes[name])}{sure}")
        elif column.type == "currency" and column.required:
            lines.append(f"  {column.name}: {{constant: CNY}}  # no such column was found")
        elif column.required:
            lines.append(f"  # {column.name}: which column is it? required")
    unused = [name for name in shapes if name not in {name for name, _ in found.values()}]
    if unused:
        lines.append(f"# not used: {', '.join(unused)}")
    return "\n".join(lines) + "\n"


def _source(column: Column, name: str, shape: _Shape) -> str:
    spec: dict[str, object] = {"from": name}
    if column.type == "date" and shape.dates:
        spec["dates"] = [shape.dates]
    if column.type in ("money", "integer") and shape.amounts:
        spec["amounts"] = shape.amounts
    if column.type == "currency" and not set(shape.samples) <= {"CNY", "USD", "EUR", "HKD", "JPY", "GBP"}:
        known = {"156": "CNY", "840": "USD", "978": "EUR", "344": "HKD", "392": "JPY", "人民币": "CNY", "RMB": "CNY"}
        spec["codes"] = {value: known[value] for value in sorted(set(shape.samples)) if value in known}
    plain = spec if len(spec) > 1 else name
    return yaml.safe_dump(plain, allow_unicode=True, default_flow_style=True, width=10000).replace("...\n", "").strip()


def literal_yaml(text: str) -> str:
    """A short text as a YAML value on one line."""
    return {"\t": r'"\t"'}.get(text, f'"{text}"')
