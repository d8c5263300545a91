"""What `dunwell` fills in before Django starts: the home, the database and the roles' addresses.

No DATABASE_URL                  the embedded server below DUNWELL_HOME
DATABASE_URL alone               that role owns the tables; the application's role is made, its password kept
DATABASE_URL and the owner's     used as they are
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dunwell.cli.kept import default_home, word

OWNER, APP, OUTSIDE = "dunwell_owner", "dunwell_app", "dunwell_outside"
DATABASE = "dunwell"
OLDEST = 15


class Refused(Exception):
    """The command cannot run; the text is one sentence for the user."""


def home() -> Path:
    """DUNWELL_HOME, made when it is not there."""
    folder = default_home()
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"DUNWELL_HOME {folder} cannot be used: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(f"DUNWELL_HOME {folder} cannot be written to by this user.")
    os.environ["DUNWELL_HOME"] = str(folder)
    return folder


@contextmanager
def database() -> Iterator[object | None]:
    """Within it the environment names a database that answers. Yields the embedded server, if it is one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dunwell.settings")
    folder = home()
    url = os.environ.get("DATABASE_URL", "")
    if url and "DATABASE_OWNER_URL" in os.environ:
        yield None  # whoever names both names the cardholders' too, as DATABASE_OUTSIDE_URL
        return
    if url:
        os.environ.update(DATABASE_OWNER_URL=url, DATABASE_URL=_prepare_given(url, folder))
        _name_outside(_outside_of(url, folder))
        yield None
        return
    from dunwell.cli.postgres import Embedded, Unavailable

    try:
        embedded = Embedded(folder)
        embedded.start()
    except Unavailable as error:
        raise Refused(str(error)) from error
    try:
        _prepare_embedded(embedded.superuser_url, folder)
        os.environ["DATABASE_OWNER_URL"] = embedded.url(OWNER, _password(folder, OWNER), DATABASE)
        os.environ["DATABASE_URL"] = embedded.url(APP, _password(folder, APP), DATABASE)
        _name_outside(embedded.url(OUTSIDE, _password(folder, OUTSIDE), DATABASE))
        yield embedded
    finally:
        embedded.stop()


def _name_outside(url: str) -> None:
    """The cardholders' process's address, unless one is named."""
    if url:
        os.environ.setdefault("DATABASE_OUTSIDE_URL", url)


def _outside_of(url: str, folder: Path) -> str:
    """The same server as the outside role; empty where an administrator made it with a password of his own."""
    import psycopg

    from dunwell.cli import roles

    named = roles.address(url, role=OUTSIDE, password=_password(folder, OUTSIDE))
    try:
        psycopg.connect(named, connect_timeout=10).close()
    except psycopg.OperationalError:
        return ""
    return named


def _password(folder: Path, role: str) -> str:
    return word(folder, f"database-{role}")


def _prepare_embedded(superuser_url: str, folder: Path) -> None:
    """Roles and database of the embedded server, where they are not there yet."""
    import psycopg
    from psycopg import sql

    from dunwell.cli import roles

    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('dunwell.prepare'))")
        for role in (OWNER, APP, OUTSIDE):
            if not roles.exists(connection, role):
                roles.create(connection, role, _password(folder, role))
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (DATABASE, OWNER))))


def _prepare_given(url: str, folder: Path) -> str:
    """Roles on a server that the bank runs, made by the owner it named. Answers the application's address."""
    import psycopg

    from dunwell.cli import roles

    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error):
            raise Refused(f"DATABASE_URL does not answer: {_one_line(error)}") from error
        connection = _create_database(url, error)
    with connection:
        version = connection.info.server_version // 10000
        if version < OLDEST:
            raise Refused(f"DATABASE_URL is a PostgreSQL {version}; Dunwell needs {OLDEST} or newer.")
        for role in (APP, OUTSIDE):
            password = _password(folder, role)
            if roles.exists(connection, role):
                if role == APP:
                    _try(roles.address(url, role=role, password=password), role)
                continue
            try:
                roles.create(connection, role, password)
            except psycopg.errors.InsufficientPrivilege as error:
                raise Refused(
                    f"The role {connection.info.user} may not make the role {role}: give it CREATEROLE, or make the"
                    " roles and set DATABASE_URL (the application's) and DATABASE_OWNER_URL (the owner's)."
                ) from error
    return roles.address(url, role=APP, password=_password(folder, APP))


def _create_database(url: str, reason: Exception) -> object:
    import psycopg
    from psycopg import sql

    from dunwell.cli import roles

    name = psycopg.conninfo.conninfo_to_dict(url).get("dbname", "")
    try:
        with psycopg.connect(roles.address(url, database="postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(str(name)))
            )
        return psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise Refused(f"DATABASE_URL does not answer: {_one_line(reason)}") from error


def _try(url: str, role: str) -> None:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise Refused(
            f"The role {role} is on this server with a password that is not in DUNWELL_HOME/keys: set DATABASE_URL"
            " (the application's) and DATABASE_OWNER_URL (the owner's), or drop the role."
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
