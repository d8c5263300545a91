"""The tests' PostgreSQL: a migrated template, and databases copied from it. Used as the application's roles."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from dunwell.cli import roles
from dunwell.settings import PACKAGE, database, rights

OWNER = "dunwell_owner"
PASSWORD = "of-the-tests-alone"


class Server:
    """A PostgreSQL on which the tests may create roles and databases."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self.template = f"dunwell_template_{fingerprint()}"

    @contextmanager
    def superuser(self, name: str = "") -> Iterator[psycopg.Connection]:
        with psycopg.connect(roles.address(self.superuser_url, database=name), autocommit=True) as connection:
            yield connection

    def url(self, name: str, role: str = rights.APP) -> str:
        """The address of a database under a role."""
        return roles.address(self.superuser_url, role=role, password=PASSWORD, database=name)

    def make_template(self, migrate: object) -> None:
        """Roles and the migrated template, once for each state of the migrations."""
        with self.superuser() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext('dunwell.tests'))")
            for role in (OWNER, rights.APP, rights.OUTSIDE):
                roles.create(connection, role, PASSWORD)
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.template]).fetchone():
                return
            draft = f"{self.template}_draft"
            self._drop(connection, draft)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (draft, OWNER))))
            migrate(self.url(draft, OWNER))  # type: ignore[operator]
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (draft, self.template)))
            )

    def copy(self) -> str:
        """A new database, copied from the template. Answers its name."""
        name = f"dunwell_test_{os.getpid()}_{secrets.token_hex(3)}"
        with self.superuser() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    *map(sql.Identifier, (name, self.template, OWNER))
                )
            )
        return name

    def drop(self, name: str) -> None:
        with self.superuser() as connection:
            self._drop(connection, name)

    @staticmethod
    def _drop(connection: psycopg.Connection, name: str) -> None:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def fingerprint() -> str:
    """A hash of everything that makes the template what it is."""
    digest = hashlib.sha256()
    patterns = ("*/migrations/*.py", "*/models.py", "*/models/**/*.py", "**/*.sql", "settings/rights.py")
    for path in sorted({path for pattern in patterns for path in PACKAGE.glob(pattern)}):
        digest.update(str(path.relative_to(PACKAGE)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def point(connection_settings: dict[str, object], url: str) -> None:
    """Make a Django connection's settings, shared by all threads, name another database."""
    connection_settings.update(
        {k: v for k, v in database(url).items() if k in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    )


def home(folder: Path) -> dict[str, str]:
    """The environment that keeps the tests away from a real installation."""
    return {"DJANGO_SETTINGS_MODULE": "dunwell.settings", "DUNWELL_HOME": str(folder), "DUNWELL_LOG": "WARNING"}
