"""Statements planned once a connection, and rows inserted column by column."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dunwell.channels.models import LineState, MessagePart
from dunwell.compliance.models import PackText
from dunwell.engine.statements import fetch, insert, insert_rows, send, together
from tests import build

pytestmark = pytest.mark.django_db
ONE = "SELECT id, sha256 FROM compliance_packtext WHERE sha256 = ANY(%(these)b::text[]) ORDER BY id"


def rows(*hashes):
    return [PackText(version="1", sha256=one, text="…", parts={"a": [1]}, recorded_at=build.NOW) for one in hashes]


def test_rows_are_inserted_in_their_order_with_their_keys():
    made = rows("b", "a", "c")
    insert_rows(made)
    assert [row.pk for row in made] == sorted(row.pk for row in made)
    assert {one.pk: (one.sha256, one.parts) for one in PackText.objects.filter(sha256__in="abc")} == {
        row.pk: (row.sha256, {"a": [1]}) for row in made
    }


@pytest.mark.parametrize("hashes", [["x" * 65], ["y", "x" * 65]])
def test_a_text_that_is_too_long_is_refused_and_not_cut(hashes):
    with pytest.raises(DataError):
        insert_rows(rows(*hashes))


def test_a_column_that_is_not_named_takes_the_models_default():
    insert(LineState, 2, line=["a", "b"])
    assert set(LineState.objects.values_list("line", "failures", "detail", "open_until")) == {
        ("a", 0, "", None),
        ("b", 0, "", None),
    }


def test_columns_of_different_lengths_or_names_are_refused():
    with pytest.raises(ValueError, match="MessagePart: part are not 2 values"):
        insert(MessagePart, 2, message_id=[1, 2], part=[1])
    with pytest.raises(ValueError, match="LineState has no nothing"):
        insert(LineState, 1, line="a", nothing=1)


def test_a_statement_is_planned_once_without_its_values_and_counted():
    insert_rows(rows("p"))
    with CaptureQueriesContext(
        connection,
    ) as counted:
        for these in (["p"], ["q"], ["p", None]):
            found = send(ONE, {"these": these}).named()
    assert len(counted) == 3 and [row["sha256"] for row in found] == ["p"]
    plans = fetch("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %(s)s",
                  {"s": "SELECT id, sha256 FROM compliance_packtext%"})  # fmt: skip
    assert plans == [(3, 0)]


def test_statements_sent_together_run_in_their_order_and_answer_afterwards():
    this = {"line": "a"}
    with together():
        insert_rows([LineState(line="a")])
        before = send("SELECT line, failures FROM channels_linestate WHERE line = %(line)s", this)
        assert before.named() == [{"line": "a", "failures": 0}]  # asked for within: the server is waited for
        sent = send("UPDATE channels_linestate SET failures = 2 WHERE line = %(line)s", this)
        after = send("SELECT failures FROM channels_linestate WHERE line = %(line)s", this)
    assert (sent.rows(), after.rows()) == ([], [(2,)])


def test_what_fails_of_statements_sent_together_is_raised_and_nothing_after_it_runs():
    with pytest.raises(DataError), transaction.atomic(), together():
        insert_rows([PackText(pk=10**6, version="1", sha256="x" * 65, text="…", parts={}, recorded_at=build.NOW)])
        insert_rows([PackText(pk=10**6 + 1, version="1", sha256="y", text="…", parts={}, recorded_at=build.NOW)])
    assert not PackText.objects.filter(pk__gte=10**6).exists()
