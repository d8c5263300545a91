"""The only writers of the log, its seals and the files kept by content."""

from dunwell.evidence.services.log import Entry, write, write_many

__all__ = ["Entry", "write", "write_many"]
