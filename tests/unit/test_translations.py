"""Both languages are complete, and our compiler writes what Python's gettext reads."""

from __future__ import annotations

import ast
import gettext
import io
import re
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

from dunwell.cli.translations import LANGUAGES, Malformed, catalogue, compiled, read

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "dunwell"
CALLS = {  # name -> (position of the context, of the text)
    "gettext": (None, 0),
    "gettext_lazy": (None, 0),
    "gettext_noop": (None, 0),
    "_": (None, 0),
    "ngettext": (None, 0),
    "ngettext_lazy": (None, 0),
    "pgettext": (0, 1),
    "pgettext_lazy": (0, 1),
    "npgettext": (0, 1),
    "npgettext_lazy": (0, 1),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}|%[sd]")


def _of_source(tree: ast.AST) -> set[str]:
    names = dict(CALLS)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {a.asname: CALLS[a.name] for a in node.names if a.asname and a.name in CALLS}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            context, text = names[node.func.id]
            parts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if len(parts) > text:
                found.add(parts[text] if context is None else f"{parts[context]}\x04{parts[text]}")
    return found


def _of_template(path: Path) -> set[str]:
    text = templatize(path.read_text(encoding="utf-8"))
    found = set()
    for match in re.finditer(r"\b(n?p?gettext|_)\(", text):
        depth, at = 1, match.end()
        quote = ""
        while depth and at < len(text):
            letter = text[at]
            if quote:
                if letter == "\\":
                    at += 1
                elif text.startswith(quote, at):
                    at += len(quote) - 1
                    quote = ""
            elif letter in "\"'":
                quote = letter * 3 if text.startswith(letter * 3, at) else letter
                at += len(quote) - 1
            elif letter in "()":
                depth += 1 if letter == "(" else -1
            at += 1
        found |= _of_source(ast.parse(text[match.start() : at].strip(), mode="eval"))
    return found


def _said(room: Path) -> set[str]:
    said = set()
    for path in room.rglob("*.py"):
        if "migrations" not in path.parts:
            said |= _of_source(ast.parse(path.read_text(encoding="utf-8")))
    for path in room.rglob("templates/**/*.html"):
        said |= _of_template(path)
    return said


def _known(language: str) -> dict[str, str]:
    known = {}
    for path in PACKAGE.glob(f"*/locale/{language}/LC_MESSAGES/django.po"):
        for message in read(path):
            if message.id and not message.fuzzy and all(message.strings.values()) and message.strings:
                key = message.id if message.context is None else f"{message.context}\x04{message.id}"
                known[key] = message.strings[0]
    return known


ROOMS = sorted(p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name not in ("__pycache__", "locale"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_has_its_chinese(room):
    assert sorted(_said(PACKAGE / room) - set(_known("zh_Hans"))) == []


def test_a_translation_keeps_the_gaps_of_its_text():
    wrong = []
    for language in LANGUAGES:
        for key, text in _known(language).items():
            original = key.split("\x04")[-1]
            gaps, kept = (sorted("".join(m) for m in PLACEHOLDER.findall(t)) for t in (original, text))
            if set(kept) - set(gaps) or (language == "zh_Hans" and set(gaps) - set(kept) - {"s", "count"}):
                wrong.append((original, text))
    assert wrong == []


def test_the_catalogue_is_what_gettext_reads():
    texts = {
        "": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n",
        "case": "案件",
        "%d case\0%d cases": "%d one\0%d many",
        "verb\x04open": "打开",
    }
    read_back = gettext.GNUTranslations(io.BytesIO(catalogue(texts)))
    assert read_back.gettext("case") == "案件"
    assert read_back.pgettext("verb", "open") == "打开"
    assert read_back.gettext("open") == "open"
    assert [read_back.ngettext("%d case", "%d cases", n) for n in (1, 2)] == ["%d one", "%d many"]


def test_a_po_file_is_read(tmp_path):
    po = tmp_path / "django.po"
    po.write_text(
        '# note\nmsgid ""\nmsgstr "Language: zh\\n"\n\nmsgctxt "verb"\nmsgid "open"\nmsgstr "打"\n"开"\n\n'
        '#, fuzzy\nmsgid "old"\nmsgstr "旧"\n\nmsgid "%d case"\nmsgid_plural "%d cases"\nmsgstr[0] "%d 件"\n',
        encoding="utf-8",
    )
    messages = {m.id: m for m in read(po)}
    assert (messages["open"].context, messages["open"].value) == ("verb", "打开")
    assert messages["old"].fuzzy
    assert messages["%d case"].key == "%d case\0%d cases"


@pytest.mark.parametrize("text", ["msgid open\n", '"nothing before"\n', 'msgid "a"\nmsgwrong "b"\n'])
def test_a_malformed_po_file_is_named_with_its_line(tmp_path, text):
    po = tmp_path / "django.po"
    po.write_text(text, encoding="utf-8")
    with pytest.raises(Malformed, match=r"django\.po, line \d"):
        read(po)


def test_catalogues_are_made_once_and_again_when_a_text_changes(tmp_path):
    po = tmp_path / "package/room/locale/zh_Hans/LC_MESSAGES/django.po"
    po.parent.mkdir(parents=True)
    po.write_text('msgid "open"\nmsgstr "打开"\n', encoding="utf-8")
    first = compiled(tmp_path / "package", tmp_path / "home")
    assert compiled(tmp_path / "package", tmp_path / "home") == first
    po.write_text('msgid "open"\nmsgstr "开启"\n', encoding="utf-8")
    second = compiled(tmp_path / "package", tmp_path / "home")
    assert second != first
    with (second / "zh_Hans/LC_MESSAGES/django.mo").open("rb") as made:
        assert gettext.GNUTranslations(made).gettext("open") == "开启"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_one_translation_and_stands_in_a_file_once(language):
    said: dict[str, str] = {}
    twice, otherwise = [], []
    for path in sorted(PACKAGE.glob(f"*/locale/{language}/LC_MESSAGES/django.po")):
        messages = [message for message in read(path) if message.id]
        keys = [message.key for message in messages]
        twice += [(path.parts[-5], key) for key in set(keys) if keys.count(key) > 1]
        otherwise += [(path.parts[-5], one.key) for one in messages if said.setdefault(one.key, one.value) != one.value]
    assert (twice, otherwise) == ([], [])
