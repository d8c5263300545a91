"""The lines in force: those of the file, and e-mail when its server is set."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from dunwell.channels.lines.reading import OPTIONAL, Line, read

MAIL = Line(code="mail", channel="email", adapter="smtp", options=OPTIONAL["smtp"])
_read: dict[Path, tuple[int, tuple[Line, ...]]] = {}


def lines() -> tuple[Line, ...]:
    """Every line, read anew when the file has changed. LineError when it cannot be used: then nothing leaves."""
    path = Path(settings.LINES_FILE)
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        found: tuple[Line, ...] = ()
    else:
        if path not in _read or _read[path][0] != changed:
            _read[path] = (changed, read(path.read_text(encoding="utf-8"), path.name))
        found = _read[path][1]
    if not settings.EMAIL_HOST:
        return tuple(line for line in found if line.adapter != "smtp")
    return found if any(line.channel == "email" for line in found) else (*found, MAIL)


def line_for(channel: str) -> Line | None:
    """The line by which a channel leaves; None when the bank has none."""
    return next((line for line in lines() if line.channel == channel and line.adapter != "dialler"), None)


def diallers() -> tuple[Line, ...]:
    """The diallers and robots to which lists are given out."""
    return tuple(line for line in lines() if line.adapter == "dialler")


def line_named(code: str) -> Line | None:
    return next((line for line in lines() if line.code == code), None)


def connected(channel: str) -> bool:
    """Whether something sent by this channel can leave."""
    return line_for(channel) is not None
