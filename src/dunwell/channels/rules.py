"""Message texts: read from a file, checked, filled. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter

import yaml

PLACEHOLDERS: dict[str, str] = {
    "name": "the person's name, masked",
    "bank": "the bank's name in the text's language",
    "amount": "what is past due, by currency",
    "due_date": "the oldest due date that is unpaid",
    "last4": "last four digits of the card",
    "as_of": "the business date of the amount",
    "case_no": "the case number",
}
CHANNELS = ("sms", "email", "letter")
LANGUAGES = ("zh-hans", "en")
SMS_LENGTH = 500  # characters, as written; carriers cut longer ones
RETRY_MINUTES = (1, 5, 15, 60, 240)  # after each failed hand-over; then it has failed


class TextError(ValueError):
    """A text that cannot be used; the sentence names file and field, or the placeholder."""


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
        _checked(
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


def _checked(file: str, text: Text) -> Text:
    for name in placeholders(text.subject) | placeholders(text.body):
        if name not in PLACEHOLDERS:
            raise TextError(
                f"{file}, {text.language}: {{{name}}} is not a placeholder; known are {', '.join(PLACEHOLDERS)}."
            )
    if text.channel == "sms" and not text.body.startswith("【{bank}】"):
        raise TextError(f"{file}, {text.language}: an SMS begins with its signature 【{{bank}}】 (CN-SMS).")
    if text.channel == "email" and not text.subject:
        raise TextError(f"{file}, {text.language}: an e-mail has a subject.")
    return text


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


def retry_after_minutes(failures: int) -> int | None:
    """Minutes until the next attempt after so many failures; None when it is not tried again."""
    return RETRY_MINUTES[failures - 1] if failures <= len(RETRY_MINUTES) else None
