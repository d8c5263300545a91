"""Every room's `django.po`, compiled into one catalogue a language, without GNU gettext.

The catalogues stand below DUNWELL_HOME under a hash of what they were made from: a changed text is seen at
the next start, and the installed package may be read-only.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

LANGUAGES = ("zh_Hans", "en")


class Malformed(ValueError):
    """A line of a .po file that cannot be read; the text names file and line."""


@dataclass
class Message:
    """One entry: `id` (with plural and context, where given) and its translations."""

    line: int
    id: str = ""
    context: str | None = None
    plural: str | None = None
    strings: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def key(self) -> str:
        """The identifier as a .mo file has it."""
        text = self.id if self.plural is None else f"{self.id}\0{self.plural}"
        return text if self.context is None else f"{self.context}\x04{text}"

    @property
    def value(self) -> str:
        return "\0".join(self.strings[number] for number in sorted(self.strings))


def read(path: Path) -> list[Message]:
    """The messages of a .po file, its header (the empty id) among them. Raises Malformed."""
    messages: list[Message] = []
    current: Message | None = None
    fuzzy, into = False, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        if not line:
            into = ""
            continue
        word, _, rest = ("", "", line) if line.startswith('"') else line.partition(" ")
        try:
            text = ast.literal_eval(rest.strip())
        except (SyntaxError, ValueError) as error:
            raise Malformed(f"{path}, line {number}: {line!r} is not a string in quotes.") from error
        if word == "msgctxt" or (word == "msgid" and into != "msgctxt"):
            current = Message(line=number, fuzzy=fuzzy)
            messages.append(current)
            fuzzy = False
        if current is None or (not word and not into):
            raise Malformed(f"{path}, line {number}: {line!r} belongs to no message.")
        into = word or into
        if into == "msgctxt":
            current.context = (current.context or "") + text
        elif into == "msgid":
            current.id += text
        elif into == "msgid_plural":
            current.plural = (current.plural or "") + text
        elif into == "msgstr" or into.startswith("msgstr["):
            form = int(into[7:-1]) if into.startswith("msgstr[") else 0
            current.strings[form] = current.strings.get(form, "") + text
        else:
            raise Malformed(f"{path}, line {number}: {word!r} is not a word of a .po file.")
    return messages


def catalogue(messages: dict[str, str]) -> bytes:
    """The bytes of a .mo file: identifiers in order, each with its translation."""
    pairs = [(key.encode(), messages[key].encode()) for key in sorted(messages, key=str.encode)]
    start = 7 * 4 + 16 * len(pairs)
    ids = b"".join(key + b"\0" for key, _ in pairs)
    strings = b"".join(value + b"\0" for _, value in pairs)
    index, at = [], start
    for position in (0, 1):
        for pair in pairs:
            index += [len(pair[position]), at]
            at += len(pair[position]) + 1
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return header + struct.pack(f"<{len(index)}I", *index) + ids + strings


def sources(package: Path, language: str) -> list[Path]:
    return sorted(package.glob(f"*/locale/{language}/LC_MESSAGES/django.po"))


def compiled(package: Path, home: Path) -> Path:
    """The folder of the compiled catalogues, for LOCALE_PATHS; made when it is not there."""
    digest = hashlib.sha256()
    for language in LANGUAGES:
        for path in sources(package, language):
            digest.update(f"{language}/{path.relative_to(package)}".encode() + path.read_bytes())
    folder = home / "translations" / digest.hexdigest()[:16]
    if folder.exists():
        return folder
    folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    for language in LANGUAGES:
        header = f"Language: {language}\nContent-Type: text/plain; charset=UTF-8\nPlural-Forms: {PLURALS[language]}\n"
        texts = {"": header}
        for path in sources(package, language):
            texts |= {m.key: m.value for m in read(path) if m.id and not m.fuzzy and all(m.strings.values())}
        target = draft / language / "LC_MESSAGES"
        target.mkdir(parents=True)
        (target / "django.mo").write_bytes(catalogue(texts))
    draft.chmod(0o755)
    try:
        draft.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(draft)
    _forget(folder)
    return folder


PLURALS = {"zh_Hans": "nplurals=1; plural=0;", "en": "nplurals=2; plural=(n != 1);"}


def _forget(newest: Path) -> None:
    """Remove catalogues of texts long gone; the last few stay, for processes that still run on them."""
    others = sorted((p for p in newest.parent.iterdir() if p != newest), key=lambda p: os.stat(p).st_mtime)
    for old in others[:-3]:
        shutil.rmtree(old, ignore_errors=True)
