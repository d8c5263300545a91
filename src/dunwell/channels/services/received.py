"""What an SMS centre sends us, told apart: receipts, and texts, whose parts are joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from smpp34 import TLV_MESSAGE_STATE, TLV_RECEIPTED_MESSAGE_ID, TLV_USER_MESSAGE_REFERENCE, DeliverSm

from dunwell.channels.lines import Line
from dunwell.channels.services.inbound import Came, take_inbound
from dunwell.channels.services.receipts import Told, take_receipts
from dunwell.channels.smpp import receipts
from dunwell.channels.smpp.session import Received
from dunwell.channels.smpp.texts import joined

RECEIPT = 0x3C  # the bits of esm_class that say so
WAIT_FOR_PARTS = timedelta(seconds=30)


class Arrived:
    """The parts of texts that are not whole yet. They are not acknowledged, so that a crash brings them again."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.parts: dict[tuple[str, int, int], dict[int, tuple[str, Received, datetime]]] = {}

    def add(self, one: Received, now: datetime) -> tuple[list[Came], list[Received]]:
        """The texts that are whole now, and what may be acknowledged once they are stored."""
        pdu = one.pdu
        text, part = joined(pdu.short_message, pdu.data_coding, pdu.esm_class)
        sender = self.number(pdu.source_addr)
        if part is None:
            return [Came(sender, text, now)], [one]
        reference, of, number = part
        held = self.parts.setdefault((sender, reference, of), {})
        held[number] = (text, one, now)
        if len(held) < of:
            return [], []
        del self.parts[sender, reference, of]
        return [_whole(sender, held)], [received for _, received, _ in held.values()]

    def overdue(self, now: datetime) -> tuple[list[Came], list[Received]]:
        """Texts whose other parts did not come: as they are."""
        late = [key for key, held in self.parts.items() if min(at for _, _, at in held.values()) < now - WAIT_FOR_PARTS]
        found = [(key[0], self.parts.pop(key)) for key in late]
        return [_whole(*one) for one in found], [received for _, held in found for _, received, _ in held.values()]

    def number(self, address: str) -> str:
        return address.removeprefix("+").removeprefix(self.line.options["to_prefix"].removeprefix("+"))


def _whole(sender: str, held: dict[int, tuple[str, Received, datetime]]) -> Came:
    return Came(sender, "".join(held[number][0] for number in sorted(held)), min(at for _, _, at in held.values()))


@transaction.atomic
def store(arrived: Arrived, batch: Sequence[Received], *, now: datetime) -> list[Received]:
    """Store what came, in one commit; answers what may be acknowledged then."""
    line = arrived.line
    came, done = arrived.overdue(now)
    told = []
    for one in batch:
        receipt = _receipt(one.pdu, arrived)
        if receipt is not None:
            told.append(receipt)
            done.append(one)
            continue
        texts, whole = arrived.add(one, now)
        came += texts
        done += whole
    take_receipts(line=line.code, kind="mobile", told=told, now=now)
    take_inbound(line=line.code, channel=line.channel, kind="mobile", came=came, now=now)
    return done


def _receipt(pdu: DeliverSm, arrived: Arrived) -> Told | None:
    if not pdu.esm_class & RECEIPT:
        return None
    fields = {tlv.tag: tlv for tlv in pdu.tlvs}
    message_id = fields[TLV_RECEIPTED_MESSAGE_ID].as_string() if TLV_RECEIPTED_MESSAGE_ID in fields else ""
    state = fields[TLV_MESSAGE_STATE].as_int() if TLV_MESSAGE_STATE in fields else None
    ours = fields[TLV_USER_MESSAGE_REFERENCE].as_int() if TLV_USER_MESSAGE_REFERENCE in fields else None
    text = joined(pdu.short_message, pdu.data_coding, pdu.esm_class)[0]
    said = receipts.read(text, message_id=(message_id or "").rstrip("\0"), message_state=state)
    if said is None:
        return None
    dead = arrived.line.options["dead"]
    return Told(
        provider_id=said.provider_id, state=said.state, code=said.code, to=arrived.number(pdu.source_addr),
        reference="" if ours is None else str(ours), at=said.at,
        dead_number=said.state == "undelivered" and (said.code in dead or said.code.partition(":")[2] in dead),
    )  # fmt: skip
