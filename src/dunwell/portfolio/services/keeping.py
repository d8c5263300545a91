"""People and their contact points from the bank's files: sealed, masked, and written only where something changed.

Each function reads a DuckDB table of validated rows of its contract, inside the transaction of the intake. The same
rows again write nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.evidence import services as evidence
from dunwell.kernel import masks, sealing, times
from dunwell.kernel.actor import Actor
from dunwell.portfolio import reference, rules
from dunwell.portfolio.services.copying import rows, run, staged
from dunwell.portfolio.services.erasing import without_erased
from dunwell.portfolio.services.people import place, wrapped_new


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a file's rows.

    `missing` counts rows whose party is not known here, `erased` rows left out because their person was erased.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    missing: int = 0
    erased: int = 0


#: One row a party, whatever number of accounts it stands at; the file's last word holds.
PARTIES = """
    SELECT party_no, last(kind ORDER BY place), last(name ORDER BY place), coalesce(last(id_kind ORDER BY place), ''),
           coalesce(last(id_no ORDER BY place), ''), coalesce(last(province ORDER BY place), ''),
           coalesce(last(language ORDER BY place), '')
    FROM (SELECT *, row_number() OVER () AS place FROM {table}) GROUP BY party_no ORDER BY party_no
"""
ROLES = """
    SELECT DISTINCT ON (party_no, account_no, role) party_no, account_no, role, coalesce(relation, '')
    FROM {table} WHERE account_no IS NOT NULL ORDER BY party_no, account_no, role
"""
POINTS = """
    SELECT DISTINCT party_no, kind, value, coalesce(label, 'own'), source FROM {table} ORDER BY party_no, kind, value
"""
KNOWN_PARTIES = """
    SELECT party.party_no, party.id, identity.digest, key.wrapped, key.master_version
    FROM portfolio_party AS party
    LEFT JOIN portfolio_partyidentity AS identity ON identity.party_id = party.id
    LEFT JOIN portfolio_partykey AS key ON key.party_id = party.id
    WHERE party.entity_id = %s AND party.party_no = ANY(%s)
"""
#: Whose name was put right: until the bank's file tells another one than before, it stays so.
CORRECTED = """
    SELECT party_no, name_masked FROM portfolio_party AS party
    WHERE entity_id = %s AND party_no = ANY(%s)
      AND EXISTS (SELECT 1 FROM portfolio_correction AS c WHERE c.party_id = party.id AND c.what = 'name')
"""
KEEP_PARTIES = """
    INSERT INTO portfolio_party AS party
        (entity_id, party_no, kind, name_masked, id_masked, language, province, timezone, touches)
    SELECT %s, party_no, kind, name_masked, id_masked, language, province, timezone, 0
    FROM kept_party ORDER BY party_no
    ON CONFLICT (entity_id, party_no) DO UPDATE SET
        kind = excluded.kind, name_masked = excluded.name_masked, id_masked = excluded.id_masked,
        language = excluded.language, province = excluded.province, timezone = excluded.timezone
    WHERE (party.kind, party.name_masked, party.id_masked, party.language, party.province, party.timezone)
        IS DISTINCT FROM (excluded.kind, excluded.name_masked, excluded.id_masked, excluded.language,
                          excluded.province, excluded.timezone)
"""
KEEP_KEYS = """
    INSERT INTO portfolio_partykey (party_id, wrapped, master_version)
    SELECT party_id, wrapped, master_version FROM kept_identity WHERE wrapped IS NOT NULL ORDER BY party_id
    ON CONFLICT (party_id) DO NOTHING
"""
KEEP_IDENTITIES = """
    INSERT INTO portfolio_partyidentity AS identity (party_id, name_sealed, id_kind, id_sealed, digest)
    SELECT party_id, name_sealed, id_kind, id_sealed, digest FROM kept_identity ORDER BY party_id
    ON CONFLICT (party_id) DO UPDATE SET name_sealed = excluded.name_sealed, id_kind = excluded.id_kind,
        id_sealed = excluded.id_sealed, digest = excluded.digest
"""
DROP_SEARCH_KEYS = """
    DELETE FROM portfolio_searchkey WHERE kind IN ('name', 'id') AND party_id IN (SELECT party_id FROM kept_identity)
"""
KEEP_SEARCH_KEYS = """
    INSERT INTO portfolio_searchkey (party_id, kind, version, digest)
    SELECT party_id, kind, version, digest FROM kept_search ORDER BY party_id, kind ON CONFLICT DO NOTHING
"""
KEEP_ROLES = """
    INSERT INTO portfolio_accountrole AS known (party_id, account_no, role, relation)
    SELECT party.id, kept.account_no, kept.role, kept.relation
    FROM kept_role AS kept
    JOIN portfolio_party AS party ON party.entity_id = %s AND party.party_no = kept.party_no
    ORDER BY party.id, kept.account_no, kept.role
    ON CONFLICT (party_id, account_no, role) DO UPDATE SET relation = excluded.relation
    WHERE known.relation IS DISTINCT FROM excluded.relation
"""
KNOWN_POINTS = """
    SELECT point.party_id, point.kind, point.digest, point.label, point.source
    FROM portfolio_contactpoint AS point WHERE point.party_id = ANY(%s)
"""
KEEP_POINTS = """
    INSERT INTO portfolio_contactpoint AS point
        (party_id, kind, label, source, value_sealed, masked, digest, digest_version, timezone, status, status_reason,
         known_since)
    SELECT party_id, kind, label, source, value_sealed, masked, digest, digest_version, timezone, 'valid', '', %s
    FROM kept_point ORDER BY party_id, kind, digest
    ON CONFLICT (party_id, kind, digest) DO UPDATE SET label = excluded.label, source = excluded.source
"""


@transaction.atomic
def keep_people(connection: DuckDBPyConnection, table: str, *, entity_id: int, now: datetime) -> Kept:
    """Keep the parties and roles of a parties file. A changed name or number is sealed anew and logged."""
    table, left_out = without_erased(connection, table, entity_id=entity_id)
    file = connection.execute(PARTIES.format(table=table)).fetchall()
    tables, search = reference.tables(), settings.KEYS.search()
    known = {row[0]: row[1:] for row in rows(KNOWN_PARTIES, [entity_id, [row[0] for row in file]])}

    corrected = dict(rows(CORRECTED, [entity_id, list(known)]))
    identities: dict[str, tuple[str, str, str, bytes]] = {}  # party_no -> name, id kind, id number, digest
    columns: list[tuple[str, ...]] = []
    for party_no, kind, name, id_kind, id_no, province, language in file:
        number = rules.identity_number(id_kind, id_no, tables)
        found, _ = rules.digest(search, "identity", "\n".join((name, id_kind, number)))
        if party_no not in known or bytes(known[party_no][1] or b"") != found:
            identities[party_no] = (name, id_kind, number, found)
        columns.append(
            (
                party_no,
                kind,
                masks.mask_name(name)[:80]
                if party_no in identities or party_no not in corrected
                else corrected[party_no],
                masks.mask_id(number)[:40],
                rules.LANGUAGES.get(language.lower(), "zh-hans"),
                province[:6],
                reference.timezone(province) if province else "",
            )
        )
    staged(
        "kept_party",
        'party_no text COLLATE "C", kind text, name_masked text, id_masked text, language text, '
        "province text, timezone text",
        columns,
    )
    written = run(KEEP_PARTIES, [entity_id])
    added = len(file) - len(known)
    if identities:
        _keep_identities(identities, entity_id=entity_id, now=now, known=known)
    roles = connection.execute(ROLES.format(table=table)).fetchall()
    staged("kept_role", 'party_no text COLLATE "C", account_no text, role text, relation text', roles)
    run(KEEP_ROLES, [entity_id])
    changed = max(written - added, sum(party_no in known for party_no in identities))
    return Kept(new=added, changed=changed, unchanged=len(file) - added - changed, erased=left_out)


def _keep_identities(
    identities: dict[str, tuple[str, str, str, bytes]], *, entity_id: int, known: dict[str, tuple], now: datetime
) -> None:
    """Seal names and numbers of new and changed parties, under a key that a new party gets here."""
    search = settings.KEYS.search()
    sealed: list[tuple] = []
    searched: list[tuple] = []
    entries: list[evidence.Entry] = []
    by = Actor.program("intake", entity_id)
    for party_no, party_id, _, wrapped, version in rows(KNOWN_PARTIES, [entity_id, sorted(identities)]):
        name, id_kind, number, found = identities[party_no]
        new_wrapped = None
        if wrapped is None:
            key, new_wrapped, version = wrapped_new(party_id)
        else:
            key = _key(party_id, wrapped, version)
        aad = place(party_id)
        sealed.append(
            (
                party_id,
                new_wrapped,
                version,
                sealing.seal(key, name.encode(), aad, settings.CIPHER),
                id_kind,
                sealing.seal(key, number.encode(), aad, settings.CIPHER) if number else None,
                found,
            )
        )
        for kind, value in (("name", rules.whole_name(name)), ("id", number)):
            if value:
                digest, search_version = rules.digest(search, kind, value)
                searched.append((party_id, kind, search_version, digest))
        if party_no in known:
            entries.append(evidence.Entry(kind="party.identity_changed", now=now, by=by, party_id=party_id))
    staged(
        "kept_identity",
        "party_id bigint, wrapped bytea, master_version int, name_sealed bytea, id_kind text, id_sealed bytea, "
        "digest bytea",
        sealed,
    )
    staged("kept_search", "party_id bigint, kind text, version int, digest bytea", searched)
    run(KEEP_KEYS)
    run(KEEP_IDENTITIES)
    run(DROP_SEARCH_KEYS)
    run(KEEP_SEARCH_KEYS)
    evidence.write_many(entries)


def _key(party_id: int, wrapped: bytes, version: int) -> bytes:
    return sealing.unwrap(settings.KEYS.master(version)[version], wrapped, place(party_id))


@transaction.atomic
def keep_contact_points(connection: DuckDBPyConnection, table: str, *, entity_id: int, now: datetime) -> Kept:
    """Keep the contact points of a file, each once a party and kind. What is marked invalid here stays so."""
    table, left_out = without_erased(connection, table, entity_id=entity_id)
    file = connection.execute(POINTS.format(table=table)).fetchall()
    tables, search = reference.tables(), settings.KEYS.search()
    parties = {
        row[0]: (row[1], row[3], row[4]) for row in rows(KNOWN_PARTIES, [entity_id, sorted({r[0] for r in file})])
    }
    present = {
        (party_id, kind, bytes(digest)): (label, source)
        for party_id, kind, digest, label, source in rows(KNOWN_POINTS, [[party[0] for party in parties.values()]])
    }
    keys: dict[int, bytes] = {}
    sealed: dict[tuple[int, str, bytes], tuple] = {}
    seen: set[tuple[int, str, bytes]] = set()
    changed = missing = 0
    for party_no, kind, value, label, source in file:
        party_id, wrapped, version = parties.get(party_no, (None, None, None))
        if wrapped is None:
            missing += 1
            continue
        kept = rules.point(kind, value, tables)
        digest, digest_version = rules.digest(search, kind, kept.value)
        at = (party_id, kind, digest)
        if at in seen or present.get(at) == (label, source):
            seen.add(at)
            continue
        seen.add(at)
        changed += at in present
        if party_id not in keys:
            keys[party_id] = _key(party_id, wrapped, version)
        text = sealing.seal(keys[party_id], kept.value.encode(), place(party_id), settings.CIPHER)
        sealed[at] = (party_id, kind, label, source, text, kept.masked, digest, digest_version, kept.timezone)
    if sealed:
        staged(
            "kept_point",
            "party_id bigint, kind text, label text, source text, value_sealed bytea, masked text, digest bytea, "
            "digest_version int, timezone text",
            sealed.values(),
        )
        run(KEEP_POINTS, [times.business_date(now)])
    return Kept(len(sealed) - changed, changed, len(seen) - len(sealed), missing, left_out)
