"""Letters: set, sealed, handed over in whole jobs, and what the post brings back. A killed printer loses and doubles none."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pypdf import PdfReader

from dunwell.arrears.models import AccountState
from dunwell.channels import services
from dunwell.channels.models import Letter, Message, Receipt
from dunwell.compliance.models import ContactOutcome
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, PartyIdentity
from tests import build

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
ADDRESS = "山东省济南市历下区解放路1号3单元502室"
REQUIRED = ("欠款情况", "催收事由与依据", "权利与义务", "账户查询、还款、异议与举证途径", "联系方式")


@pytest.fixture
def shop(tmp_path, settings) -> Path:
    """A line to a print shop, and its folder."""
    settings.LINES_FILE = tmp_path / "lines.yaml"
    settings.LINES_FILE.write_text(
        f"- {{code: shop, channel: letter, adapter: print_shop, folder: {tmp_path / 'jobs'},"
        " prices: [{from: 2026-01-01, amount: 12.5, currency: CNY}]}\n"
    )
    return tmp_path / "jobs"


def queued(key: str = "m1", *, party_no: str = "", now: datetime = NOW) -> Message:
    party, _, case = build.debtor(party_no=party_no)
    name = portfolio.seal_text(party_id=party.pk, text="林致远")
    PartyIdentity.objects.create(party=party, name_sealed=name, digest=b"")
    address = build.contact_point(party=party, kind="address", value=ADDRESS + key)
    return services.queue_message(
        party_id=party.pk, contact_point_id=address.pk, template_code="LETTER-DEMAND", by=BY, now=now, key=key,
        case_id=case.pk, case_no=case.case_no, not_before=now + timedelta(seconds=1),
    )  # fmt: skip


def later(minutes: int = 1) -> datetime:
    return NOW + timedelta(minutes=minutes)


def text_of(document: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)


@pytest.mark.django_db
def test_a_letter_has_the_contents_of_article_69_its_figures_sum_and_its_text_comes_out_exactly(shop):
    message = queued()
    assert services.send_letters(now=later()).sent == 1
    document = evidence.read_file(Letter.objects.get(message=message).file)
    text = text_of(document)
    for heading in REQUIRED:
        assert heading in text.replace("\n", ""), heading
    for exact in ("林致远", "12,000.00", "1,500.00", f"dw-{message.pk}", "第 1 页，共 1 页", "测试银行"):
        assert exact in text, exact
    assert ADDRESS in text.replace("\n", "")
    metadata = PdfFileReader(BytesIO(document)).root["/Metadata"].data
    assert re.search(rb"pdfaid:part\W{1,2}3", metadata) and re.search(rb"pdfaid:conformance\W{1,2}A", metadata)
    status = validate_pdf_signature(PdfFileReader(BytesIO(document)).embedded_signatures[0])
    assert status.intact and status.valid


@pytest.mark.django_db
def test_a_job_is_whole_or_not_there_and_its_manifest_names_each_letter_with_its_hash(shop):
    messages = [queued(f"m{nr}") for nr in range(3)]
    done = services.send_letters(now=later())
    (job,) = [path for path in shop.iterdir() if path.name != "back"]
    manifest = json.loads((job / "manifest.json").read_text())
    assert [one["reference"] for one in manifest["letters"]] == [f"dw-{m.pk}" for m in messages]
    for one in manifest["letters"]:
        assert hashlib.sha256((job / one["file"]).read_bytes()).hexdigest() == one["sha256"] and one["pages"] == 1
    assert all(path.stat().st_mode & 0o077 == 0 for path in job.glob("*.pdf"))
    assert done.sent == 3 and services.send_letters(now=later(2)).sent == 0
    kept = Message.objects.get(pk=messages[0].pk)
    assert (kept.state, str(kept.cost), kept.currency) == ("sent", "12.5000", "CNY")


@pytest.mark.django_db
def test_nothing_is_printed_at_night_or_when_nothing_is_owed_any_more(shop):
    message = queued()
    at_night = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 23:00
    assert services.send_letters(now=at_night).later == 1
    paid = queued("m2")
    AccountState.objects.filter(account__party=paid.party).update(past_due=0, balance=0)
    assert services.send_letters(now=later()).refused == 1
    assert Message.objects.get(pk=paid.pk).refusal_rule == "G-PAID"
    assert Message.objects.get(pk=message.pk).state == "planned" and not Letter.objects.exists()


def back(shop: Path, *rows: str, name: str = "post.csv") -> None:
    (shop / "back").mkdir(parents=True, exist_ok=True)
    (shop / "back" / name).write_text("\n".join(("reference,state,at,tracking_no,detail", *rows)), encoding="utf-8-sig")


@pytest.mark.django_db
def test_what_the_post_brings_back_is_taken_once_and_a_returned_letter_suspends_the_address(shop):
    first, second = queued(), queued("m2")
    services.send_letters(now=later())
    rows = (
        f"dw-{first.pk},posted,2026-11-25,EA1,", f"dw-{first.pk},delivered,2026-11-27,EA1,本人签收",
        f"dw-{second.pk},returned,2026-11-28,EA2,查无此人", "x-9,delivered,2026-11-28,EA3,", f"dw-{first.pk},lost,2026-11-28,,",
        f"dw-{first.pk},posted,28.11.2026,,",
    )  # fmt: skip
    back(shop, *rows)
    services.send_letters(now=later(2))
    assert Message.objects.get(pk=first.pk).state == "delivered"
    assert Message.objects.get(pk=second.pk).state == "undelivered"
    assert ContactOutcome.objects.filter(contact__message=first).latest("id").outcome == "delivered"
    assert ContactPoint.objects.get(pk=second.contact_point_id).status_reason == "returned_mail"
    wrong = (shop / "back/wrong/post.csv").read_text(encoding="utf-8-sig")
    assert "row 5, column reference: 'x-9' is none of ours" in wrong
    assert "row 6, column state: 'lost' is none of posted, delivered, returned." in wrong
    assert "row 7, column at: '28.11.2026' is not a day" in wrong
    assert (shop / "back/done/post.csv").exists() and not list((shop / "back").glob("*.csv"))
    count = Receipt.objects.count()
    back(shop, *rows[:3], name="again.csv")
    services.send_letters(now=later(3))
    assert Receipt.objects.count() == count


KILLED = """
    import os, signal, sys
    import django
    django.setup()
    from datetime import datetime
    from dunwell.channels.lines import print_shop
    from dunwell.channels.services import letters
    from django.conf import settings
    from pathlib import Path
    settings.LINES_FILE = Path(sys.argv[1])
    die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
    where, count = sys.argv[2], [0]
    if where == "claimed":
        print_shop.PrintShop.put = die
    elif where == "second":
        put = print_shop.PrintShop.put
        def second(*a):
            count[0] += 1
            die() if count[0] == 2 else put(*a)
        print_shop.PrintShop.put = second
    elif where == "written":
        print_shop.PrintShop.close = die
    elif where == "named":
        close = print_shop.PrintShop.close
        def named(*a):
            close(*a)
            die()
        print_shop.PrintShop.close = named
    elif where == "kept":
        letters.settle = die
    letters.send_letters(now=datetime.fromisoformat(sys.argv[3]))
"""


@pytest.mark.parametrize("where", ["claimed", "second", "written", "named", "kept"])
def test_a_killed_printer_loses_no_letter_and_prints_none_twice(fresh_database, shop, settings, where):
    messages = [queued(f"m{nr}") for nr in range(3)]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(settings.LINES_FILE), where, later().isoformat()]
    killed = subprocess.run(command, env=fresh_database.environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    from dunwell.channels.services.senders import mark_interrupted

    mark_interrupted(mine=0, by=BY, now=later(2))  # the sender of other lines must leave them alone
    services.send_letters(now=later(3))
    services.send_letters(now=later(4))
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    printed = [
        one["reference"] for path in shop.glob("*/manifest.json") for one in json.loads(path.read_text())["letters"]
    ]
    assert sorted(printed) == sorted(f"dw-{message.pk}" for message in messages)
    assert Letter.objects.count() == 3 and not list(shop.glob("*.open"))
    assert os.path.isdir(shop / "back")
