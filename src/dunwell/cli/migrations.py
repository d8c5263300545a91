"""Bringing the database up to date: tables, then rights. As the owner; twice does no harm."""

from __future__ import annotations

from collections.abc import Callable


def outstanding() -> list[str]:
    """The migrations that the database has not had, in order. Django must be set up."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    return [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def migrate(*, say: Callable[[str], None] = lambda line: None) -> int:
    """Apply what is outstanding and set the rights. Answers how many migrations were applied."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from dunwell.settings import rights

    owner = connections["owner"]
    owner.ensure_connection()
    with owner.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('dunwell.migrate'))")
        plan = outstanding()
        if plan:
            say(f"{len(plan)} migrations …")
            call_command("migrate", database="owner", verbosity=0, interactive=False)
        rights.apply(owner.connection, app=settings.DATABASES["default"]["USER"] or rights.APP)
        cursor.execute("SELECT pg_advisory_unlock(hashtext('dunwell.migrate'))")
    owner.close()
    return len(plan)
