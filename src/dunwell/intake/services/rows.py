"""The rows of a file as they stand in the lake: no personal data, but a row is known again by its key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.conf import settings
from duckdb import DuckDBPyConnection

from dunwell.intake.contract import KEY_DIGEST, Contract
from dunwell.intake.mapping import literal, quoted
from dunwell.kernel import sealing


def columns(contract: Contract) -> str:
    """What a row is made of in the lake, as an SQL list: the content hash is over these."""
    return ", ".join(map(quoted, contract.lake_columns))


def lake_rows(contract: Contract, relation: str, *, entity_id: int, business_date: date) -> str:
    """The rows of a relation with the contract's columns as they go to the lake, as a subquery."""
    if contract.key_in_lake:
        return f"(SELECT {columns(contract)} FROM {relation})"
    digest = key_digest(contract, entity_id=entity_id, business_date=business_date)
    return f"(SELECT {columns(contract)}, {digest} AS {KEY_DIGEST} FROM {relation})"


def key_digest(contract: Contract, *, entity_id: int, business_date: date) -> str:
    """An SQL expression: the keyed hash of a row's key, other for each day and kind, so that days do not link people.

    Two hashes with a key each, as HMAC has them, because DuckDB has none.
    """
    search = settings.KEYS.search()
    # under the first key, as card tokens are: what is mended later is compared with what was taken before
    inner, outer = (
        sealing.digest(search[min(search)], f"intake/{side}/{entity_id}/{contract.kind}/{business_date}").hex()
        for side in ("inner", "outer")
    )
    key = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in contract.key)
    return f"left(sha256({literal(outer)} || sha256({literal(inner)} || concat_ws(chr(31), {key}))), 32)"


def has_key_digest(connection: DuckDBPyConnection, path: Path) -> bool:
    """Whether a lake file of a kind with a personal key can be compared row by row."""
    found = connection.execute(f"SELECT count(*) FROM parquet_schema({literal(path)}) WHERE name = '{KEY_DIGEST}'")
    return bool(found.fetchone()[0])
