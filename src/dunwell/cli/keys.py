"""`dunwell keys`: the versions of the master key, and a new one."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from dunwell.cli.environment import Refused

BUSY = 4
WHAT = {"parties": "people", "files": "files", "rows": "rows in quarantine"}


def run(options: argparse.Namespace) -> int:
    """`status` says what each version wraps; `rotate` makes a new one and wraps everything under it."""
    from dunwell.kernel.actor import Actor
    from dunwell.kernel.sealing import Unsealable
    from dunwell.portfolio import services

    if options.what == "status":
        for nr, used in enumerate(services.keys_in_use()):
            state = "in force" if nr == 0 else "old" if used.known else "NOT IN THE KEYS' FOLDER"
            print(
                f"master key {used.version} ({state}): {used.parties:,} people, {used.files:,} files,"
                f" {used.rows:,} rows in quarantine"
            )
        return 0
    told = _Progress()
    try:
        done = services.rotate_master_key(by=Actor.program("dunwell keys"), now=datetime.now(UTC), progress=told)
    except services.Busy as busy:
        print(f"dunwell: {busy}.", file=sys.stderr)
        return BUSY
    except (services.KeyMissing, Unsealable) as error:
        raise Refused(f"{error}; what was done so far stands") from None
    finally:
        told.end()
    print(
        f"master key {done.version} is in force: {done.parties:,} people, {done.files:,} files and"
        f" {done.rows:,} rows in quarantine wrapped under it"
    )
    if done.left:
        print(f"{done.left:,} things were written under an older key meanwhile: run the command again.")
    return 0


class _Progress:
    """A line on standard error: replaced on a terminal, one for each kind of thing elsewhere."""

    def __init__(self) -> None:
        self.open = False
        self.terminal = sys.stderr.isatty()

    def __call__(self, what: str, done: int, of: int) -> None:
        line = f"{WHAT[what]}: {done:,} of {of:,}"
        if self.terminal:
            self.open = done < of
            print(f"\r\033[K{line}", end="" if self.open else "\n", file=sys.stderr, flush=True)
        elif done >= of or done % 5000 == 0:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.open:
            print(file=sys.stderr)
