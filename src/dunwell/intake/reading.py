"""From a delivered file to the table `raw`: code page, delimiter, gzip, trailer, header, and rows of a wrong length.

The usual file is read once by DuckDB, in parallel; only one with rows of a wrong length is gone through in Python.
A record's number counts records of the delivered file, its header being number 1; empty lines do not count.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from dunwell.intake.mapping import ROW_COLUMN, TRAILER, Mapping, literal, quoted
from dunwell.intake.refusal import Refused

BLOCK = 1 << 22
DELIMITERS = (",", "\t", "|", ";")
NUMBER = "__row"
_TAIL = 1 << 16


@dataclass(slots=True)
class Delivered:
    """A file as it came, made readable: UTF-8 text without trailer, or Parquet."""

    path: Path
    sha256: str
    size: int
    header: list[str]
    parquet: bool = False
    delimiter: str = ","
    encoding: str = "utf-8"
    trailer: list[str] | None = None
    ragged: list[tuple[int, list[str]]] = field(default_factory=list)
    numbered: bool = False

    @property
    def row_sql(self) -> str:
        """SQL for the number of a row of `raw` in the delivered file."""
        return quoted(NUMBER) if self.numbered else "CAST(rowid + 2 AS BIGINT)"


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prepare(path: Path, *, mapping: Mapping, folder: Path) -> Delivered:
    """Make the file readable; what has to be rewritten for it goes below `folder`. Refused with its reason."""
    size = path.stat().st_size
    if size == 0:
        raise Refused("empty_file")
    sha256 = fingerprint(path)
    head = path.open("rb").read(4)
    if head == b"PAR1":
        return Delivered(path, sha256, size, _parquet_header(path), parquet=True)
    if head[:2] == b"\x1f\x8b":
        path = _unpacked(path, folder / "unpacked")
    path, encoding = _as_utf8(path, mapping.of("encoding"), folder)
    path, trailer = _without_trailer(path, mapping, folder)
    delimiter, header = _header(path, mapping)
    return Delivered(path, sha256, size, header, delimiter=delimiter, encoding=encoding, trailer=trailer)


def _unpacked(path: Path, target: Path) -> Path:
    try:
        with gzip.open(path, "rb") as packed, target.open("wb") as out:
            shutil.copyfileobj(packed, out, BLOCK)
    except EOFError:
        raise Refused("truncated_gzip") from None
    except (gzip.BadGzipFile, zlib.error):
        raise Refused("broken_gzip") from None
    if target.stat().st_size == 0:
        raise Refused("empty_file")
    return target


def _as_utf8(path: Path, named: str | None, folder: Path) -> tuple[Path, str]:
    """The path of a UTF-8 file with the same text, and the code page that was found."""
    tried = [named] if named else ["utf-8-sig", "gb18030"]
    for encoding in tried:
        try:
            codec = codecs.lookup(encoding).name
        except LookupError:
            raise Refused("unknown_encoding", encoding=encoding) from None
        if codec in ("utf-8", "utf-8-sig"):
            if _decodes(path):
                return path, "utf-8"
        elif (made := _recoded(path, codec, folder / "recoded")) is not None:
            return made, codec
    raise Refused("unreadable", tried=", ".join("utf-8" if each == "utf-8-sig" else each for each in tried))


def _decodes(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                if b"\0" in block:
                    raise Refused("not_text")
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _recoded(path: Path, codec: str, target: Path) -> Path | None:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        with path.open("rb") as file, target.open("w", encoding="utf-8", newline="") as out:
            while block := file.read(BLOCK):
                out.write(decoder.decode(block))
            out.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError:
        return None
    return target


def _without_trailer(path: Path, mapping: Mapping, folder: Path) -> tuple[Path, list[str] | None]:
    marker = str((mapping.of("totals") or {}).get("marker", TRAILER))
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _TAIL, 0))
        tail = file.read()
    body = tail.rstrip(b"\r\n \t\x1a")
    start = max(body.rfind(b"\n"), body.rfind(b"\r")) + 1
    last = body[start:].decode("utf-8", "replace").removeprefix("\ufeff")
    if not last.lstrip('"').startswith(marker):
        return path, None
    delimiter = max(DELIMITERS, key=last.count)
    cells = [cell.strip() for cell in next(csv.reader([last], delimiter=delimiter))]
    target = folder / "body"
    if path.parent != folder:
        shutil.copyfile(path, target)
        path = target
    with path.open("rb+") as file:
        file.truncate(size - len(tail) + start)
    return path, cells


def _header(path: Path, mapping: Mapping) -> tuple[str, list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(_TAIL)
    lines = sample.lstrip("\r\n").splitlines()
    if not lines:
        raise Refused("empty_file")
    delimiter = mapping.of("delimiter") or max(DELIMITERS, key=lines[0].count)
    names = [name.strip() for name in next(csv.reader([lines[0]], delimiter=str(delimiter)))]
    return str(delimiter), _checked_header(names)


def _parquet_header(path: Path) -> list[str]:
    try:
        rows = duckdb.connect().execute(f"DESCRIBE SELECT * FROM read_parquet({literal(path)})").fetchall()
    except duckdb.Error:
        raise Refused("broken_parquet") from None
    return _checked_header([row[0] for row in rows])


def _checked_header(names: list[str]) -> list[str]:
    while names and not names[-1]:
        raise Refused("unnamed_column", position=len(names))
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name:
            raise Refused("unnamed_column", position=position)
        if name.lower() in seen:
            raise Refused("duplicate_header", column=name)
        seen.add(name.lower())
    return names


def load_raw(connection: DuckDBPyConnection, delivered: Delivered, folder: Path) -> int:
    """Make the table `raw`, all columns text, in the file's order; answers how many rows were read in all.

    Rows of a wrong length are not in it but in `delivered.ragged`.
    """
    connection.execute("SET preserve_insertion_order = true")
    if delivered.parquet:
        columns = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in delivered.header)
        connection.execute(
            f"CREATE OR REPLACE TABLE raw AS SELECT {columns} FROM read_parquet({literal(delivered.path)})"
        )
    else:
        try:
            _read_csv(connection, delivered, delivered.path, delivered.header, skip=1)
        except duckdb.Error:
            clean = _row_by_row(delivered, folder / "clean")
            _read_csv(connection, delivered, clean, [NUMBER, *delivered.header], skip=0)
            delivered.numbered = True
    if ROW_COLUMN in delivered.header:
        connection.execute(f"ALTER TABLE raw ADD COLUMN {NUMBER} BIGINT")
        connection.execute(f"UPDATE raw SET {NUMBER} = TRY_CAST({quoted(ROW_COLUMN)} AS BIGINT)")
        delivered.numbered = True
    return connection.execute("SELECT count(*) FROM raw").fetchone()[0] + len(delivered.ragged)


def _read_csv(connection: DuckDBPyConnection, delivered: Delivered, path: Path, names: list[str], skip: int) -> None:
    columns = ", ".join(f"{literal(name)}: '{'BIGINT' if name == NUMBER else 'VARCHAR'}'" for name in names)
    connection.execute(
        f"CREATE OR REPLACE TABLE raw AS SELECT * FROM read_csv({literal(path)}, auto_detect = false, header = false, "
        f"skip = {skip}, delim = {literal(delivered.delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, max_line_size = 4194304)"
    )


def _row_by_row(delivered: Delivered, target: Path) -> Path:
    """The rows of the right length with their numbers, in a new file; the others into `delivered.ragged`."""
    width = len(delivered.header)
    csv.field_size_limit(1 << 20)
    number = 1
    with (
        delivered.path.open(encoding="utf-8-sig", newline="") as file,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        write = csv.writer(out, delimiter=delivered.delimiter, lineterminator="\n")
        read = csv.reader(file, delimiter=delivered.delimiter, strict=True)
        try:
            for cells in read:
                if not cells:
                    continue
                if number > 1:
                    if len(cells) == width:
                        write.writerow([number, *cells])
                    else:
                        delivered.ragged.append((number, cells))
                number += 1
        except csv.Error:
            raise Refused("open_quote", row=number) from None
    return target
