"""Who does something: a member of staff, or one of our own programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The one in whose name a fact is written.

    `user_id` is None for a program; `name` is the staff number or the program's name and stands in the log;
    `entity_id` is the bank or agency that the actor belongs to, None for a program that serves all.
    """

    user_id: int | None
    name: str
    entity_id: int | None = None

    @classmethod
    def program(cls, name: str, entity_id: int | None = None) -> Actor:
        """The actor that one of our programs is: `Actor.program("nightly")`."""
        return cls(user_id=None, name=name, entity_id=entity_id)
