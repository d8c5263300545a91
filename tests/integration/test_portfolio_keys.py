"""The master key changed: everything it wrapped is wrapped anew, broken off at any line, beside those who work."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection

from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log, StoredFile
from dunwell.intake import services as intake
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.intake.services.quarantine import seal_row
from dunwell.kernel import sealing
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services
from dunwell.portfolio.models import Party, PartyKey
from dunwell.portfolio.services.people import place, wrapped_new
from tests import build
from tests.sizes import in_the_soak, size

DUNWELL = Path(sys.executable).with_name("dunwell")
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 19)
CLERK = Actor(user_id=7, name="S00007")
PEOPLE, FILES, ROWS = size(12_000, 200_000), 40, 2_500


@pytest.fixture
def home(tmp_path: Path, settings) -> Path:
    settings.HOME = tmp_path
    settings.KEYS = type(settings.KEYS)(tmp_path)
    return tmp_path


def quarantine(rows: int) -> IntakeFile:
    file = IntakeFile.objects.create(
        entity=build.entity(), kind="parties", business_date=DAY, name="parties.csv", sha256="0" * 64,
        status=IntakeFile.Status.TAKEN, recorded_at=NOW,
    )  # fmt: skip
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(
            file=file, row_number=number, column="name", code="missing", found="",
            status=QuarantinedRow.Status.OPEN if number % 2 else QuarantinedRow.Status.RESENT,
            row_sealed=seal_row(kind="parties", business_date=DAY, row=number, cells={"name": f"林{number}"}),
        )
        for number in range(1, rows + 1)
    )  # fmt: skip
    return file


def people(count: int) -> dict[int, bytes]:
    """Parties with a key each, and a text sealed under it."""
    entity = build.entity()
    made = Party.objects.bulk_create(
        Party(entity=entity, party_no=f"K{number:06}", name_masked="林*") for number in range(count)
    )
    keys, texts = [], {}
    for party in made:
        key, wrapped, version = wrapped_new(party.pk)
        keys.append(PartyKey(party=party, wrapped=wrapped, master_version=version))
        texts[party.pk] = sealing.seal(key, f"note {party.pk}".encode(), place(party.pk))
    PartyKey.objects.bulk_create(keys, batch_size=5000)
    return texts


def files(folder: Path, count: int) -> list[StoredFile]:
    made = []
    for number in range(count):
        path = folder / f"source-{number}"
        path.write_bytes(b"kept %d" % number)
        made.append(evidence.keep_file(path=path, now=NOW))
    return made


def everything_opens(texts: dict[int, bytes], stored: list[StoredFile], file: IntakeFile) -> None:
    sample = dict(list(texts.items())[:: max(1, len(texts) // 500)])
    assert services.open_many(items=sample.items()) == [f"note {party}" for party in sample]
    for number, one in enumerate(stored):
        assert evidence.read_file(StoredFile.objects.get(pk=one.pk)) == b"kept %d" % number
    for row in file.quarantine.select_related("file"):
        assert intake.open_row(row=row) == {"name": f"林{row.row_number}"}


@pytest.mark.django_db
def test_rows_of_quarantine_go_under_the_new_key_whatever_became_of_them(home):
    file = quarantine(3)
    assert services.rotate_master_key(by=CLERK, now=NOW).rows == 3
    (home / "keys" / "master.1").unlink()
    django_settings.KEYS = type(django_settings.KEYS)(home)
    everything_opens({}, [], file)
    assert [(used.version, used.total) for used in services.keys_in_use()] == [(2, 3)]


@pytest.mark.django_db
def test_a_rotation_stopped_before_its_last_line_does_not_make_another_key(home):
    quarantine(2)
    services.rotate_master_key(by=CLERK, now=NOW)
    version = django_settings.KEYS.new_master()
    intake.reseal_rows(version=version)  # and killed just before it wrote its record
    done = services.rotate_master_key(by=CLERK, now=NOW)
    assert (done.version, done.rows) == (version, 0)
    assert services.rotate_master_key(by=CLERK, now=NOW).version == version + 1


@pytest.mark.django_db
def test_a_missing_key_file_is_said_before_anything_is_done(home):
    quarantine(2)
    services.rotate_master_key(by=CLERK, now=NOW)
    shutil.move(home / "keys" / "master.2", home / "master.2")
    with pytest.raises(services.KeyMissing, match="master key 2 is not in the keys' folder, and 2 things"):
        services.rotate_master_key(by=CLERK, now=NOW)
    assert not (home / "keys" / "master.3").exists()


@pytest.mark.django_db
def test_a_process_that_read_its_keys_before_wraps_under_the_new_one(home):
    other = type(django_settings.KEYS)(home)  # another process's
    assert max(other.master()) == 1
    django_settings.KEYS.new_master()
    assert max(other.master()) == 2


def test_two_rotations_at_once_make_one_key(fresh_database, home):
    people(3)
    begun, said = threading.Event(), []

    def other() -> None:
        try:
            services.rotate_master_key(by=CLERK, now=NOW)
        except services.Busy as busy:
            said.append(str(busy))
        finally:
            connection.close()

    def while_it_runs(what: str, done: int, of: int) -> None:
        if not begun.is_set():
            begun.set()
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()

    services.rotate_master_key(by=CLERK, now=NOW, progress=while_it_runs)
    assert said == ["another rotation is running"]
    assert sorted(path.name for path in (home / "keys").glob("master.*")) == ["master.1", "master.2"]


@in_the_soak
def test_killed_at_any_moment_and_run_again_it_makes_one_key_and_loses_nothing(fresh_database, home):
    texts, stored, file = people(PEOPLE), files(home, FILES), quarantine(ROWS)
    environment = {**fresh_database.environment, "DUNWELL_HOME": str(home)}

    def rotate() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [DUNWELL, "keys", "rotate"], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def waiting() -> int:
        return sum(used.total for used in services.keys_in_use() if used.version == 1)

    assert (before := waiting()) == PEOPLE + FILES + ROWS
    stops = [0.2, 0.5, 0.8, 0.95]  # of the work, beside those by the clock
    killed_in_work = 0
    for share in stops:
        process = rotate()
        while process.poll() is None and waiting() > before * (1 - share):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        killed_in_work += process.returncode == -signal.SIGKILL
        assert sorted(path.name for path in (home / "keys").glob("master.*"))[:1] == ["master.1"]
        everything_opens(texts, stored[:5], file)
    last = rotate()
    said, _ = last.communicate(timeout=120)
    assert last.returncode == 0 and killed_in_work >= 2
    newest = max(used.version for used in services.keys_in_use())
    assert said.startswith(f"master key {newest} is in force")
    assert Log.objects.filter(kind="keys.rotated").count() == newest - 1
    (home / "keys" / "master.1").rename(home / "master.1")
    django_settings.KEYS = type(django_settings.KEYS)(home)
    everything_opens(texts, stored, file)
    status = subprocess.run([DUNWELL, "keys", "status"], env=environment, capture_output=True, text=True, check=True)
    assert status.stdout == (
        f"master key {newest} (in force): {PEOPLE:,} people, {FILES} files, {ROWS:,} rows in quarantine\n"
    ), os.listdir(home / "keys")
