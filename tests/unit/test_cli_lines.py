"""Which process of `dunwell lines` keeps what."""

from __future__ import annotations

import pytest

from dunwell.channels.services.mail_door import MailDoor
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.channels.services.session_line import SessionLine
from dunwell.cli import lines

FILE = """
- {code: one, channel: sms, adapter: smpp, host: h, port: 1, system_id: s, password: p, sessions: 3}
- {code: post, channel: letter, adapter: print_shop, folder: out}
- {code: seats, channel: call, adapter: baresip, uri: "sip:{number}@h", seats: {S1: "h:1"}}
- {code: robot, channel: ai_call, adapter: dialler, secret: x}
"""
MAIL = "- {code: mail, channel: email, adapter: smtp, bounce_domain: example.com, bounce_listen: '%s'}"


@pytest.fixture
def kept(settings, tmp_path):
    settings.EMAIL_HOST = "h"
    settings.LINES_FILE = tmp_path / "lines.yaml"

    def by(number: int, listens: str = "h:2") -> dict[str, type]:
        settings.LINES_FILE.write_text(FILE + MAIL % listens)
        found = {line.code: lines.KEEPERS[line.adapter](line, number) for line in lines._wanted([], number)}
        assert all(one.number == number for one in found.values() if isinstance(one, SessionLine))
        return {code: type(one) for code, one in found.items()}

    return by


def test_the_first_process_keeps_a_session_of_each_and_the_doors(kept):
    assert kept(1) == {"one": SessionLine, "seats": PhoneLine, "mail": MailDoor}


def test_a_mail_server_that_is_not_listened_to_needs_nobody(kept):
    assert set(kept(1, listens="")) == {"one", "seats"}


def test_the_others_keep_what_has_as_many_sessions(kept):
    assert (kept(2), kept(3), kept(4)) == ({"one": SessionLine}, {"one": SessionLine}, {})
