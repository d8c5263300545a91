"""What holds the house together and imports alone do not show."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "dunwell"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = PYPROJECT["tool"]["importlinter"]["contracts"][0]["layers"]  # the lowest room first
PLACE = {room: len(LAYERS) - number for number, room in enumerate(LAYERS)}
ROOMS = [room for room in LAYERS if (PACKAGE / room).is_dir()]


def files(*patterns: str, below: Path = PACKAGE) -> list[Path]:
    return sorted(p for pattern in patterns for p in below.glob(pattern) if "__pycache__" not in p.parts)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def test_every_room_has_its_place():
    found = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert found == set(ROOMS)


def test_imports_keep_the_order_of_the_rooms():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_foreign_keys_point_upward():
    wrong = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model.__module__.startswith("dunwell.")
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model.__module__.startswith("dunwell.")
        if PLACE[model.__module__.split(".")[1]] < PLACE[field.related_model.__module__.split(".")[1]]
    ]
    assert wrong == []


def test_templates_take_from_rooms_above_only():
    wrong = []
    for path in files("**/templates/**/*.html"):
        for name in re.findall(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)[\"']", path.read_text(encoding="utf-8")):
            owner = name.split("/")[0]
            if owner not in PLACE or PLACE[owner] > PLACE[room_of(path)]:
                wrong.append(f"{path.relative_to(PACKAGE)}: {name}")
            elif not (PACKAGE / owner / "templates" / name).exists():
                wrong.append(f"{path.relative_to(PACKAGE)}: {name} does not exist")
    assert wrong == []


def test_a_rooms_templates_stand_under_its_name():
    wrong = [p for p in files("*/templates/*") if p.name != room_of(p) and not re.fullmatch(r"[45]\d\d\.html", p.name)]
    assert wrong == []


def test_statements_name_tables_of_rooms_above_only():
    tables = {
        m._meta.db_table: m.__module__.split(".")[1] for m in apps.get_models() if m.__module__.startswith("dunwell.")
    }
    named = re.compile(r"\b(" + "|".join(sorted(tables, key=len, reverse=True)) + r")\b")
    wrong = []
    for path in files("**/*.py", "**/*.sql"):
        if "migrations" in path.parts or path.parent.name == "settings":  # rights name every room's tables
            continue
        for table in set(named.findall(path.read_text(encoding="utf-8"))):
            if PLACE[room_of(path)] < PLACE[tables[table]]:
                wrong.append(f"{path.relative_to(PACKAGE)} names {table}")
    assert wrong == []


def test_no_file_outgrows_its_subject():
    long = {
        str(p.relative_to(ROOT)): lines
        for p in files(
            "src/**/*.py", "src/**/*.html", "src/**/*.css", "tests/**/*.py", "benchmarks/**/*.py", below=ROOT
        )
        if "vendor" not in p.parts and (lines := p.read_text(encoding="utf-8").count("\n")) > 600
    }
    assert long == {}


def test_no_name_says_nothing():
    forbidden = {"utils", "helpers", "common", "base", "manager", "processor", "misc"}
    assert [p for p in files("**/*.py", "**/*.html") if p.stem in forbidden and p.parent.name != "templates"] == []


def test_nothing_is_left_to_do():
    mark = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|pytest\.skip|mark\.skip|mark\.xfail)\b")
    here = Path(__file__)
    found = [
        f"{p.relative_to(ROOT)}:{number}"
        for p in files("src/**/*.py", "src/**/*.sql", "src/**/*.html", "tests/**/*.py", below=ROOT)
        if p != here and "vendor" not in p.parts
        for number, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    ]
    assert found == []


CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("timezone", "now"), ("time", "time")}


def test_only_the_doors_ask_the_clock():
    wrong = []
    for path in files("**/*.py"):
        parts = path.relative_to(PACKAGE).parts
        if (
            parts[0] in ("cli", "api", "demo")
            or {"pages", "migrations"} & {*parts}
            or path.name in ("api.py", "tasks.py")
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and (node.func.value.id, node.func.attr) in CLOCKS
            ):
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert wrong == []


def test_nothing_reads_what_is_not_in_the_project():
    wrong = []
    here = Path(__file__)
    for path in files("src/**/*", "tests/**/*", "benchmarks/**/*", ".ci/*", "Makefile", "requirements/*", below=ROOT):
        if path == here or not path.is_file() or path.suffix in (".parquet", ".png", ".gz", ".woff2", ".zip", ".csv"):
            continue
        if re.search(rb"\.\./shared\b", path.read_bytes()):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_migrations_are_complete(db):
    from django.core.management import call_command

    out = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=1, stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())


def test_vendored_assets_are_those_that_were_built():
    listed = {}
    for line in (PACKAGE / "frame/static/frame/HASHES").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            digest, _, name = line.partition("  ")
            listed[name.strip()] = digest
    folder = PACKAGE / "frame/static/frame"
    found = {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.glob("vendor/**/*")
        if p.is_file()
    }
    assert {name: digest for name, digest in listed.items() if name.startswith("vendor/")} == found
    assert found


def test_the_locks_hash_every_package():
    for name in ("requirements.lock", "requirements/dev.lock", "requirements/build.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert blocks and all("--hash=sha256:" in block for block in blocks), name
        assert "://" not in text, f"{name} names a host"


def test_every_package_we_depend_on_is_explained():
    told = (ROOT / "docs/packages.md").read_text(encoding="utf-8").lower()
    names = [re.split(r"[\[<>=;!~ ]", d)[0].lower() for d in PYPROJECT["project"]["dependencies"]]
    assert [name for name in names if f"`{name}`" not in told] == []


def test_pages_obey_the_strict_policy():
    """No inline script, style or handler: the browser would refuse it."""
    inline = re.compile(r"<style\b|\sstyle=|\son[a-z]+=\"|<script(?![^>]*\bsrc=)[^>]*>|javascript:", re.IGNORECASE)
    wrong = [
        f"{p.relative_to(PACKAGE)}:{number}"
        for p in files("**/templates/**/*.html")
        for number, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1)
        if inline.search(line)
    ]
    assert wrong == []


def test_secrets_are_not_in_the_project():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 else [str(p) for p in os.listdir(ROOT) if p != "var"]
    assert [name for name in names if re.search(r"\.(pem|key|p12|env)$|^var/", name)] == []
