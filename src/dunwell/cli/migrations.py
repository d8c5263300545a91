"""Bringing the database up to date: tables, then rights. As the owner; twice does no harm."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from dunwell.cli.progress import Shown


def outstanding() -> list[str]:
    """The migrations that the database has not had, in order. Django must be set up."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    return [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


class _Applied(io.StringIO):
    """What Django's `migrate` writes, read for the migrations that are done."""

    def __init__(self, shown: Shown, of: int) -> None:
        super().__init__()
        self.shown, self.done, self.of = shown, 0, of
        shown.tell("Migrations", 0, of)

    def write(self, text: str) -> int:
        if text.strip() == "OK":
            self.done += 1
            self.shown.tell("Migrations", self.done, self.of)
        return len(text)


@contextmanager
def new_models_alone() -> Iterator[None]:
    """Within it a migration's new model is rendered alone.

    Django renders with it whatever is related to what it points at, which here is nearly everything, and again for the
    next one: three fifths of the time of a first start. Nothing points at a new model yet, so only it has changed.
    """
    from django.db.migrations.state import ModelState, ProjectState

    whole = ProjectState.add_model

    def add_model(state: ProjectState, model: ModelState) -> None:
        rendered = state.__dict__.pop("apps", None)  # a cached property: without it nothing is rendered
        whole(state, model)
        if rendered is not None:
            rendered.render_multiple([model])
            state.__dict__["apps"] = rendered

    ProjectState.add_model = add_model
    try:
        yield
    finally:
        ProjectState.add_model = whole


def migrate() -> int:
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
            with Shown() as shown, new_models_alone():
                told = _Applied(shown, len(plan))
                call_command("migrate", database="owner", verbosity=1, interactive=False, no_color=True, stdout=told)
        rights.apply(owner.connection, app=settings.DATABASES["default"]["USER"] or rights.APP)
        cursor.execute("SELECT pg_advisory_unlock(hashtext('dunwell.migrate'))")
    owner.close()
    return len(plan)
