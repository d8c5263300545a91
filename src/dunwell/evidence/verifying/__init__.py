"""Verifying the log: in the database, or in a file that `dunwell evidence export` wrote.

It recomputes each row's hash from its fields, each leaf from the row's number and hash, each batch's root, the chain
from the first seal on, and the signatures of the days; in the database also the rows whose hashes the records hold.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from dunwell.evidence import destroyed, facts, stamping
from dunwell.evidence.signing import signing_key
from dunwell.evidence.verifying.checks import check
from dunwell.evidence.verifying.files import export, opened_file
from dunwell.evidence.verifying.log import sealed_batches, signed_days, unsealed_records
from dunwell.evidence.verifying.values import Batch, Change, Day, Record, Verified

__all__ = ["Batch", "Change", "Day", "Record", "Verified", "check", "export", "verify"]


def verify(path: Path | None = None) -> Verified:
    """Check the log in the database, or an exported file. An unreadable file raises ValueError."""
    if path is not None:
        batches, loose, days, public = opened_file(Path(path))
        result = check(batches, loose, days, public, stamping.authorities(settings.STAMP_TRUST))
        records = [record for _batch, found in batches for record in found] + loose
        result.destroyed = destroyed.told(
            (record.id, record.fields["data"])
            for record in records
            if record.fields and record.fields["kind"] == destroyed.KIND
        )
        return result
    public = signing_key()[0].public_key().public_bytes_raw()
    rows: list[facts.Broken] = []
    result = check(
        sealed_batches(rows), unsealed_records(rows), signed_days(), public, stamping.authorities(settings.STAMP_TRUST)
    )
    result.destroyed = destroyed.told(destroyed.logged())
    changed = {int(one.number) for one in result.changed if one.what == "record"}
    for one in sorted(rows, key=lambda one: one.record):
        gone = result.destroyed.get(one.row)
        if destroyed.excused(one, gone, changed):
            result.excused.append(gone)
        else:
            result.changed.append(_row_change(one))
    return result


def _row_change(one: facts.Broken) -> Change:
    label, number = one.row.split(" ")
    said = "it was removed" if one.gone else "it is not as it was written"
    return Change(label, number, f"{said} (record {one.record})")
