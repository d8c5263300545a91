"""Identity numbers, telephone numbers, addresses and cards of a file about people, each distinct value once."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from dunwell.intake.checking import Wrong
from dunwell.intake.contract import Contract
from dunwell.intake.mapping import literal, quoted
from dunwell.kernel import masks, numbers


def check_numbers(
    connection: DuckDBPyConnection,
    contract: Contract,
    *,
    business_date: date,
    tables: numbers.Tables | None,
    folder: Path,
) -> tuple[list[Wrong], Counter[str]]:
    """Check every number in `checked` and write its normalised form back; answers the wrong rows and the warnings.

    Without `tables` nothing is known of regions and prefixes, so nothing is said about them.
    """
    wrong: list[Wrong] = []
    warned: Counter[str] = Counter()
    asked = [(spec["column"], quoted(spec["kind_column"]), spec["kinds"]) for spec in contract.numbers]
    asked += [(c.name, "'card'", {"card": "card"}) for c in contract.columns if c.type == "card"]
    for column, kind_sql, kinds in asked:
        judged = _judge(connection, column, kind_sql, kinds, business_date, tables, folder)
        for number, kind, value, code in judged:
            masked = masks.mask(kinds[kind], value)
            wrong.append(Wrong(number, code, column, masked[:40], kinds[kind]))
        if tables is not None:
            warned.update(
                dict(
                    connection.execute(
                        "SELECT j.warning, count(*) FROM checked c JOIN judged j "
                        f"ON j.number_kind = {kind_sql} AND j.number_value = c.{quoted(column)} "
                        "WHERE j.warning <> '' AND c.__error = 0 GROUP BY 1"
                    ).fetchall()
                )
            )
        connection.execute(
            f"UPDATE checked SET {quoted(column)} = j.normalised FROM judged j "
            f"WHERE j.number_kind = {kind_sql} AND j.number_value = checked.{quoted(column)} AND j.code = ''"
        )
    return wrong, warned


def _judge(
    connection: DuckDBPyConnection,
    column: str,
    kind_sql: str,
    kinds: dict[str, str],
    business_date: date,
    tables: numbers.Tables | None,
    folder: Path,
) -> list[tuple[int, str, str, str]]:
    """Make the table `judged` over the distinct values; answers the rows whose value is not valid."""
    values = connection.execute(
        f"SELECT DISTINCT {kind_sql} AS kind, {quoted(column)} AS value FROM checked "
        f"WHERE __error = 0 AND {quoted(column)} IS NOT NULL"
    ).fetchall()
    path = folder / "judged.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for kind, value in values:
            if kind in kinds:
                checked = numbers.check(kinds[kind], value, tables, business_date)
                write.writerow([kind, value, checked.normalised, checked.code, checked.warning])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT * FROM read_csv({literal(path)}, auto_detect = false, "
        "header = false, delim = ',', quote = '\"', escape = '\"', nullstr = '\\N', "
        "columns = {'number_kind': 'VARCHAR', 'number_value': 'VARCHAR', "
        "'normalised': 'VARCHAR', 'code': 'VARCHAR', 'warning': 'VARCHAR'})"
    )
    path.unlink()
    return connection.execute(
        f"SELECT c.__row, j.number_kind, j.number_value, j.code FROM checked c "
        f"JOIN judged j ON j.number_kind = {kind_sql} AND j.number_value = c.{quoted(column)} "
        "WHERE j.code <> '' AND c.__error = 0 ORDER BY c.__row"
    ).fetchall()
