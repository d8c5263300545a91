"""The demo's staff: the bank, two teams of collectors, and one user for each role. Their password is no secret."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from dunwell.identity.models import Entity, Role, Team, User

PASSWORD = "yearly-harbour-lantern"
TEAMS = (("team-1", "催收一组", "Team 1"), ("team-2", "催收二组", "Team 2"))
STAFF = (
    ("collector1", "周宁", "Zhou Ning", Role.COLLECTOR, 0),
    ("collector2", "郑岚", "Zheng Lan", Role.COLLECTOR, 0),
    ("collector3", "许诺言", "Xu Nuoyan", Role.COLLECTOR, 0),
    ("collector4", "江一帆", "Jiang Yifan", Role.COLLECTOR, 1),
    ("collector5", "沈静", "Shen Jing", Role.COLLECTOR, 1),
    ("collector6", "方远", "Fang Yuan", Role.COLLECTOR, 1),
    ("leader1", "韩立", "Han Li", Role.TEAM_LEADER, 0),
    ("leader2", "孟真", "Meng Zhen", Role.TEAM_LEADER, 1),
    ("analyst", "苏未", "Su Wei", Role.ANALYST, None),
    ("compliance", "贺明", "He Ming", Role.COMPLIANCE, None),
    ("legal", "顾青", "Gu Qing", Role.LEGAL, None),
    ("manager", "陆清和", "Lu Qinghe", Role.MANAGER, None),
    ("admin", "范思", "Fan Si", Role.ADMINISTRATOR, None),
)


@dataclass(frozen=True)
class Login:
    """What `dunwell demo` prints: one user a role."""

    role: str
    username: str
    password: str


@transaction.atomic
def make_staff() -> list[Login]:
    """Bank, teams and users, those that are not there yet; answers the first user of each role."""
    bank, _ = Entity.objects.get_or_create(
        code=settings.BANK_ENTITY,
        defaults={"kind": Entity.Kind.BANK, "name_zh": "示例银行", "name_en": "Example Bank"},
    )
    teams = [
        Team.objects.get_or_create(code=code, defaults={"entity": bank, "name_zh": zh, "name_en": en})[0]
        for code, zh, en in TEAMS
    ]
    hashed = ""  # one hash for all: it is slow on purpose, and the password no secret
    there = set(User.objects.filter(username__in=[row[0] for row in STAFF]).values_list("username", flat=True))
    for number, (username, zh, en, role, team) in enumerate(STAFF, 1):
        if username not in there:
            hashed = hashed or make_password(PASSWORD)
            user = User(
                username=username,
                staff_no=f"D{number:04}",
                name_zh=zh,
                name_en=en,
                entity=bank,
                team=None if team is None else teams[team],
                role=role,
                password=hashed,
            )
            user.full_clean()
            user.save()
    return logins()


def are_there() -> bool:
    """Whether the demo's staff is that of this database."""
    return User.objects.filter(username=STAFF[0][0], staff_no="D0001", name_zh=STAFF[0][1]).exists()


def logins() -> list[Login]:
    """The first user of each role, with the password of the demo."""
    first: dict[str, Login] = {}
    for username, _, _, role, _ in STAFF:
        first.setdefault(role, Login(str(role), username, PASSWORD))
    return list(first.values())
