"""Users are made and changed here.

The log comes after identity in the order of rooms: the page or command that calls these functions writes
`user.created`, `user.changed` … in the same transaction.
"""

from __future__ import annotations

import secrets

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.db import transaction

from dunwell.identity.models import Entity, Role, Team, User


def first_password() -> str:
    """A password to hand over once: 16 letters and digits, none of them easily confused."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(letters) for _ in range(16))


@transaction.atomic
def create_user(
    *,
    username: str,
    staff_no: str,
    name_zh: str,
    name_en: str,
    entity: Entity,
    team: Team | None,
    role: Role | str,
    password: str,
) -> User:
    """A new user. The password is checked (django.core.exceptions.ValidationError)."""
    user = User(
        username=username, staff_no=staff_no, name_zh=name_zh, name_en=name_en, entity=entity, team=team, role=role
    )
    validate_password(password, user)
    user.set_password(password)
    user.full_clean(exclude=["password"])
    user.save()
    return user


@transaction.atomic
def change_user(*, user: User, role: Role | str, team: Team | None, is_active: bool) -> User:
    """Another role or team, or no access any more; whoever loses access or changes role is signed out."""
    ends = user.role != role or (user.is_active and not is_active)
    user.role, user.team, user.is_active = role, team, is_active
    user.full_clean(exclude=["password"])
    user.save(update_fields=["role", "team", "is_active"])
    if ends:
        end_sessions(user=user)
    return user


@transaction.atomic
def set_password(*, user: User, password: str) -> None:
    """A new password, checked; every session of the user ends, for the hash it was made under is gone."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def end_sessions(*, user: User) -> int:
    """Signs the user out everywhere. Returns how many sessions ended."""
    ended = 0
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
            ended += 1
    return ended


def set_preferences(
    *, user: User, language: str | None = None, theme: str | None = None, single_keys: bool | None = None
) -> User:
    """Language, theme and single keys; None leaves one as it is, a value that does not exist is ignored."""
    if language in ("zh-hans", "en"):
        user.language = language
    if theme in User.Theme.values:
        user.theme = theme
    if single_keys is not None:
        user.single_keys = single_keys
    user.save(update_fields=["language", "theme", "single_keys"])
    return user
