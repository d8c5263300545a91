"""What a text says: words that no text may carry, links and payees that are not the bank's, contents it must have.

Findings become flags (`ban_<category>`, `lacks_<key>`), so that the gate refuses by them, and an old decision
decided again finds them in its facts without the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from dunwell.compliance.rules.pack import Ban, Disclosure, Pack
from dunwell.kernel.decision import Verdict

BAN, LACKS = "ban_", "lacks_"
FIRST_CONTACT = "first_contact"  # moment of a disclosure: only until something of ours has reached the person
PAYEE, LINK = "other_payee", "foreign_link"
AROUND = 12  # letters of context shown on each side of what was found
NUMBER = re.compile(  # as long as a card or an account, whole or in groups of four; not a date beside an amount
    r"(?<![\d-])(?:\d{12,23}|\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,4})?)(?![\d-])"
)
TAIL = re.compile(r"(?:尾号|末四位|ending(?: in)?|last four)[:： ]*[*x]*(\d{4})(?!\d)", re.IGNORECASE)
NOT_READ = frozenset({"Cf", "Mn", "Me"})  # zero-width marks, and strokes laid over a character
BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])[\s*._\-~·|/\\+#]+(?=[\u4e00-\u9fff])")
HOST = re.compile(
    r"(?:https?://|www\.)[^\s/，,。；;、）)】]+"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?=[:/])"
    r"|(?<![A-Za-z0-9@_.-])(?:[a-z0-9-]+\.)+[a-z]{2,24}(?=/)"
    r"|(?<![A-Za-z0-9@_.-])(?:[a-z0-9-]+\.)+"
    r"(?:com|cn|net|org|cc|top|xyz|link|me|io|co|app|info|vip|ly|club|shop|site|online|work|icu|gov|hk|sg|uk|in|au|us|eu)"
    r"(?![A-Za-z0-9@_-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a text. `excerpt` is where; empty when something is missing."""

    rule: str
    category: str
    verdict: Verdict
    excerpt: str
    text_zh: str
    text_en: str
    citation: str
    confidence: str

    @property
    def flag(self) -> str:
        return (BAN if self.excerpt else LACKS) + self.category


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text as it would leave. `own_tails` are the last four digits of the person's own cards and accounts,
    `own_numbers` whole numbers that may stand in it (the bank's hot line is shorter than an account)."""

    text: str
    channel: str
    party: str = "debtor"
    purpose: str = "demand"
    own_tails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    first: bool = True  # nothing of ours has reached him yet, as far as is known


def scan(outgoing: Outgoing, pack: Pack) -> tuple[Finding, ...]:
    """Everything in the text that the pack forbids, and everything that it must say and does not."""
    outgoing = replace(outgoing, text=legible(outgoing.text, pack))
    plain = _Plain(BETWEEN.sub("", re.sub(r"\s+", "", outgoing.text)), " ".join(outgoing.text.split()))
    found = []
    for ban in pack.bans:
        if (ban.parties and outgoing.party not in ban.parties) or (
            ban.channels and outgoing.channel not in ban.channels
        ):
            continue
        excerpt = _excerpt(ban, outgoing, plain)
        if excerpt:
            found.append(_finding(pack, ban.rule, ban.category, ban.verdict, excerpt))
    for disclosure in pack.disclosures:
        if outgoing.channel in disclosure.channels and (outgoing.first or disclosure.moment != FIRST_CONTACT):
            found += [_finding(pack, disclosure.rule, key, Verdict.BLOCK, "") for key in _missing(disclosure, outgoing)]
    return tuple(found)


def flags_of(findings: Iterable[Finding]) -> dict[str, str]:
    """Findings as the gate reads them."""
    return {finding.flag: "yes" for finding in findings}


class _Plain(NamedTuple):
    """A text as a lexicon reads it: Chinese without blanks and signs between characters, others word by word."""

    zh: str
    other: str


def _excerpt(ban: Ban, outgoing: Outgoing, plain: _Plain) -> str:
    if ban.category == LINK:
        return next((host for host in _hosts(outgoing.text) if not _registered(host, outgoing.domains)), "")
    for language, patterns in ban.lexicon.items():
        text = plain.zh if language == "zh" else plain.other
        for pattern in patterns:
            for match in _compiled(pattern).finditer(text):
                meant = (m.span() for one in ban.unless.get(language, ()) for m in _compiled(one).finditer(text))
                if not any(start <= match.start() and match.end() <= end for start, end in meant):
                    return text[max(0, match.start() - AROUND) : match.end() + AROUND]
    return _strange_number(outgoing) if ban.category == PAYEE else ""


def legible(text: str, pack: Pack) -> str:
    """The text as a person reads it: one form of each letter and digit, nothing invisible, simplified characters."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isascii() or _category(c) not in NOT_READ)
    dots = re.sub(r"(?<=[A-Za-z0-9])[。｡](?=[A-Za-z0-9])", ".", plain)
    return dots.translate(pack.simplify)


def _strange_number(outgoing: Outgoing) -> str:
    """A number as long as an account that is not his own, or the tail of a card that is not his."""
    for match in NUMBER.finditer(outgoing.text):
        if re.sub(r"\D", "", match.group())[-4:] not in outgoing.own_tails:
            return match.group()
    for match in TAIL.finditer(outgoing.text):
        if outgoing.own_tails and match.group(1) not in outgoing.own_tails:
            return match.group()
    return ""


def _hosts(text: str) -> list[str]:
    found = []
    for match in HOST.finditer(text):
        host = re.sub(r"^https?://", "", match.group(), flags=re.IGNORECASE).split("@")[-1].split(":")[0]
        found.append(host.lower().rstrip("."))
    return found


def _registered(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _missing(disclosure: Disclosure, outgoing: Outgoing) -> list[str]:
    text = outgoing.text.strip()
    return [key for key, by_language in disclosure.keys.items() if not _says(text, by_language)]


def _says(text: str, by_language: Mapping[str, tuple[str, ...]]) -> bool:
    return any(_compiled(pattern).search(text) for patterns in by_language.values() for pattern in patterns)


def _finding(pack: Pack, rule_id: str, category: str, verdict: Verdict, excerpt: str) -> Finding:
    rule = pack.rules[rule_id]
    return Finding(
        rule_id, category, verdict, excerpt, rule.text.zh, rule.text.en, pack.citation(rule), rule.confidence
    )


_category = cache(unicodedata.category)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)
