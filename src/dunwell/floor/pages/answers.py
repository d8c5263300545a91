"""What a form that htmx posted is answered, and how what was typed in it is read."""

from __future__ import annotations

from datetime import date

from dunwell.casework.pages.finding import case_of, go, key_of, sentence

__all__ = ["case_of", "day_of", "go", "key_of", "number_of", "sentence"]


def day_of(text: str) -> date | None:
    """A typed day, None where nothing is typed. ValueError when it cannot be read."""
    return date.fromisoformat(text.strip()) if text.strip() else None


def number_of(text: str) -> int | None:
    """A typed whole number of something, None where there is none."""
    return int(text) if text.isdigit() and len(text) < 19 else None
