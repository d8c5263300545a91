"""Users: who there is, a new one, another role or team, no access any more, a new first password."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST
from django_otp.plugins.otp_totp.models import TOTPDevice

from dunwell.desk.words import ROLES
from dunwell.evidence import services as evidence
from dunwell.identity.models import Role, Team, User
from dunwell.identity.pages.guard import requires
from dunwell.identity.services import change_user, create_user, first_password, set_password
from dunwell.intake.pages.late import late_files


def _log(request: HttpRequest, kind: str, user: User, **data: object) -> None:
    evidence.write(
        kind=kind,
        now=timezone.now(),
        by=request.user.actor,
        entity_id=user.entity_id,
        data={"user_id": user.pk, **data},
    )


@sensitive_variables("shown")
def _page(request: HttpRequest, *, status: int = 200, **context: object) -> HttpResponse:
    users = list(
        User.objects.filter(entity=request.user.entity_id)
        .select_related("team")
        .order_by("-is_active", "role", "username")[:200]
    )
    with_code = set(TOTPDevice.objects.filter(confirmed=True, user__in=users).values_list("user_id", flat=True))
    return render(
        request,
        "desk/users.html",
        {
            "users": [
                {
                    "user": user,
                    "name": user.name(request.user.language),
                    "role": ROLES[user.role],
                    "code": user.pk in with_code,
                }
                for user in users
            ],
            "teams": [
                (team.pk, team.name(request.user.language))
                for team in Team.objects.filter(entity=request.user.entity_id).order_by("code")
            ],
            "roles": [(role.value, ROLES[role.value]) for role in Role],
            "typed": request.POST,
            "files": late_files(request, timezone.now()),
            **context,
        },
        status=status,
    )


def _team(request: HttpRequest) -> Team | None:
    number = request.POST.get("team", "")
    return Team.objects.filter(entity=request.user.entity_id, pk=number).first() if number.isdigit() else None


@requires("user.manage")
def users(request: HttpRequest) -> HttpResponse:
    """GET lists the users of one's entity; POST makes one and shows his first password once."""
    if request.method != "POST":
        return _page(request)
    password = first_password()
    try:
        with transaction.atomic():
            user = create_user(
                username=request.POST.get("username", "").strip(),
                staff_no=request.POST.get("staff_no", "").strip(),
                name_zh=request.POST.get("name_zh", "").strip(),
                name_en=request.POST.get("name_en", "").strip(),
                entity=request.user.entity,
                team=_team(request),
                role=request.POST.get("role", ""),
                password=password,
            )
            _log(request, "user.created", user, role=user.role)
    except ValidationError as error:
        return _page(
            request,
            status=422,
            errors=error.message_dict if hasattr(error, "error_dict") else {"username": error.messages},
        )
    return _page(request, made=user, shown=password)


@requires("user.manage")
@require_POST
def change(request: HttpRequest, user_id: int) -> HttpResponse:
    """Role, team and access of one user. Nobody takes away his own access."""
    user = get_object_or_404(User, pk=user_id, entity=request.user.entity_id)
    active = request.POST.get("is_active") == "on"
    role = request.POST.get("role", "")
    if user == request.user and (not active or role != user.role):
        messages.error(request, _("You cannot take away your own access or role; another administrator can."))
        return HttpResponseRedirect("/users")
    if role not in Role.values:
        messages.error(request, _("There is no such role."))
        return HttpResponseRedirect("/users")
    before = {"role": user.role, "is_active": user.is_active}
    with transaction.atomic():
        change_user(user=user, role=role, team=_team(request), is_active=active)
        _log(request, "user.changed", user, before=before, role=role, is_active=active)
    messages.success(request, _("Saved: %(name)s.") % {"name": user.username})
    return HttpResponseRedirect("/users")


@requires("user.manage")
@require_POST
def new_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new first password, shown once; the user's sessions and one-time codes end."""
    user = get_object_or_404(User, pk=user_id, entity=request.user.entity_id)
    password = first_password()
    with transaction.atomic():
        set_password(user=user, password=password)
        TOTPDevice.objects.filter(user=user).delete()
        _log(request, "user.password_reset", user)
    return _page(request, made=user, shown=password)
