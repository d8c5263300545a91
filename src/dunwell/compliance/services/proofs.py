"""Files that prove something, and references to what proves it."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.kernel.actor import Actor


def keep_proof(*, upload: UploadedFile, by: Actor, now: datetime, party_id: int | None = None) -> StoredFile:
    """Keep a file that was handed in, encrypted, and log who brought it. The same content again is the same file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "handed-in"
        with path.open("wb") as out:
            for chunk in upload.chunks():
                out.write(chunk)
        stored = evidence.keep_file(path=path, now=now, name=Path(upload.name or "file").name)
    evidence.write(
        kind="file.handed_in", now=now, by=by, party_id=party_id, data={"sha256": stored.sha256, "size": stored.size}
    )
    return stored
