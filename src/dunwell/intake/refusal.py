"""A file that is not taken at all, and why: a code with its values; the sentence is made when it is shown."""

from __future__ import annotations


class Refused(Exception):
    """The whole file is refused. `code` is a key of `sentences.REFUSALS`, `params` fill its gaps."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, {name: str(value) for name, value in params.items()}
