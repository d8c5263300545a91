"""Users, the entities they belong to (the bank, each agency), and their teams."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from dunwell.kernel.actor import Actor


class Entity(models.Model):
    """The bank or an agency. Every user, case and contact carries one."""

    class Kind(models.TextChoices):
        BANK = "bank"
        AGENCY = "agency"

    code = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)

    def name(self, language: str) -> str:
        return self.name_en if language.startswith("en") else self.name_zh


class Team(models.Model):
    entity = models.ForeignKey(Entity, models.PROTECT, related_name="teams")
    code = models.CharField(max_length=32, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)

    def name(self, language: str) -> str:
        return self.name_en if language.startswith("en") else self.name_zh


class Role(models.TextChoices):
    COLLECTOR = "collector"
    TEAM_LEADER = "team_leader"
    ANALYST = "analyst"
    COMPLIANCE = "compliance"
    LEGAL = "legal"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, username: str, password: str, **fields: object) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str) -> "User":
        return self.get(username=username)


class User(AbstractBaseUser):
    """A member of staff. What he may do follows from `role` (identity.rules.PERMISSIONS)."""

    class Theme(models.TextChoices):
        SYSTEM = "system"
        LIGHT = "light"
        DARK = "dark"

    username = models.CharField(max_length=64, unique=True)
    staff_no = models.CharField(max_length=32, unique=True)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60)
    entity = models.ForeignKey(Entity, models.PROTECT, related_name="users")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="users")
    role = models.CharField(max_length=20, choices=Role.choices)
    language = models.CharField(max_length=8, default="zh-hans")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    single_keys = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: list[str] = []
    objects = UserManager()

    @property
    def actor(self) -> Actor:
        """Himself as the one in whose name a fact is written."""
        return Actor(user_id=self.pk, name=self.staff_no, entity_id=self.entity_id)

    def name(self, language: str) -> str:
        return self.name_en if language.startswith("en") else self.name_zh

    def may(self, permission: str) -> bool:
        """Whether the role carries the permission (a key of identity.rules.PERMISSIONS)."""
        from dunwell.identity.rules import may

        return self.is_active and may(self.role, permission)


class ApiKey(models.Model):
    """A key with which another of the bank's systems acts as a user. Only its hash is kept; shown once when made."""

    user = models.ForeignKey(User, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80)
    digest = models.BinaryField(unique=True)  # SHA-256 of the key
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
