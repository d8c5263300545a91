"""Short messages: alphabets, parts, receipts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.channels.smpp import receipts
from dunwell.channels.smpp.texts import GSM7, UCS2, joined, parts_of, split


@pytest.mark.parametrize(
    ("text", "coding", "parts"),
    [
        ("a" * 160, GSM7, 1),
        ("a" * 161, GSM7, 2),
        ("a" * 306, GSM7, 2),
        ("a" * 307, GSM7, 3),
        ("€" * 80, GSM7, 1),
        ("€" * 81, GSM7, 2),
        ("张" * 70, UCS2, 1),
        ("张" * 71, UCS2, 2),
        ("张" * 134, UCS2, 2),
        ("张" * 135, UCS2, 3),
        ("😀" * 35, UCS2, 1),
        ("😀" * 36, UCS2, 2),
        ("【Bank】" + "a" * 64, UCS2, 1),
        ("【Bank】" + "a" * 65, UCS2, 2),
    ],
)
def test_how_many_short_messages_a_text_is(text, coding, parts):
    assert (split(text, 1).coding, parts_of(text)) == (coding, parts)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400), st.integers(0, 70_000))
def test_every_text_comes_together_again(text, reference):
    made = split(text, reference)
    found = [joined(part, made.coding, made.esm_class) for part in made.parts]
    assert "".join(one for one, _ in found) == text
    assert all(len(part) <= (140 if made.coding == UCS2 else 160) for part in made.parts)
    if len(made.parts) > 1:
        assert [part for _, part in found] == [
            (reference & 0xFF, len(made.parts), n) for n in range(1, len(made.parts) + 1)
        ]


@pytest.mark.parametrize(
    ("text", "fields", "state", "code"),
    [
        ("id:7f sub:001 dlvrd:001 submit date:2611240200 done date:2611240201 stat:DELIVRD err:000 text:x", {},
         "delivered", "DELIVRD:000"),
        ("id:7f stat:UNDELIV err:MK:0001", {}, "undelivered", "UNDELIV:MK:0001"),
        ("id:7f stat:EXPIRED", {}, "undelivered", "EXPIRED"),
        ("id:7f stat:ACCEPTD err:0", {}, "on_its_way", "ACCEPTD:0"),
        ("", {"message_id": "7f", "message_state": 2}, "delivered", "DELIVRD"),
    ],
)  # fmt: skip
def test_what_a_receipt_says(text, fields, state, code):
    told = receipts.read(text, **fields)
    assert (told.provider_id, told.state, told.code) == ("7f", state, code)


@pytest.mark.parametrize("text", ["TD", "", "id: stat:DELIVRD", "id:1 stat:LOST"])
def test_what_is_no_receipt(text):
    assert receipts.read(text) is None
