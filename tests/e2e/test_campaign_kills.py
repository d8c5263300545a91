"""Web server, worker and database are killed while a dialler works: no dial beyond a limit, none twice, none lost."""

from __future__ import annotations

import random
import time
from collections import Counter

import psycopg
import yaml

from dunwell.cli.postgres import Embedded
from dunwell.cli.roles import address
from tests.e2e.test_kills import MADE, kill, script
from tests.peers import Dialler
from tests.running import Serving, answer, until
from tests.sizes import in_the_soak, size

SECRET = "a-secret-of-the-dialler"  # noqa: S105
ROUNDS = size(1, 10)
VICTIMS = ("gunicorn", "dunwell.cli worker", "bin/postgres -D")

GIVEN = """
import json, sys
from datetime import datetime, timedelta, UTC
from zoneinfo import ZoneInfo
from dunwell.cli.environment import database
with database():
    import django
    django.setup()
    from dunwell.casework.models import Case
    from dunwell.casework.queries.lists import Filter
    from dunwell.casework.services import campaigns
    from dunwell.channels.lines import diallers
    from dunwell.identity.models import User
    from dunwell.portfolio.models import Party
    now = datetime.now(UTC)
    zones = ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")
    Party.objects.update(timezone=next(z for z in zones if 9 <= now.astimezone(ZoneInfo(z)).hour < 21))
    kept = list(Case.objects.filter(closed_on=None, past_due__gt=0).order_by("rank", "id").values_list("pk", flat=True)[:12])
    Case.objects.exclude(pk__in=kept).update(queue="")
    Case.objects.filter(pk__in=kept).update(queue="call")
    made = campaigns.give_out(
        line=diallers()[0], asked=Filter(queue="call"), title="kills", flow="", ends_at=now + timedelta(hours=6),
        user=User.objects.get(username="leader1"), now=now, key="kills",
    )
    print(json.dumps({"campaign": made.pk, "entries": made.entries.count()}))
"""


@in_the_soak
def test_a_dialler_works_on_while_everything_is_killed(home, tmp_path):
    script(home, MADE, str(tmp_path / "files"), str(size(60, 600)))
    line = {
        "code": "dial", "channel": "call", "adapter": "dialler", "secret": SECRET,
        "outcomes": {"PTP": "connected_rpc", "NOANS": "no_answer", "BUSY": "busy"},
    }  # fmt: skip
    (home / "lines.yaml").write_text(yaml.safe_dump([line]))
    given = script(home, GIVEN)
    assert given["entries"] > 3
    serving = Serving(home)
    url = serving.ready()
    moments = random.Random(3)
    with Dialler(url, SECRET) as dialler:
        dialler.tell(do="work", campaign=given["campaign"], rounds=size(5, 30), workers=3, never=0.1)
        for _ in range(ROUNDS):
            for victim in VICTIMS:
                time.sleep(moments.uniform(0.5, 2.0))
                until(lambda victim=victim: kill(home, victim), 120)
        until(lambda: answer(f"{url}/health")["worker"] == "running", 180)
        dialled = dialler.wait("worked", 240)["dialled"]
        told = {call for calls in dialled.values() for call in calls}
    assert len(told) > 5
    embedded = Embedded(home)
    with psycopg.connect(address(embedded.superuser_url, database="dunwell")) as connection:

        def rows(query: str) -> list[tuple]:
            return connection.execute(query).fetchall()

        slots = Counter(call for (call,) in rows("SELECT call_id FROM channels_campaigndial"))
        a_day = rows("SELECT count(*) FROM compliance_contact WHERE channel = 'call' GROUP BY point_digest, local_date")
        outcomes = rows("SELECT count(*) FROM compliance_contactoutcome GROUP BY contact_id")
        talks = rows(
            "SELECT count(*) FROM compliance_contact AS c LEFT JOIN compliance_contactoutcome AS o ON o.contact_id = c.id"
            " WHERE coalesce(o.outcome, 'connected_rpc') = 'connected_rpc' GROUP BY c.person_id, c.local_date"
        )
        final = {call for (call,) in rows("SELECT call_id FROM channels_dialrecord WHERE ended_at IS NOT NULL")}
        counted = {call for (call,) in rows("SELECT call_id FROM channels_dialrecord WHERE outcome <> ''")}
        problems = rows("SELECT problem FROM channels_dialrecord WHERE problem <> ''")
        breaches = rows("SELECT id FROM evidence_log WHERE kind = 'gate.breached'")
    assert told <= set(slots) and max(slots.values()) == 1  # each dial has its slot, one
    assert max(number for (number,) in a_day) <= 6 and max(number for (number,) in talks) <= 3
    assert max(number for (number,) in outcomes) == 1  # nothing is counted twice
    assert final == counted and problems == [] and final <= told  # what was acknowledged is counted
    assert len(final) > len(told) * 0.6  # the dialler tells all but a tenth
    assert len(breaches) <= len(slots)  # a dial whose answer was cut off may be made late, and is said
    assert serving.stop() == 0
