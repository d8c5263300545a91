"""Reference tables that come with the package: regions, mobile prefixes, area codes, working days.

Sources, licences and hashes are in SOURCE.md beside the files. `path` gives a file to set-based programs; the other
functions give small tables in memory, read once a process.
"""

from __future__ import annotations

import csv
import gzip
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb
from django.conf import settings

from dunwell.kernel.calendar import Calendar
from dunwell.kernel.numbers import Place, Region, Tables

FOLDER = Path(__file__).resolve().parent
FILES = {
    "regions": "regions.csv.gz",  # code, name, start_year, end_year
    "segments": "mobile_segments.parquet",  # prefix7, province_code, province, city, area_code, timezone
    "area_codes": "area_codes.csv.gz",  # area_code, province_code, province, city, timezone
    "calendar": "calendar.csv.gz",  # date, working_day, kind, name_zh, name_en
}
#: Zones of the provinces by the first two digits of GB/T 2260. All of the mainland keeps one official time; for
#: Xinjiang and Tibet a rule pack may add a courtesy zone (Asia/Urumqi), which is the pack's parameter, not a fact here.
ZONES = {"81": "Asia/Hong_Kong", "82": "Asia/Macau", "71": "Asia/Taipei", "83": "Asia/Taipei"}


def path(name: str) -> Path:
    """The file of a table (`regions`, `segments`, `area_codes`, `calendar`), for DuckDB's readers."""
    return FOLDER / FILES[name]


def _rows(file: Path) -> Iterator[dict[str, str]]:
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8-sig")
    yield from csv.DictReader(text.splitlines())


@lru_cache(maxsize=1)
def regions() -> dict[str, tuple[Region, ...]]:
    """Six-digit code → its names with the years in which they held, in order of years."""
    found: dict[str, tuple[Region, ...]] = {}
    for row in _rows(path("regions")):
        start, end = (int(row[year]) if row[year] else None for year in ("start_year", "end_year"))
        found[row["code"]] = (*found.get(row["code"], ()), Region(row["name"], start, end))
    return {code: tuple(sorted(rows, key=lambda one: one.start_year or 0)) for code, rows in found.items()}


@lru_cache(maxsize=1)
def areas() -> dict[str, Place]:
    """Area code → where it lies (of several cities the largest first)."""
    return {
        row["area_code"]: Place(row["province_code"], row["province"], row["city"], row["timezone"])
        for row in _rows(path("area_codes"))
    }


#: One text a column, for half a million Python tuples take thirty times the memory of the answer.
PREFIXES = """
    WITH known AS (
        SELECT prefix7, dense_rank() OVER (ORDER BY province_code, province, city, timezone) - 1 AS place
        FROM read_parquet($1)
    )
    SELECT string_agg(prefix7, ',' ORDER BY prefix7), string_agg(place::VARCHAR, ',' ORDER BY prefix7) FROM known
"""
PLACES = """
    SELECT DISTINCT province_code, province, city, timezone FROM read_parquet($1)
    ORDER BY province_code, province, city, timezone
"""


class Segments:
    """Seven-digit prefix → place: half a million prefixes in about 3 MB."""

    def __init__(self, prefixes: str, which: str, places: list[Place]) -> None:
        self._prefixes = array("I", map(int, prefixes.split(",")))
        self._which = array("H", map(int, which.split(",")))
        self._places = places

    def __call__(self, prefix7: str) -> Place | None:
        wanted = int(prefix7)
        at = bisect_left(self._prefixes, wanted)
        if at == len(self._prefixes) or self._prefixes[at] != wanted:
            return None
        return self._places[self._which[at]]


@lru_cache(maxsize=1)
def segments() -> Segments:
    """The mobile prefixes."""
    file = [str(path("segments"))]
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        prefixes, which = connection.execute(PREFIXES, file).fetchone()
        places = [Place(*row) for row in connection.execute(PLACES, file).fetchall()]
    return Segments(prefixes, which, places)


def _segment(prefix7: str) -> Place | None:
    return segments()(prefix7)


@lru_cache(maxsize=1)
def tables() -> Tables:
    """All that `kernel.numbers.check` wants to know; the prefixes are read when the first mobile number comes."""
    return Tables(regions=regions(), segment=_segment, areas=areas())


def _days() -> Iterator[dict[str, str]]:
    """The packaged arrangement, then those that an administrator added."""
    for file in [path("calendar"), *sorted((Path(settings.HOME) / "calendar").glob("*.csv"))]:
        yield from _rows(file)


@lru_cache(maxsize=1)
def calendar() -> Calendar:
    """Mainland China's working days, with the years that an administrator added.

    A newer arrangement is a CSV of the packaged file's columns in `DUNWELL_HOME/calendar/`; its rows win.
    """
    days: dict[date, bool] = {}
    names: dict[date, str] = {}
    for row in _days():
        day = date.fromisoformat(row["date"])
        days[day] = row["working_day"] == "1"
        names[day] = row.get("name_zh", "")
    return Calendar(days=days, last=max(days), names={day: name for day, name in names.items() if name})


@lru_cache(maxsize=1)
def holiday_names() -> dict[date, str]:
    """The holidays' English names, as their source gives them; also on make-up working days."""
    named = {date.fromisoformat(row["date"]): row.get("name_en", "") for row in _days()}
    return {day: name for day, name in named.items() if name}


def timezone(province: str) -> str:
    """The IANA zone of a province given by its GB/T 2260 code (two or six digits); empty when the code is unknown."""
    if province[:2] + "0000" not in regions() and province[:2] not in ZONES:
        return ""
    return ZONES.get(province[:2], "Asia/Shanghai")
