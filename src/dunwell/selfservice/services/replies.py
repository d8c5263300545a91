"""What an answer is made of, and the seals between page and worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from dunwell.kernel import sealing

DOOR = frozenset({"opened", "passed", "failed", "locked", "code", "again"})  # written by the door, without a body


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request. `sealed` opens by the key that came with it."""

    done: bool = True
    data: Mapping[str, Any] = field(default_factory=dict)
    sealed: bytes | None = None


def refused(code: str, **more: Any) -> Reply:
    return Reply(False, {"code": code, **more})


def body_place(kind: str) -> bytes:
    """What a request's body is bound to."""
    return f"selfservice/{kind}".encode()


def sealed_body(kind: str, fields: Mapping[str, Any], public: bytes) -> bytes:
    """What the page sends in, for the worker alone."""
    return sealing.box_seal(public, json.dumps(fields, ensure_ascii=False).encode(), body_place(kind), settings.CIPHER)


def opened_body(kind: str, sealed: bytes | None) -> dict[str, Any]:
    """What the page sent in. Unsealable when it was not sealed for us."""
    if sealed is None:
        return {}
    return json.loads(sealing.box_open(settings.KEYS.cardholders(), bytes(sealed), body_place(kind)))
