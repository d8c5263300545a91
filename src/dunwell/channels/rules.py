"""Message texts: read from a file, checked, filled. Pure."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from string import Formatter

import yaml

PLACEHOLDERS: dict[str, str] = {
    "name": "the person's name, masked",
    "bank": "the bank's name in the text's language",
    "amount": "what is past due, by currency",
    "balance": "all that is owed on the accounts that are past due, by currency",
    "due_date": "the oldest due date that is unpaid",
    "last4": "last four digits of the card",
    "as_of": "the business date of the amount",
    "case_no": "the case number",
    "table": "the place of the account's figures, alone on its line; of a letter",
    "link": "an address that opens the person's own page once; in a letter alone on its line, then with a QR code",
    "code": "the one-time code that a person who opened his page asked for",
    "answer": "what somebody of the bank wrote to this person alone; of a letter",
}
WRITTEN = frozenset({"answer"})  # sealed with the text that says it, and kept nowhere else
TABLE = {"zh-hans": "〔账户明细表〕", "en": "[The account's figures]"}  # the place of a letter's table in its text
HIDDEN = {"link": "/l/" + "*" * 26, "code": "*" * 6}  # in whatever is kept or shown of a text; as long as what leaves
CHANNELS = ("sms", "email", "im", "letter")
LANGUAGES = ("zh-hans", "en")
PURPOSES = ("demand", "reminder", "service", "statutory_notice")  # of a text to the person himself
LINK = re.compile(r"https?://\S+/l/[a-z2-7*]{26}")
FIELDS = ("title", "subject", "body")
CODE, CODE_LENGTH = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*"), 24
TITLE_LENGTH, SUBJECT_LENGTH = 80, 120
SMS_LENGTH = 500  # characters, as written; carriers cut longer ones
SAMPLES = {  # what a preview is filled with; nobody's
    "zh-hans": {"name": "王*", "amount": "CNY 1,234.56", "balance": "CNY 23,456.78", "due_date": "2026-11-05",
                "last4": "0000", "as_of": "2026-11-23", "case_no": "C-2611-000000", "table": TABLE["zh-hans"],
                "answer": "经核查，……", **HIDDEN},
    "en": {"name": "W***", "amount": "CNY 1,234.56", "balance": "CNY 23,456.78", "due_date": "2026-11-05",
           "last4": "0000", "as_of": "2026-11-23", "case_no": "C-2611-000000", "table": TABLE["en"],
           "answer": "We found …", **HIDDEN},
}  # fmt: skip
BREAKS_AFTER, BREAKER_SECONDS, BREAKER_AT_MOST = 3, 30, 900  # failures of a line; seconds that nothing is claimed
RETRY_MINUTES = (1, 5, 15, 60, 240)  # after each failed hand-over; then it has failed


class TextError(ValueError):
    """A text that cannot be used; the sentence names file and field, or the placeholder.

    `code` says to a page what is wrong, `found` what its own sentence names.
    """

    def __init__(self, sentence: str, code: str = "", **found: object) -> None:
        super().__init__(sentence)
        self.code, self.found = code, found


@dataclass(frozen=True, slots=True)
class Text:
    """One approved text in one language."""

    code: str
    version: int
    channel: str
    purpose: str
    language: str
    title: str
    subject: str
    body: str
    sha256: str
    approved_by: str
    in_force_from: date
    in_force_to: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One version of a text, by its facts: `first` and `last` day, both included; not any more from `ends` on."""

    own: bool  # the bank's, not a shipped example
    version: int
    first: date
    last: date | None = None
    ends: date | None = None


def in_force(versions: Iterable[Standing], on: date) -> Standing | None:
    """Which of a text's versions is used on a day; None when none is.

    The one that began last, and any of the bank's own before a shipped example. What was superseded stays so: when the
    running one is withdrawn there is no text until another is approved. One withdrawn before it began never was.
    """
    begun = [
        one for one in versions
        if one.first <= on and (one.last is None or on <= one.last) and (one.ends is None or one.first < one.ends)
    ]  # fmt: skip
    newest = max(begun, key=lambda one: (one.own, one.first, one.version), default=None)
    return None if newest is None or (newest.ends is not None and newest.ends <= on) else newest


def read(text: str, file: str) -> list[Text]:
    """The texts of one file, one a language. TextError when something is missing or not permitted."""
    try:
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise TextError(f"{file}, line {line}: not YAML ({problem.problem}).") from None
    wanted = {"code", "version", "channel", "purpose", "approved_by", "in_force", "texts"}
    if not isinstance(data, dict) or set(data) != wanted:
        raise TextError(f"{file}: the fields are {', '.join(sorted(wanted))}, no more and no less.")
    if data["channel"] not in CHANNELS:
        raise TextError(f"{file}, channel: {data['channel']} is none of {', '.join(CHANNELS)}.")
    if set(data["texts"]) != set(LANGUAGES):
        raise TextError(f"{file}, texts: both {' and '.join(LANGUAGES)} are needed.")
    first, last = data["in_force"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return [
        checked(
            file,
            Text(
                code=data["code"],
                version=data["version"],
                channel=data["channel"],
                purpose=data["purpose"],
                language=language,
                title=words["title"],
                subject=words.get("subject", ""),
                body=words["body"].strip(),
                sha256=digest,
                approved_by=data["approved_by"],
                in_force_from=first,
                in_force_to=last,
            ),
        )
        for language, words in data["texts"].items()
    ]


def checked(file: str, text: Text) -> Text:
    """The text itself when it can be used; TextError names file, language and field."""
    where = f"{file}, {text.language}"

    def wrong(field: str, sentence: str, code: str, **found: object) -> TextError:
        return TextError(f"{where}, {field}: {sentence}", code, language=text.language, field=field, **found)

    for field, most in {"title": TITLE_LENGTH, "subject": SUBJECT_LENGTH}.items():
        if len(getattr(text, field)) > most:
            raise wrong(field, f"at most {most} characters.", "too_long", most=most)
    for field in ("title", "body"):
        if not getattr(text, field).strip():
            raise wrong(field, "a text was expected.", "empty")
    for field in ("subject", "body"):
        try:
            names = placeholders(getattr(text, field))
        except TextError as problem:
            raise wrong(field, str(problem), "braces") from None
        for name in sorted(names - set(PLACEHOLDERS)):
            known = ", ".join(PLACEHOLDERS)
            raise wrong(
                field, f"{{{name}}} is not a placeholder; known are {known}.", "placeholder", name=name, known=known
            )
    if text.channel == "sms" and not text.body.startswith("【{bank}】"):
        raise wrong("body", "an SMS begins with its signature 【{bank}】 (CN-SMS).", "signature")
    if text.channel == "sms" and len(text.body) > SMS_LENGTH:
        raise wrong("body", f"an SMS has at most {SMS_LENGTH} characters.", "too_long", most=SMS_LENGTH)
    if text.channel == "email" and not text.subject:
        raise wrong("subject", "an e-mail has a subject.", "empty")
    if "table" in placeholders(text.body) and (text.channel != "letter" or "{table}" not in text.body.splitlines()):
        raise wrong("body", "{table} is of a letter, and stands alone on its line.", "table")
    if "answer" in placeholders(text.body) and text.channel != "letter":
        raise wrong("body", "{answer} is of a letter.", "answer")
    return text


def drafted(code: str, version: int, channel: str, purpose: str, words: Mapping[str, Mapping[str, str]]) -> list[Text]:
    """A bank's own text in every language, checked, from what was typed: language -> title, subject, body.

    Its hash is that of what was typed. TextError when something is missing or not permitted.
    """
    if len(code) > CODE_LENGTH or not CODE.fullmatch(code):
        raise TextError(
            f"code: capitals, digits and hyphens, at most {CODE_LENGTH}, not {code!r}.", "code", most=CODE_LENGTH
        )
    if channel not in CHANNELS:
        raise TextError(f"channel: {channel!r} is none of {', '.join(CHANNELS)}.", "channel")
    if purpose not in PURPOSES:
        raise TextError(f"purpose: {purpose!r} is none of {', '.join(PURPOSES)}.", "purpose")
    typed = {
        language: {field: words.get(language, {}).get(field, "").replace("\r\n", "\n").strip() for field in FIELDS}
        for language in LANGUAGES
    }
    whole = json.dumps([code, version, channel, purpose, typed], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return [
        checked(
            f"{code} {version}",
            Text(
                code=code, version=version, channel=channel, purpose=purpose, language=language, sha256=digest,
                approved_by="", in_force_from=date.max, in_force_to=None, **typed[language],
            ),
        )
        for language in LANGUAGES
    ]  # fmt: skip


def placeholders(text: str) -> set[str]:
    """The names in braces; a brace that does not close raises TextError."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as problem:
        raise TextError(f"{text[:40]}: {problem}") from None


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled. A value that is missing or empty raises TextError naming it."""
    for name in sorted(placeholders(text)):
        if not values.get(name):
            raise TextError(f"{{{name}}} ({PLACEHOLDERS.get(name, 'unknown')}) is not known, so the text is not sent.")
    return text.format_map(values)


def blocks(text: str) -> list[dict[str, str]]:
    """A letter's filled text as its layout takes it: headings (##), the table's place, a link's QR code, paragraphs."""
    found = []
    for part in (one.strip() for one in text.split("\n\n")):
        if part in TABLE.values():
            found.append({"kind": "table", "text": ""})
        elif LINK.fullmatch(part):
            found.append({"kind": "link", "text": part})
        elif part.startswith("## "):
            found.append({"kind": "heading", "text": part[3:].strip()})
        elif part:
            found.append({"kind": "text", "text": " ".join(part.split("\n"))})
    return found


def retry_after_minutes(failures: int) -> int | None:
    """Minutes until the next attempt after so many failures; None when it is not tried again."""
    return RETRY_MINUTES[failures - 1] if failures <= len(RETRY_MINUTES) else None


def breaker_seconds(failures: int) -> int:
    """How long nothing is claimed for a line after so many failures one after the other; 0 below the threshold."""
    return 0 if failures < BREAKS_AFTER else min(BREAKER_SECONDS * 2 ** (failures - BREAKS_AFTER), BREAKER_AT_MOST)


def may_leave(next_at: datetime | None, now: datetime, per_second: float, wanted: int) -> tuple[int, datetime]:
    """How many parts may leave now under a provider's rate, and from when the next (generic cell rate, 1 s of burst)."""
    interval = timedelta(seconds=1 / per_second)
    begin = max(next_at or now, now - timedelta(seconds=1))
    free = int((now + timedelta(seconds=1) - begin) / interval)
    taken = max(0, min(wanted, free))
    return taken, begin + taken * interval


def after_receipts(state: str, parts: int, receipts: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """A message's state, with the carrier's code, after receipts as (provider's number of the part, state, code).

    The last word about each part counts, but nothing takes a final one back. All parts delivered: delivered. One
    that was not: undelivered. Any receipt of a message in doubt proves that it left.
    """
    final = {}
    for part, said, code in receipts:
        if said != "on_its_way":
            final[part] = (said, code)
    failed = [code for said, code in final.values() if said == "undelivered"]
    if failed:
        return "undelivered", failed[0]
    if len(final) >= parts:
        return "delivered", ""
    return ("sent", "by its receipt") if state == "in_doubt" and receipts else (state, "")


OPT_OUT = frozenset(
    {"t", "td", "qx", "退", "退订", "取消", "取消订阅", "拒收", "stop", "unsubscribe", "cancel", "quit", "end"}
)


def meaning_of(text: str) -> str:
    """`opt_out` when a received text is a word of withdrawal and nothing else, else `reply`."""
    word = unicodedata.normalize("NFKC", text).casefold().strip(" \t\r\n.。!！,，\"“”'‘’【】[]")
    return "opt_out" if word in OPT_OUT else "reply"


def whole_text(subject: str, text: str) -> bytes:
    """A message's text as sent: the bytes whose hash the log holds, and which are handed out as proof."""
    return (f"{subject}\n\n{text}" if subject else text).encode()
