"""Copies the locked third-party files into the frame, and writes the hashes of everything served.

    cd assets && npm ci && python build.py

Users need neither npm nor this: the copied files are in the repository, and a test compares them with HASHES.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "src" / "dunwell" / "frame" / "static" / "frame"
VENDORED = {
    "htmx.org/dist/htmx.min.js": "vendor/htmx.min.js",
    "htmx.org/LICENSE": "vendor/htmx.LICENSE",
}


def hashes() -> str:
    """One line a file of the frame: sha256 and path."""
    files = sorted(path for path in STATIC.rglob("*") if path.is_file() and path.name != "HASHES")
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(STATIC)}\n" for path in files)


def main() -> None:
    for source, target in VENDORED.items():
        found = HERE / "node_modules" / source
        if found.exists():
            (STATIC / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, STATIC / target)
    (STATIC / "HASHES").write_text(hashes())


if __name__ == "__main__":
    main()
