"""Files that prove something, and references to what proves it."""

from __future__ import annotations

import re
import tempfile
from datetime import datetime
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from dunwell.compliance.models import Contact
from dunwell.compliance.rules.outcomes import TALK
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log, StoredFile
from dunwell.kernel.actor import Actor

REFERENCE = re.compile(r"(file|contact|log|talk|文件|通话|日志)[ :：#]*([0-9a-f]{12,64}|\d+)", re.IGNORECASE)
AS_READ = {"talk": "contact", "通话": "contact", "文件": "file", "日志": "log"}  # as pages call them (words.proof)


class Unproven(ValueError):
    """A reference to evidence that is not there; the sentence says what can be named."""


def proven(reference: str, *, party_id: int) -> str:
    """A reference to evidence as it is kept: `file:SHA-256`, `contact:id` or `log:id`; Unproven when it is not there.

    A file is one that was handed in; a contact is a talk with this person, whose recording carries its number; a
    record of the log is one about this person.
    """
    match = REFERENCE.fullmatch(reference.strip())
    kind, name = (match.group(1).lower(), match.group(2).lower()) if match else ("", "")
    kind = AS_READ.get(kind, kind)
    if kind == "file":
        found = StoredFile.objects.filter(sha256__startswith=name).values_list("sha256", flat=True)[:2]
        if len(name) >= 12 and len(found) == 1:
            return f"file:{found[0]}"
    elif kind == "contact" and name.isdigit():
        talks = Contact.objects.filter(pk=int(name), outcomes__outcome__in=TALK)
        if talks.filter(party_id=party_id).exists() or talks.filter(person_id=party_id).exists():
            return f"contact:{name}"
    elif kind == "log" and name.isdigit() and Log.objects.filter(pk=int(name), party_id=party_id).exists():
        return f"log:{name}"
    raise Unproven(
        f'"{reference}" is no evidence that is kept: name a file (file:…), a talk with him (contact:…) or a record of '
        "the log about him (log:…)"
    )


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
