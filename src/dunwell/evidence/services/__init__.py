"""The only writers of the log, its seals and the files kept by content."""

from dunwell.evidence.services.exports import Mark, mark_export
from dunwell.evidence.services.files import (
    Damaged,
    Destroyed,
    chunks_of,
    destroy_key,
    keep_file,
    open_value,
    read_file,
    remove_content,
    rewrap_files,
    seal_value,
)
from dunwell.evidence.services.log import Entry, append_from, write, write_many
from dunwell.evidence.services.seals import Sealed, seal, sign_day, unsealed
from dunwell.evidence.services.stamps import stamp_days
from dunwell.evidence.verifying import Change, Verified, export, verify

__all__ = [
    "Change",
    "Damaged",
    "Destroyed",
    "Entry",
    "Mark",
    "Sealed",
    "Verified",
    "append_from",
    "chunks_of",
    "destroy_key",
    "export",
    "keep_file",
    "mark_export",
    "open_value",
    "read_file",
    "remove_content",
    "rewrap_files",
    "seal",
    "seal_value",
    "sign_day",
    "stamp_days",
    "unsealed",
    "verify",
    "write",
    "write_many",
]
