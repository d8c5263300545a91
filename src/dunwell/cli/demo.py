"""Loading the demo's portfolio, with a bar on a terminal and lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

WORDS = {"nights": "Taking files in, running the nights"}


def prepare(*, say: Callable[[str], None]) -> list[str]:
    """Load what is not loaded yet. Answers a line a role with login and password."""
    from tqdm import tqdm

    from dunwell.demo.loading import load

    bars: dict[str, tqdm] = {}
    said = {"part": "", "at": 0.0}

    def progress(part: str, done: int, of: int) -> None:
        if sys.stderr.isatty():
            bar = bars.get(part)
            if bar is None:
                bar = bars[part] = tqdm(total=of, desc=WORDS.get(part, part), file=sys.stderr)
            bar.update(done - bar.n)
            if done >= of:
                bar.close()
        elif part != said["part"] or done >= of or time.monotonic() - float(said["at"]) > 10:
            said.update(part=part, at=time.monotonic())
            say(f"{WORDS.get(part, part)}: {done} of {of}")

    logins = load(progress)
    for bar in bars.values():
        bar.close()
    return [f"{login.role:<14} {login.username:<16} {login.password}" for login in logins]
