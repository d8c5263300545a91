"""What is served is what was built from the lock; no page asks for what a strict policy forbids."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "dunwell" / "frame" / "static" / "frame"
TEMPLATES = sorted((ROOT / "src" / "dunwell").glob("*/templates/**/*.html"))


def test_every_file_has_the_hash_that_is_listed():
    listed = dict(line.split("  ")[::-1] for line in (STATIC / "HASHES").read_text().splitlines())
    found = {
        str(path.relative_to(STATIC)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in STATIC.rglob("*")
        if path.is_file() and path.name != "HASHES"
    }
    assert found == listed, "run: python assets/build.py"


def test_the_lock_names_versions_and_integrity_and_no_host():
    lock = json.loads((ROOT / "assets" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for entry in packages.values():
        assert entry["version"] and entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_style_or_a_script_of_its_own(template):
    text = template.read_text()
    assert not re.search(r"\sstyle\s*=", text), "style attributes are refused by the policy"
    assert not re.search(r"<style|\son[a-z]+\s*=\s*[\"']|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_colours_stand_in_the_tokens_only():
    for sheet in (ROOT / "src" / "dunwell").glob("*/static/**/*.css"):
        if sheet.name == "tokens.css":
            continue
        colours = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet.read_text()))
        assert colours <= {"#ffffff"}, f"{sheet.name}: {colours}"  # white behind a QR code, in every theme


def test_every_token_used_is_defined():
    defined = set(re.findall(r"(--[a-z0-9-]+):", (STATIC / "tokens.css").read_text()))
    for sheet in (ROOT / "src" / "dunwell").glob("*/static/**/*.css"):
        assert set(re.findall(r"var\((--[a-z0-9-]+)", sheet.read_text())) <= defined, sheet.name
