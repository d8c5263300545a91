"""Documents: what is put in comes out, the bytes are one's own, and a change after the signature shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature

from dunwell.evidence import documents

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
TEXT = """#import "/evidence/typst/page.typ": data, page, rows
#show: page.with(title: data.title, head: data.head)
= #data.title
#rows(columns: (auto, 1fr, auto), heads: data.heads, right: (2,), ..data.lines)
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A document of a text of its own."""
    room = tmp_path / "dunwell"
    (room / "evidence" / "typst").mkdir(parents=True)
    real = documents.files("dunwell") / "evidence" / "typst" / "page.typ"
    (room / "evidence" / "typst" / "page.typ").write_text(real.read_text(encoding="utf-8"), encoding="utf-8")
    (room / "trial" / "typst").mkdir(parents=True)
    (room / "trial" / "typst" / "letter.typ").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(documents, "files", lambda _: room)
    monkeypatch.setattr(documents, "_compilers", type(documents._compilers)())
    data = {
        "title": "对账 #let x = 1",
        "head": "【示例银行】",
        "heads": ["日期", "说明", "金额"],
        "lines": [[date(2026, 11, 1), "利息 *not bold* $x$", Decimal("1234.50")]] * 60,
    }

    def make(language: str = "zh-hans", **more: object) -> bytes:
        return documents.pdf(room="trial", name="letter", data={**data, **more}, language=language, now=NOW)

    return make


def test_a_document_is_pdf_a_with_pages_counted_and_the_same_bytes_again(made):
    first = made()
    reader = PdfFileReader(BytesIO(first))
    assert b"pdfaid:part>3<" in reader.root["/Metadata"].data
    assert int(reader.root["/Pages"]["/Count"]) == 2
    assert made() == first != made(language="en")


def test_data_are_never_read_as_markup(made):
    assert made(title="#panic()")
    with pytest.raises(documents.NotMade, match="trial/letter"):
        documents.pdf(room="trial", name="letter", data={"title": "no lines"}, language="en", now=NOW)


def test_a_signature_covers_the_whole_document_and_shows_a_changed_byte(made):
    signed = documents.signed(made(), reason="对账", now=NOW)
    status = validate_pdf_signature(PdfFileReader(BytesIO(signed)).embedded_signatures[0])
    assert status.intact and status.valid and status.coverage.name == "ENTIRE_FILE"
    at = signed.index(b"/Producer") + 12
    changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
    status = validate_pdf_signature(PdfFileReader(BytesIO(changed)).embedded_signatures[0])
    assert not status.intact
