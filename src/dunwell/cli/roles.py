"""The database's roles, and addresses for them."""

from __future__ import annotations

import contextlib
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql


def exists(connection: psycopg.Connection, role: str) -> bool:
    """Whether the server knows a role."""
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


def create(connection: psycopg.Connection, role: str, password: str) -> None:
    """Make a plain role that may sign in, with this password; one that is there gets the password anew.

    Neither superuser nor free of row security. Raises psycopg.errors.InsufficientPrivilege.
    """
    if not exists(connection, role):
        taken = (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject)  # another process was first
        with contextlib.suppress(*taken):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def address(url: str, *, role: str = "", password: str = "", database: str = "") -> str:
    """The same server under another role or database; what is left empty stays."""
    parts = urlsplit(url)
    network = parts.netloc
    if role:
        host = network.rpartition("@")[2]
        network = f"{quote(role, safe='')}:{quote(password, safe='')}@{host}" if password else f"{quote(role)}@{host}"
    path = f"/{quote(database, safe='')}" if database else parts.path
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k not in ("user", "password") or not role])
    return urlunsplit((parts.scheme, network, path, query, ""))
