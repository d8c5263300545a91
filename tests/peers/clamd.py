"""A real clamd that knows one signature: the EICAR test file's. Debian: clamav-daemon."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The test file that every scanner knows (eicar.org), in two halves so that no scanner finds it here.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()
FOUND = "Eicar-Test-Signature.UNOFFICIAL"
LIMIT = 1 << 20
CONFIG = """
Foreground yes
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}
LogFile {folder}/log
StreamMaxLength {limit}
MaxThreads 2
"""


@contextmanager
def scanner() -> Iterator[str]:
    """The path of its socket while it runs."""
    clamd = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    assert clamd, "these tests need clamd (Debian: apt install clamav-daemon)"
    with tempfile.TemporaryDirectory(prefix="clamd-") as name:
        folder = Path(name)
        (folder / "own.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n", encoding="ascii")
        config = folder / "clamd.conf"
        config.write_text(CONFIG.format(folder=folder, limit=LIMIT), encoding="utf-8")
        with subprocess.Popen([clamd, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
            try:
                _until_it_listens(process, folder)
                yield str(folder / "clamd.sock")
            finally:
                process.terminate()


def _until_it_listens(process: subprocess.Popen, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not (folder / "clamd.sock").exists():
        said = (folder / "log").read_text(errors="replace") if (folder / "log").exists() else ""
        assert process.poll() is None, f"clamd ended ({process.returncode}): {said[-500:]}"
        assert time.monotonic() < deadline, f"clamd does not listen: {said[-500:]}"
        time.sleep(0.05)
