"""Why a night does not go on."""

from __future__ import annotations


class Refused(Exception):
    """The night is refused before it publishes: yesterday's lists stay. `code` names why, `params` fill the sentence."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(f"{code}: {params}" if params else code)
        self.code = code
        self.params = params

    def as_json(self) -> dict[str, object]:
        return {"code": self.code, **self.params}


class Busy(Exception):
    """Another run holds the lock."""


class Fenced(Exception):
    """Another runner has taken this run over while this one was paused: nothing of ours may be written any more."""
