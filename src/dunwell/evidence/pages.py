"""A kept file, handed out to a browser."""

from __future__ import annotations

import mimetypes

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from dunwell.evidence.models import StoredFile
from dunwell.evidence.services import chunks_of


def handed_out(stored: StoredFile, *, name: str = "", inline: bool = False) -> HttpResponseBase:
    """The content under its name (its own, unless another is given): to be saved, or `inline` to be read in the page.

    What was destroyed is gone (410), and under which protocol is said. Django's FileResponse names neither type nor file
    of a content that comes in chunks.
    """
    if stored.destroyed_under is not None:
        said = _("Destroyed under protocol %(number)s: its period of retention had ended.")
        return HttpResponse(
            said % {"number": stored.destroyed_under}, status=410, content_type="text/plain; charset=utf-8"
        )
    name = name or stored.name
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    disposition = content_disposition_header(not inline, name)
    headers = {"Content-Disposition": disposition, "Content-Length": str(stored.size)}
    return StreamingHttpResponse(chunks_of(stored), content_type=kind, headers=headers)
