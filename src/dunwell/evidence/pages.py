"""A kept file, handed out to a browser."""

from __future__ import annotations

import mimetypes

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from dunwell.evidence.models import StoredFile
from dunwell.evidence.services import chunks_of


def handed_out(stored: StoredFile, *, name: str = "", inline: bool = False) -> StreamingHttpResponse:
    """The content under its name (its own, unless another is given): to be saved, or `inline` to be read in the page.

    Django's FileResponse names neither type nor file of a content that comes in chunks.
    """
    name = name or stored.name
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    disposition = content_disposition_header(not inline, name)
    headers = {"Content-Disposition": disposition, "Content-Length": str(stored.size)}
    return StreamingHttpResponse(chunks_of(stored), content_type=kind, headers=headers)
