"""The database's rights, tried as the roles that the application has."""

from __future__ import annotations

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from dunwell.settings import rights
from tests import build


@pytest.fixture
def two_entities(fresh_database):
    """A case each of the bank and of an agency, committed."""
    build.case()
    build.case(of=build.entity("agency-1"))
    return fresh_database


def test_the_tests_run_as_the_applications_role(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("dunwell_app", False, False)


def test_every_fact_table_named_is_a_table():
    tables = {model._meta.db_table for model in apps.get_models()}
    assert set(rights.FACTS) <= tables
    assert set(rights.WITHHELD) <= tables


@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_a_fact_is_neither_changed_nor_deleted(fresh_database, statement):
    keys = {model._meta.db_table: model._meta.pk.column for model in apps.get_models()}
    with psycopg.connect(fresh_database.url, autocommit=True) as app:
        for table in rights.FACTS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement.format(table, keys[table]))


def test_the_application_may_not_make_tables_nor_lift_row_security(fresh_database):
    for statement in (
        "CREATE TABLE public.mine (id int)",
        "ALTER TABLE portfolio_party DISABLE ROW LEVEL SECURITY",
        "SET ROLE dunwell_owner",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
    ):
        with psycopg.connect(fresh_database.url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


def test_every_table_of_people_and_work_stands_under_forced_row_security(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'")
        under = {name for (name,) in cursor.fetchall()}
    assert under == set(rights.row_rules())
    assert {
        "portfolio_party",
        "portfolio_partyidentity",
        "portfolio_partykey",
        "casework_case",
        "evidence_log",
    } <= under
    assert {"payments_payment", "compliance_contactoutcome", "casework_note", "identity_user"} <= under


def test_outside_sees_no_row_without_a_setting(two_entities):
    with psycopg.connect(two_entities.outside_url) as outside:
        for table in rights.row_rules():
            assert outside.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_outside_sees_rows_of_its_entity_only(two_entities):
    with psycopg.connect(two_entities.url) as app:
        [(agency,)] = app.execute("SELECT id FROM identity_entity WHERE code = 'agency-1'").fetchall()
        assert app.execute("SELECT count(*) FROM casework_case").fetchone() == (2,)
    with psycopg.connect(two_entities.outside_url) as outside:
        outside.execute("SELECT set_config('dunwell.entity', %s, true)", [str(agency)])
        assert outside.execute("SELECT DISTINCT entity_id FROM casework_case").fetchall() == [(agency,)]
        assert outside.execute("SELECT count(*) FROM portfolio_party").fetchone() == (1,)
        outside.commit()  # the setting ends with its transaction
        assert outside.execute("SELECT count(*) FROM casework_case").fetchone() == (0,)


@pytest.mark.parametrize("table", ["identity_apikey", "intake_quarantinedrow", "django_session", "axes_accessattempt"])
def test_outside_may_not_read_what_is_the_banks(fresh_database, table):
    with psycopg.connect(fresh_database.outside_url) as outside, pytest.raises(psycopg.errors.InsufficientPrivilege):
        outside.execute(f"SELECT 1 FROM {table}")


def test_outside_writes_nothing(two_entities):
    with psycopg.connect(two_entities.outside_url) as outside, pytest.raises(psycopg.errors.InsufficientPrivilege):
        outside.execute("UPDATE casework_case SET rank = 0")


def test_setting_the_rights_twice_changes_nothing(fresh_database):
    query = "SELECT tablename, policyname, roles::text, cmd, qual FROM pg_policies ORDER BY 1, 2"
    with psycopg.connect(fresh_database.owner_url) as owner:
        before = owner.execute(query).fetchall()
        rights.apply(owner)
        assert owner.execute(query).fetchall() == before
