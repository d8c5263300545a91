"""Who calls: a signed-in member of staff (session and CSRF token), or a system with a key."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer, SessionAuth

from dunwell.identity.models import ApiKey, User
from dunwell.kernel.actor import Actor


def digest(key: str) -> bytes:
    """Under which a key is kept. Keys are 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


def make_key(*, user: User, name: str, now: datetime) -> str:
    """A new key that acts as `user`; the return value is the only time it is seen."""
    key = f"dw_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(user=user, name=name, digest=digest(key), created_at=now)
    return key


class Key(HttpBearer):
    """`Authorization: Bearer dw_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        known = (
            ApiKey.objects.select_related("user__entity")
            .filter(digest=digest(token), revoked_at=None, user__is_active=True)
            .first()
        )
        if known is None:
            return None
        request.user = known.user
        return known.user


CALLERS = [Key(), SessionAuth(csrf=True)]


def permitted(request: HttpRequest, permission: str) -> Actor:
    """The caller as an actor; without the permission HTTP 403 names it."""
    user: User = request.user
    if not user.may(permission):
        raise HttpError(403, f"this needs the permission {permission}")
    return user.actor
