"""Fixtures of every test: a PostgreSQL of its own, used as the role the application has.

`db`              one transaction as dunwell_app, rolled back
`fresh_database`  a database of its own, for tests that commit, race, kill or start processes
`site`            a web server in this process over a fresh database
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="dunwell-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for _name in (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DUNWELL_LAKE",
    "DUNWELL_SECRET_KEY",
    "DUNWELL_TLS",
    "DUNWELL_POOL",
):
    os.environ.pop(_name, None)
os.environ.update(
    DJANGO_SETTINGS_MODULE="dunwell.settings",
    DUNWELL_HOME=str(HOME),
    DUNWELL_LOG="WARNING",
    DJANGO_ALLOW_ASYNC_UNSAFE="1",  # Playwright's loop runs in the thread of the tests
)

import django  # noqa: E402  (after the environment: the settings read it once)
import pytest  # noqa: E402

django.setup()

from django.db import connections  # noqa: E402

from tests import running  # noqa: E402

# A connection is its thread's, also while Playwright's loop runs in it. Django's own store has one set of connections for a
# thread with a loop and another without: who closed his before a database is dropped would have left those of the other set.
connections._connections = threading.local()

if running.SHARED not in os.environ:  # else this is a worker of pytest-xdist, and its controller has made it
    _shared = Path(tempfile.mkdtemp(prefix="dunwell-tests-shared-"))
    _shared.chmod(0o711)  # PostgreSQL's account passes through it
    os.environ[running.SHARED] = str(_shared)
    atexit.register(running.remove_made, _shared)

from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

from tests.sizes import SOAK, in_the_soak, size  # noqa: E402

hypothesis_settings.register_profile(
    "dunwell",
    max_examples=size(100, 5_000),
    deadline=None,
    derandomize=not size(0, 1),
    suppress_health_check=[HealthCheck.too_slow],  # a slow machine is no failure
)
hypothesis_settings.load_profile("dunwell")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """A worker of pytest-xdist reads the settings when its own home stands in the environment, and no sooner."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SOAK:
        return
    left: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        (left if item.get_closest_marker(in_the_soak.name) else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


@dataclass(frozen=True)
class Database:
    """A database of a test's own, and the environment in which `dunwell` uses it."""

    name: str
    url: str
    owner_url: str
    outside_url: str
    superuser_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DATABASE_URL": self.url, "DATABASE_OWNER_URL": self.owner_url}


@dataclass(frozen=True)
class Site:
    url: str
    database: Database


@pytest.fixture(scope="session")
def server(django_db_blocker) -> Iterator[object]:
    """The tests' PostgreSQL: DUNWELL_TEST_DATABASE_URL (a superuser's), else an embedded one."""
    import psycopg
    from django.core.management import call_command

    from dunwell.cli.migrations import new_models_alone
    from dunwell.cli.postgres import SUPERUSER, Embedded
    from dunwell.settings import rights
    from tests.database import Server, point

    def migrate(url: str) -> None:
        with django_db_blocker.unblock():
            point(connections.settings["owner"], url)
            connections["owner"].close()
            with new_models_alone():
                call_command("migrate", database="owner", verbosity=0)
            rights.apply(connections["owner"].connection)
            connections["owner"].close()

    def make(home: Path) -> None:
        embedded = Embedded(home)
        embedded.start()
        with psycopg.connect(embedded.superuser_url, autocommit=True) as superuser:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # it need not outlive a power cut
                superuser.execute(f"ALTER SYSTEM SET {setting} = off")
            superuser.execute("SELECT pg_reload_conf()")
        Server(embedded.superuser_url).make_template(migrate)
        embedded.stop()

    if given := os.environ.get("DUNWELL_TEST_DATABASE_URL", ""):
        postgres = Server(given)
        postgres.make_template(migrate)
        yield postgres
        return
    made = running.made_once("server", make)
    (HOME / "keys").mkdir(mode=0o700, exist_ok=True)
    shutil.copy(made / "keys" / f"database-{SUPERUSER}", HOME / "keys")
    running.copy_database(made, HOME)
    embedded = Embedded(HOME)
    embedded.start()
    yield Server(embedded.superuser_url)
    embedded.stop()


@pytest.fixture(scope="session")
def django_db_setup(server, django_db_blocker) -> Iterator[None]:
    """Instead of pytest-django's own: it would create a database as a role that may."""

    from tests.database import OWNER, point

    name = server.copy()
    point(connections.settings["default"], server.url(name))
    point(connections.settings["owner"], server.url(name, OWNER))
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    server.drop(name)


@pytest.fixture
def fresh_database(server, django_db_setup, django_db_blocker) -> Iterator[Database]:
    """A database copied from the template; Django's connections, of every thread, lead to it."""
    with database_of_its_own(server, django_db_blocker) as made:
        yield made


@contextmanager
def database_of_its_own(server, django_db_blocker) -> Iterator[Database]:

    from dunwell.cli.roles import address
    from dunwell.settings.rights import OUTSIDE
    from tests.database import OWNER, point

    name = server.copy()
    before = {alias: dict(connections.settings[alias]) for alias in ("default", "owner")}
    made = Database(
        name=name,
        url=server.url(name),
        owner_url=server.url(name, OWNER),
        outside_url=server.url(name, OUTSIDE),
        superuser_url=address(server.superuser_url, database=name),
    )
    with django_db_blocker.unblock():
        connections.close_all()
        point(connections.settings["default"], made.url)
        point(connections.settings["owner"], made.owner_url)
        yield made
        connections.close_all()
        for alias, settings in before.items():
            connections.settings[alias].update(settings)
    server.drop(name)


@pytest.fixture(autouse=True)
def no_loop_of_a_browser(request) -> Iterator[None]:
    """Playwright leaves its loop running in the thread of the tests; one without a browser may need a loop of its own."""
    running = asyncio.events._get_running_loop()
    if running is None or "browser" in request.fixturenames:
        yield
        return
    asyncio.events._set_running_loop(None)
    yield
    asyncio.events._set_running_loop(running)


@pytest.fixture
def site(fresh_database) -> Iterator[Site]:
    """The whole application behind a threaded web server on a free port of this machine."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.signals import request_finished, request_started

    from dunwell.settings.wsgi import application

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    under_way, changed = Counter(), threading.Condition()

    def began(**_: object) -> None:
        with changed:
            under_way["requests"] += 1

    def ended(**_: object) -> None:
        with changed:
            under_way["requests"] -= 1
            changed.notify_all()

    request_started.connect(began)
    request_finished.connect(ended)
    web = ThreadedWSGIServer(("127.0.0.1", 0), Quiet, connections_override={})
    web.set_app(application)
    web.daemon_threads = True
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield Site(url=f"http://127.0.0.1:{web.server_address[1]}", database=fresh_database)
    web.shutdown()
    web.server_close()
    thread.join(60)
    with changed:  # what a page asked at its end is answered from this database, and not from the next test's
        changed.wait_for(lambda: under_way["requests"] <= 0, 20)
    request_started.disconnect(began)
    request_finished.disconnect(ended)
