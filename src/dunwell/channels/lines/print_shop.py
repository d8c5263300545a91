"""Letters to a print shop: a job is a folder with the letters and a manifest of their hashes.

`<folder>/<job>.open/` is being written, `<folder>/<job>/` is handed over: its manifest was written first and the folder
renamed last, so a job that has its name is whole. `<folder>/back/*.csv` is what the shop and the post say of letters.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

from django.conf import settings
from pyhanko.pdf_utils.reader import PdfFileReader

from dunwell.channels.lines.gateway import BUSINESS_ID
from dunwell.channels.lines.reading import Line
from dunwell.kernel.times import BANK_ZONE

MANIFEST = "manifest.json"
OPEN = ".open"
FORMAT = "dunwell.letters/1"


class PrintShop:
    """The folder that Dunwell and the print shop share. Used by one printer at a time (services.letters)."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.folder = Path(settings.HOME) / str(line.options["folder"])
        self.service = str(line.options["service"])

    def begin(self, now: datetime) -> Path:
        """A new job, open; OSError when the folder cannot be written."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "back").mkdir(mode=0o700, exist_ok=True)
        job = self.folder / f"{now.astimezone(BANK_ZONE):%Y%m%d-%H%M%S-%f}{OPEN}"
        job.mkdir(mode=0o700)
        return job

    def put(self, job: Path, message_id: int, letter: bytes) -> None:
        """One letter into an open job: whole or not at all, under the name that it has at every attempt."""
        draft = job / f".{message_id}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(letter)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(job / f"{message_id}.pdf")

    def close(self, job: Path) -> Path | None:
        """Hand an open job over: its manifest, then its name. A job without letters is thrown away: None."""
        for draft in job.glob(".*"):
            draft.unlink()
        letters = sorted(job.glob("*.pdf"), key=lambda path: int(path.stem))
        if not letters:
            (job / MANIFEST).unlink(missing_ok=True)
            job.rmdir()
            return None
        manifest = {
            "format": FORMAT,
            "job": job.name.removesuffix(OPEN),
            "line": self.line.code,
            "service": self.service,
            "letters": [_listed(path) for path in letters],
        }
        draft = job / ".manifest"
        with draft.open("w", encoding="utf-8") as out:
            json.dump(manifest, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(job / MANIFEST)
        done = job.with_name(job.name.removesuffix(OPEN))
        job.rename(done)
        return done

    def open_jobs(self) -> list[Path]:
        """The jobs that a printer left open."""
        return sorted(self.folder.glob(f"*{OPEN}")) if self.folder.is_dir() else []

    def letter_of(self, message_id: int) -> Path | None:
        """The letter of a message in whatever job; None when none was written."""
        return next(iter(self.folder.glob(f"*/{message_id}.pdf")), None)

    def returns(self) -> Iterator[Path]:
        """The files of the shop and the post that were not taken yet, by name."""
        yield from sorted((self.folder / "back").glob("*.csv"))


def _listed(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    pages = int(PdfFileReader(BytesIO(data)).root["/Pages"]["/Count"])
    return {
        "reference": f"{BUSINESS_ID}{path.stem}",
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "pages": pages,
    }
