"""Our SMPP session against the server class of the package `smpp`: window, throttling, receipts, drops."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from smpp34 import SubmitSm

from dunwell.channels.smpp import pdus
from dunwell.channels.smpp.session import BindRefused, Dropped, open_session
from dunwell.channels.smpp.texts import split
from tests.peers import SmsCentre

ACCOUNT = pdus.Account("bank", "secret")
TEXT = "【测试银行】尊敬的张*：您尾号1234的信用卡逾期。"


@pytest.fixture(scope="module")
def centre():
    with SmsCentre() as running:
        yield running


@pytest.fixture(autouse=True)
def as_at_first(centre):
    centre.set(answer="take", throttle_every=0, delay=0, receipts="", echo=True, quiet=False)
    yield


def talk(centre, doing, **options):
    """Run `doing(session)` on a bound session."""

    async def run():
        session = await open_session("127.0.0.1", centre.port, ACCOUNT, **{"per_second": 10_000, **options})
        try:
            return await doing(session)
        finally:
            await session.close()

    return asyncio.run(run())


def short(number=0, text="hello", **fields):
    made = split(text, number)
    return lambda sequence: SubmitSm(
        "10690000", f"1900000{number:04}", made.parts[0], data_coding=made.coding, sequence_number=sequence, **fields
    )


def later(seconds=60):
    return asyncio.get_running_loop().time() + seconds


async def seen(centre, event, count):
    """Until the centre has told of this event so often."""
    end = later()
    while len(centre.of(event)) < count:
        assert asyncio.get_running_loop().time() < end, f"{len(centre.of(event))} of {count} {event}"
        await asyncio.sleep(0.02)


def test_a_chinese_text_arrives_letter_for_letter_with_its_validity(centre):
    until = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)

    async def send(session):
        return await session.submit(short(text=TEXT, validity_period=pdus.until(until)), until=later())

    answer = talk(centre, send)
    seen = centre.wait("submit")
    assert (answer.status, answer.message_id) == (0, seen["id"])
    assert (seen["text"], seen["coding"], seen["validity"]) == (TEXT, 8, "2026-11-24T13:00:00.000Z")


def test_a_long_text_is_parts_that_the_telephone_joins(centre):
    text = TEXT * 6
    made = split(text, 77)

    async def send(session):
        for part in made.parts:
            await session.submit(
                lambda sequence, part=part: SubmitSm(
                    "1", "2", part, esm_class=made.esm_class, data_coding=made.coding, sequence_number=sequence
                ),
                until=later(),
            )

    talk(centre, send)
    seen = [centre.wait("submit") for _ in made.parts]
    assert "".join(one["text"] for one in seen) == text
    assert [one["udh"] for one in seen] == [[[0, 3, 77, len(seen), n]] for n in range(1, len(seen) + 1)]


def test_the_window_is_held(centre):
    centre.set(delay=100)

    async def send(session):
        began = time.monotonic()
        await asyncio.gather(*(session.submit(short(n), until=later()) for n in range(12)))
        return time.monotonic() - began

    assert talk(centre, send, window=4) > 0.29  # three rounds of four


def test_the_providers_rate_is_held(centre):
    async def send(session):
        began = time.monotonic()
        await asyncio.gather(*(session.submit(short(n), until=later()) for n in range(40)))
        return time.monotonic() - began

    assert talk(centre, send, window=40, per_second=50) > 0.6


def test_a_throttled_message_is_taken_later_and_once(centre):
    centre.set(throttle_every=5)

    async def send(session):
        return await asyncio.gather(*(session.submit(short(n), until=later()) for n in range(10)))

    answers = talk(centre, send)
    assert [answer.status for answer in answers] == [0] * 10
    taken = [centre.wait("submit")["to"] for _ in range(10)]
    assert len(set(taken)) == 10
    assert len(centre.of("throttled")) >= 2


def test_throttled_past_its_time_it_comes_back_refused_and_not_begun_again(centre):
    centre.set(throttle_every=1)

    async def send(session):
        return await session.submit(short(), until=later(0.2))

    assert talk(centre, send).status == pdus.THROTTLED


def test_a_receipt_is_not_acknowledged_before_we_say_so(centre):
    centre.set(receipts="DELIVRD")

    async def send(session):
        await session.submit(short(text="a"), until=later())
        received = await asyncio.wait_for(session.received.get(), 60)
        await asyncio.sleep(0.2)
        early = len(centre.of("acknowledged"))
        session.acknowledge(received)
        await seen(centre, "acknowledged", early + 1)
        return received, early

    before = len(centre.of("acknowledged"))
    received, early = talk(centre, send)
    assert received.pdu.short_message.startswith(b"id:") and received.pdu.esm_class == 4
    assert (early - before, len(centre.of("acknowledged")) - before) == (0, 1)


def test_after_a_drop_what_was_written_is_in_doubt_and_what_waited_was_never_begun(centre):
    centre.set(answer="deaf")
    before, told = centre.count(), len(centre.of("submit"))

    async def send(session):
        tasks = [asyncio.create_task(session.submit(short(n), until=later())) for n in range(10)]
        await seen(centre, "submit", told + 4)
        centre.tell(do="drop")
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = talk(centre, send, window=4)
    assert all(isinstance(one, Dropped) for one in found)
    assert [one.begun for one in found] == [True] * 4 + [False] * 6
    assert centre.count() - before == 4


def test_a_centre_that_does_not_answer_ends_the_session(centre):
    centre.set(answer="deaf")

    async def send(session):
        session.answer_seconds = 0.4  # only now: the bind may take its time
        with pytest.raises(Dropped, match="no answer") as dropped:
            await session.submit(short(), until=later())
        return dropped.value.begun

    assert talk(centre, send)


def test_a_silent_line_is_asked_whether_it_lives(centre):
    before = len(centre.of("enquired"))

    async def wait(session):
        await seen(centre, "enquired", before + 2)
        return session.ended.done()

    assert not talk(centre, wait, enquire_seconds=0.1)

    centre.set(answer="deaf")

    async def die(session):
        session.answer_seconds = 0.3
        return await asyncio.wait_for(session.ended, 60)

    assert "no answer" in talk(centre, die, enquire_seconds=0.1)


def test_a_wrong_password_is_named(centre):
    async def run():
        await open_session("127.0.0.1", centre.port, pdus.Account("bank", "wrong"))

    with pytest.raises(BindRefused, match="wrong password"):
        asyncio.run(run())
