"""A sealed batch checked fast: the server writes each record's text but for its data, which is put into order here.

What this finds right is right. What it does not is read again and judged by `verifying`, which alone says what is wrong: a
number that this writes otherwise than rules.canonical does is no change.
"""

from __future__ import annotations

from hashlib import sha256

import orjson
import psycopg
from django.db import connection

from dunwell.evidence import facts, rules

#: rules.canonical, up to the data.
HEAD = """
    '["dunwell.log/1",' || coalesce(log.entity_id::text, 'null') || ',"'
    || to_char(log.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","' || log.business_date || '",'
    || to_json(log.kind) || ',' || coalesce(log.actor_id::text, 'null') || ',' || to_json(log.actor) || ','
    || coalesce(log.party_id::text, 'null') || ',' || coalesce(log.case_id::text, 'null') || ','
    || coalesce(log.account_id::text, 'null') || ','
"""
SEALED = f"""
    SELECT sealed.position, sealed.log_id, sealed.hash, log.hash, convert_to({HEAD}, 'UTF8'),
           convert_to(log.data::text, 'UTF8')
    FROM evidence_sealedrecord AS sealed JOIN evidence_log AS log ON log.id = sealed.log_id AND log.algorithm = 'sha256'
    WHERE sealed.seal_id = %s ORDER BY sealed.position
"""
CHUNK = 1000
LEAF, NODE = rules.LEAF, rules.NODE
ORDERED = orjson.OPT_SORT_KEYS


def rows_of_whole(seal_id: int, records: int, root: bytes) -> list[facts.Held] | None:
    """What the records of a seal say of rows, when each of them, its leaf and the root are as they were made; else None.

    SHA-256 only.
    """
    connection.ensure_connection()
    loads, dumps = orjson.loads, orjson.dumps
    level: list[bytes] = []
    said: list[facts.Held | None] = []
    chunk = CHUNK if psycopg.capabilities.has_stream_chunked() else 1
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own reads texts, twice as slow
        rows = cursor.stream(SEALED, [seal_id], binary=True, size=chunk)  # checked while the server reads on
        for expected, (position, number, leaf, kept, head, text) in enumerate(rows):
            data = loads(text)
            found = sha256(head + dumps(data, option=ORDERED) + b"]").digest()
            made = sha256(LEAF + number.to_bytes(8, "big") + found).digest()
            if found != kept or made != leaf or position != expected:
                rows.close()
                return None
            level.append(made)
            if facts.ROWS in data:
                said.append(facts.held(number, "sha256", data))
    if len(level) != records or not level or _root(level) != root:
        return None
    return [one for one in said if one is not None]


def _root(level: list[bytes]) -> bytes:
    """rules.root, for SHA-256 alone."""
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [
            sha256(NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
        ] + odd
    return level[0]
