"""How a text goes into short messages: alphabet, parts, and their headers (3GPP TS 23.038, 23.040 9.2.3.24.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass

GSM7, UCS2 = 0x00, 0x08  # data_coding
UDH = 0x40  # esm_class: the text begins with a header
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_CODES = {letter: bytes([code]) for code, letter in enumerate(_BASIC) if letter != "\x1b"} | {
    letter: bytes([0x1B, code]) for letter, code in _EXTENDED.items()
}
_LETTERS = {code: letter for letter, code in _CODES.items()}
WHOLE = {GSM7: 160, UCS2: 140}  # octets as they stand in the PDU
SPLIT = {GSM7: 153, UCS2: 134}  # beside a header of six octets


@dataclass(frozen=True, slots=True)
class Split:
    """A text as short messages: the octets of each, headers included."""

    coding: int
    esm_class: int
    parts: tuple[bytes, ...]


def split(text: str, reference: int) -> Split:
    """One short message where it fits, else parts that the telephone joins by `reference` (its last 8 bits).

    GSM 7-bit where every letter is in it, else UCS-2, as UTF-16: a part never ends within a letter.
    """
    coding, units = _units(text)
    whole = b"".join(units)
    if len(whole) <= WHOLE[coding]:
        return Split(coding, 0, (whole,))
    parts, part = [], b""
    for unit in units:
        if len(part) + len(unit) > SPLIT[coding]:
            parts.append(part)
            part = b""
        part += unit
    parts.append(part)
    if len(parts) > 255:
        raise ValueError(f"a text of {len(parts)} parts is no short message")
    head = bytes([5, 0, 3, reference & 0xFF, len(parts)])
    return Split(coding, UDH, tuple(head + bytes([number]) + part for number, part in enumerate(parts, 1)))


def parts_of(text: str) -> int:
    """How many short messages the text is."""
    return len(split(text, 0).parts)


def _units(text: str) -> tuple[int, list[bytes]]:
    try:
        return GSM7, [_CODES[letter] for letter in text]
    except KeyError:
        return UCS2, [letter.encode("utf-16-be") for letter in text]


def joined(octets: bytes, coding: int, esm_class: int) -> tuple[str, tuple[int, int, int] | None]:
    """A received short message's text, and (reference, of, number) where it is a part of a longer one."""
    part = None
    if esm_class & UDH and octets:
        head, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        if len(head) >= 5 and head[0] == 0 and head[1] == 3:
            part = (head[2], head[3], head[4])
        elif len(head) >= 6 and head[0] == 8 and head[1] == 4:
            part = (int.from_bytes(head[2:4], "big"), head[4], head[5])
    match coding & 0x0F if coding < 0x10 else coding:
        case 0x08:
            return octets.decode("utf-16-be", "replace"), part
        case 0x03:
            return octets.decode("latin-1"), part
        case 0x0F:  # as Chinese gateways have it
            return octets.decode("gb18030", "replace"), part
        case _:
            return _gsm7(octets), part


def _gsm7(octets: bytes) -> str:
    text, at = [], 0
    while at < len(octets):
        wide = octets[at : at + 2] if octets[at] == 0x1B else octets[at : at + 1]
        text.append(_LETTERS.get(wide, "?"))
        at += len(wide)
    return "".join(text)
