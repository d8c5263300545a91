"""Time stamps of a real authority (`openssl ts`, a process of its own) over the signed days."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from dunwell.evidence import services, stamping
from dunwell.evidence.models import DailyRoot, Stamp
from dunwell.kernel.actor import Actor
from tests.integration.test_evidence import as_superuser

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("authority")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.peers.stamp_authority", str(folder)], stdout=subprocess.PIPE, text=True
    )
    yield json.loads(process.stdout.readline())["url"], folder
    process.terminate()
    process.wait()


@pytest.fixture
def signed(fresh_database):
    services.write(kind="note.written", now=NOW, by=Actor.program("test"))
    services.sign_day(day=TODAY, now=NOW + timedelta(minutes=1))
    return fresh_database


def test_an_authority_that_is_down_leaves_the_day_signed_and_it_is_stamped_later(signed, authority, settings):
    url, folder = authority
    settings.STAMP_TRUST = str(folder / "ca.pem")
    settings.STAMP_URL = "http://127.0.0.1:9/"
    assert services.stamp_days(now=NOW) == 0 and DailyRoot.objects.filter(stamp=None).count() == 1
    settings.STAMP_URL = url
    assert (services.stamp_days(now=NOW), services.stamp_days(now=NOW)) == (1, 0)
    found = services.verify()
    assert (found.stamped, found.changed) == (1, [])


def test_openssl_itself_takes_the_kept_stamp_for_right(signed, authority, settings, tmp_path):
    settings.STAMP_URL, folder = authority
    services.stamp_days(now=NOW)
    row = DailyRoot.objects.get()
    (tmp_path / "text").write_bytes(stamping.stamped_text(row.day, row.seal_id, bytes(row.root), bytes(row.signature)))
    (tmp_path / "stamp").write_bytes(bytes(row.stamp.token))
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-token_in", "-in", tmp_path / "stamp", "-data", tmp_path / "text", "-CAfile",
         folder / "ca.pem"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout + done.stderr


@pytest.mark.parametrize("at", [0.5, 0.97])
def test_a_changed_stamp_and_one_of_another_day_are_found(signed, authority, settings, at):
    settings.STAMP_URL, folder = authority
    settings.STAMP_TRUST = str(folder / "ca.pem")
    services.stamp_days(now=NOW)
    token = bytearray(Stamp.objects.get().token)
    token[int(len(token) * at)] ^= 1
    as_superuser(signed, f"UPDATE evidence_stamp SET token = '\\x{token.hex()}'")
    said = [str(one) for one in services.verify().changed]
    assert said and all("time stamp is not right" in one or one.startswith("evidence.stamp ") for one in said), said
    other = stamping.ask(settings.STAMP_URL, b"another day")
    as_superuser(signed, f"UPDATE evidence_stamp SET token = '\\x{other.hex()}'")
    assert "it is not over this day" in str(services.verify().changed[0])
    as_superuser(signed, "DELETE FROM evidence_stamp")
    assert "it was removed" in str(services.verify().changed[0])


def test_a_stamp_of_an_authority_that_nobody_trusts_is_named(signed, authority, settings, tmp_path):
    settings.STAMP_URL, _folder = authority
    services.stamp_days(now=NOW)
    from tests.peers.stamp_authority import make

    make(tmp_path)
    settings.STAMP_TRUST = str(tmp_path / "ca.pem")
    [one] = services.verify().changed
    assert "an authority that is not trusted" in str(one)


def test_an_export_carries_its_stamps(signed, authority, settings, tmp_path):
    settings.STAMP_URL, folder = authority
    settings.STAMP_TRUST = str(folder / "ca.pem")
    services.stamp_days(now=NOW)
    services.export(tmp_path / "log.jsonl")
    connection.close()
    found = services.verify(tmp_path / "log.jsonl")
    assert (found.stamped, found.changed) == (1, [])
