"""The night gives way to the desks: where both want a core, the people at their desks have it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from django.db import connection as database

#: Ten steps down a process gets about a tenth of what another one gets that wants the same core, and all of an idle one.
LOWER = 10
LONGEST = 1.0  # seconds


def behind_the_desks() -> None:
    """Lower the priority of this process and of its session in PostgreSQL, for as long as they live.

    For a process that does nothing but the night's work. The session's is lowered where the server runs on this machine and
    this user may: another server's cores are not ours to share out.
    """
    os.nice(LOWER)
    database.ensure_connection()
    session = database.connection.info.backend_pid
    try:
        told = Path(f"/proc/{session}/cmdline").read_bytes()
        if told.startswith(b"postgres:") and database.connection.info.host.startswith("/"):
            os.setpriority(os.PRIO_PROCESS, session, min(os.getpriority(os.PRIO_PROCESS, session) + LOWER, 19))
            # each of the server's processes is a session of its own, which Linux gives a share by itself where that is on
            Path(f"/proc/{session}/autogroup").write_text(str(LOWER))
    except OSError:  # another machine's, another user's, or there is no such thing
        return


@dataclass(slots=True)
class Pace:
    """How long to leave the server to others after a transaction: as long as they kept it waiting.

    What a row took at best is what it takes alone. A priority says nothing to a server elsewhere; this does.
    """

    alone: float | None = None  # seconds a row

    def after(self, *, rows: int, seconds: float) -> float:
        """Seconds to wait after so many rows took so long; none where nobody else wanted anything."""
        if not rows:
            return 0.0
        each = seconds / rows
        self.alone = each if self.alone is None else min(self.alone, each)
        return min(LONGEST, max(0.0, seconds - self.alone * rows))
