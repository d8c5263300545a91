"""What cannot be done with an arrangement now."""

from __future__ import annotations


class NotAllowed(ValueError):
    """A step that is refused; `code` says why: nobody, own, twice, role, answered, unapproved, over, evidence, disclosed,
    agreed, reason, owed, combined; of a deduction unauthorised, amount, minimum, today, retry."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
