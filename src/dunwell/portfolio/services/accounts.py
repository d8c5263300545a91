"""Accounts and cards from the bank's files, as they come into work."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.kernel import numbers
from dunwell.portfolio import rules
from dunwell.portfolio.services.copying import rows, run, staged
from dunwell.portfolio.services.erasing import accounts_of_erased, without_erased
from dunwell.portfolio.services.keeping import Kept

ACCOUNTS = """
    SELECT DISTINCT ON (account_no) account_no, party_no, currency, coalesce(product, ''), coalesce(branch, ''),
           cycle_day, open_date
    FROM {table} ORDER BY account_no
"""
CARDS = """
    SELECT account_no, card_no, kind, coalesce(holder_party_no, ''), status, coalesce(replaces_card_no, '')
    FROM {table} ORDER BY account_no, card_no
"""
KEEP_ACCOUNTS = """
    INSERT INTO portfolio_account AS account
        (entity_id, account_no, currency, product, branch, cycle_day, open_date, party_id)
    SELECT %s, kept.account_no, kept.currency, kept.product, kept.branch, kept.cycle_day, kept.open_date, party.id
    FROM kept_account AS kept
    JOIN portfolio_party AS party ON party.entity_id = %s AND party.party_no = kept.party_no
    ORDER BY kept.account_no
    ON CONFLICT (entity_id, account_no) DO UPDATE SET currency = excluded.currency, product = excluded.product,
        branch = excluded.branch, cycle_day = excluded.cycle_day,
        open_date = coalesce(excluded.open_date, account.open_date), party_id = excluded.party_id
    WHERE (account.currency, account.product, account.branch, account.cycle_day, account.open_date, account.party_id)
        IS DISTINCT FROM (excluded.currency, excluded.product, excluded.branch, excluded.cycle_day,
                          coalesce(excluded.open_date, account.open_date), excluded.party_id)
"""
KEEP_PRIMARY = """
    INSERT INTO portfolio_accountrole (party_id, account_no, role, relation)
    SELECT party.id, kept.account_no, 'primary', ''
    FROM kept_account AS kept
    JOIN portfolio_party AS party ON party.entity_id = %s AND party.party_no = kept.party_no
    ORDER BY party.id, kept.account_no
    ON CONFLICT DO NOTHING
"""
COUNT_ACCOUNTS = """
    SELECT count(*) FILTER (WHERE party.id IS NULL), count(account.id)
    FROM kept_account AS kept
    LEFT JOIN portfolio_party AS party ON party.entity_id = %s AND party.party_no = kept.party_no
    LEFT JOIN portfolio_account AS account ON account.entity_id = %s AND account.account_no = kept.account_no
        AND party.id IS NOT NULL
"""
COUNT_CARDS = "SELECT count(*) FROM portfolio_card WHERE token IN (SELECT token FROM kept_card)"
KEEP_CARDS = """
    INSERT INTO portfolio_card AS card
        (entity_id, account_no, token, last4, digest, digest_version, kind, holder_party_no, status, replaces_token)
    SELECT %s, account_no, token, last4, digest, digest_version, kind, holder_party_no, status, replaces_token
    FROM kept_card ORDER BY token
    ON CONFLICT (token) DO UPDATE SET account_no = excluded.account_no, kind = excluded.kind, status = excluded.status,
        holder_party_no = excluded.holder_party_no, replaces_token = excluded.replaces_token
    WHERE (card.account_no, card.kind, card.status, card.holder_party_no, card.replaces_token)
        IS DISTINCT FROM (excluded.account_no, excluded.kind, excluded.status, excluded.holder_party_no,
                          excluded.replaces_token)
"""


@transaction.atomic
def keep_accounts(connection: DuckDBPyConnection, table: str, *, entity_id: int) -> Kept:
    """Keep accounts that come into work, from a DuckDB table with the first columns of the accounts contract.

    (account_no, party_no, currency, product, branch, cycle_day, open_date.) An account whose party is not known here
    is not kept and counted as missing. Cards and roles, kept by the host's account number, are already its own.
    """
    file = connection.execute(ACCOUNTS.format(table=table)).fetchall()
    if not file:
        return Kept()
    staged(
        "kept_account",
        'account_no text COLLATE "C", party_no text COLLATE "C", currency text, product text, branch text, '
        "cycle_day smallint, open_date date",
        file,
    )
    missing, known = rows(COUNT_ACCOUNTS, [entity_id, entity_id])[0]
    written = run(KEEP_ACCOUNTS, [entity_id, entity_id])
    run(KEEP_PRIMARY, [entity_id])
    new = len(file) - missing - known
    return Kept(new=new, changed=written - new, unchanged=known - (written - new), missing=missing)


@transaction.atomic
def keep_cards(connection: DuckDBPyConnection, table: str, *, entity_id: int, now: datetime) -> Kept:
    """Keep the cards of a file as token, last four digits and keyed hash; the number itself goes no further.

    A replaced card stays, marked so; the new one names it. A supplementary card stands on the same account under its
    own holder. Neither moves the account or its case.
    """
    search = settings.KEYS.search()
    table, left_out = without_erased(connection, table, entity_id=entity_id, column="holder_party_no")
    without_holder = set(accounts_of_erased(entity_id))
    kept: dict[str, tuple] = {}
    for account_no, card_no, kind, holder, status, replaces in connection.execute(CARDS.format(table=table)).fetchall():
        if not holder and account_no in without_holder:
            left_out += 1
            continue
        number = numbers.check("card", card_no).normalised
        token = rules.token(search, number)
        digest, version = rules.digest(search, "card", number)
        replaced = rules.token(search, numbers.check("card", replaces).normalised) if replaces else ""
        kept[token] = (account_no, token, number[-4:], digest, version, kind, holder, status, replaced)
    if not kept:
        return Kept(erased=left_out)
    staged(
        "kept_card",
        "account_no text, token text, last4 text, digest bytea, digest_version int, kind text, holder_party_no text, "
        "status text, replaces_token text",
        kept.values(),
    )
    known = rows(COUNT_CARDS)[0][0]
    written = run(KEEP_CARDS, [entity_id])
    new = len(kept) - known
    return Kept(new=new, changed=written - new, unchanged=known - (written - new), erased=left_out)
