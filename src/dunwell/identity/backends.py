"""Who is signed in, read with one query."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from dunwell.identity.models import User


class Backend(ModelBackend):
    """As Django's own, but entity and team come with the user: every page shows them."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("entity", "team").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
