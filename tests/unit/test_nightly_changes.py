"""What is published is compared: a column that the comparison forgot would go stale without a word."""

from importlib import resources

from dunwell.nightly.services import staging

CHANGES = resources.files("dunwell.nightly").joinpath("sql", "changes.sql").read_text("utf-8")
#: Written once: an account's number and currency, the key of an action and what follows from its step.
FOR_GOOD = {"account_no", "currency", "party_no"}


def test_every_published_column_of_an_account_is_compared():
    columns = {"periods_past_due" if name == "host_periods" else name for name in staging.STATE + staging.ACCOUNT}
    assert [
        name for name in sorted(columns - FOR_GOOD) if f"s.{name} " not in CHANGES and f"r.{name} " not in CHANGES
    ] == []


def test_every_published_column_of_a_case_and_of_an_action_is_compared():
    case = set(staging.CASE) - {
        "party_no",
        "close_reason",
    }  # only a case that closes has a reason, and it is always written
    assert [name for name in sorted(case) if f"c.{name}" not in CHANGES] == []
    action = set(staging.ACTION) - {"party_no", "purpose"}  # a step's purpose is the strategy's: another rule
    assert [name for name in sorted(action) if f"a.{name}" not in CHANGES] == []
