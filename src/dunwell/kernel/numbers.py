"""Numbers of people and companies: is it one, and what is its one way of being written. Pure.

What regions, mobile prefixes and area codes exist is passed in as `Tables`; a number of an unknown region or prefix
is a valid number with a warning (they change every year), a wrong length or check digit is not valid.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from stdnum import luhn
from stdnum.cn import ric

EARLIEST_BIRTH = date(1880, 1, 1)
USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015, table 1: without I, O, Z, S, V
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_IM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{3,63}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_RESIDENT = re.compile(r"\d{17}[\dX]")
_USCC = re.compile(rf"[{USCC_LETTERS}]{{2}}\d{{6}}[{USCC_LETTERS}]{{10}}")
_LANDLINE = re.compile(r"(0\d{2,3})-?([2-9]\d{6,7})(?:(?:-|ext\.?|转|x)(\d{1,6}))?", re.IGNORECASE)
_SERVICE = re.compile(r"[48]00\d{7}")
_BLANKS = re.compile(r"[\s\u200b\ufeff]+")
_DASHES = str.maketrans({"－": "-", "—": "-", "–": "-", "‐": "-", "‑": "-", "−": "-", "＋": "+"})  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Region:
    """A division of GB/T 2260 and the years in which its code carried this name; None: unknown or still."""

    name: str
    start_year: int | None = None
    end_year: int | None = None

    def in_year(self, year: int) -> bool:
        return (self.start_year or 0) <= year <= (self.end_year or 9999)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mobile prefix was issued or an area code lies: GB/T 2260 province (two digits), names, IANA zone."""

    province_code: str
    province: str
    city: str
    timezone: str


def _nowhere(_: str) -> Place | None:
    return None


@dataclass(frozen=True, slots=True)
class Tables:
    """What is known of regions (six-digit code → names with years), mobile prefixes (seven digits) and area codes."""

    regions: Mapping[str, Sequence[Region]] = field(default_factory=dict)
    segment: Callable[[str], Place | None] = _nowhere
    areas: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of a value.

    `code` names what is wrong with one that is not valid (`mobile_length`, `id_check_digit` …), `warning` what is
    odd about a valid one (`region_unknown`, `prefix_unknown`, `area_unknown`); both are empty otherwise. A value that
    is not valid is normalised as far as blanks and width go.
    """

    valid: bool
    normalised: str
    code: str = ""
    warning: str = ""
    birth_date: date | None = None
    province: str = ""
    county: str = ""
    place: Place | None = None


def narrow(value: str) -> str:
    """Full-width forms made half-width, dashes made `-`, no blanks at the ends."""
    return unicodedata.normalize("NFKC", value.translate(_DASHES)).strip()


def _digits(value: str) -> str:
    return _BLANKS.sub("", narrow(value))


def check(kind: str, value: str, tables: Tables | None = None, as_of: date | None = None) -> Checked:
    """Check a value of a kind (a key of KINDS). An unknown kind raises KeyError.

    `as_of` refuses birth dates after it. Without `tables` every region and prefix is unknown.
    """
    return KINDS[kind](value, tables or Tables(), as_of)


def _region(code: str, year: int, tables: Tables) -> tuple[str, str]:
    """Names of province and county of a code in a year; empty where unknown."""

    def name(six: str) -> str:
        rows = tables.regions.get(six, ())
        return next((row.name for row in rows if row.in_year(year)), rows[-1].name if rows else "")

    return name(code[:2] + "0000"), name(code)


def _resident_id(value: str, tables: Tables, as_of: date | None) -> Checked:
    """GB 11643-1999: region of six digits, birth date, order, check digit (ISO 7064 MOD 11-2)."""
    number = _digits(value).replace("-", "").upper()
    if len(number) == 15 and number.isdecimal():
        return Checked(False, number, "id_fifteen_digits")  # out of force since 2013-01-01
    if len(number) != 18:
        return Checked(False, number, "id_length")
    if not (_RESIDENT.fullmatch(number) and number.isascii()):
        return Checked(False, number, "id_characters")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return Checked(False, number, "id_birth_date")
    if born < EARLIEST_BIRTH or (as_of is not None and born > as_of):
        return Checked(False, number, "id_birth_date")
    if ric.calc_check_digit(number) != number[17]:
        return Checked(False, number, "id_check_digit")
    province, county = _region(number[:6], born.year, tables)
    return Checked(True, number, "", "" if county else "region_unknown", born, province, county)


def _uscc(value: str, tables: Tables, as_of: date | None) -> Checked:
    """GB 32100-2015: authority, kind, region of six digits, organisation code, check character (MOD 31)."""
    number = _digits(value).replace("-", "").upper()
    if len(number) != 18:
        return Checked(False, number, "uscc_length")
    if not (_USCC.fullmatch(number) and number.isascii()):
        return Checked(False, number, "uscc_characters")
    total = sum(USCC_LETTERS.index(letter) * weight for letter, weight in zip(number[:17], USCC_WEIGHTS, strict=True))
    if USCC_LETTERS[-total % 31] != number[17]:
        return Checked(False, number, "uscc_check_character")
    code = number[2:8]
    province, county = _region(code, 9999, tables)
    if code == "100000":  # registered with the State itself, no region
        return Checked(True, number)
    return Checked(True, number, "", "" if county else "region_unknown", None, province, county)


def _mobile(value: str, tables: Tables, as_of: date | None) -> Checked:
    """Eleven digits from 13 to 19; the country's code, blanks, dashes and brackets are taken off."""
    number = re.sub(r"[-().]", "", _digits(value))
    for country in ("+86", "0086", "86"):
        if number.startswith(country) and len(number) > 11:
            number = number.removeprefix(country)
            break
    if not (number.isascii() and number.isdecimal()):
        return Checked(False, number, "mobile_characters")
    if len(number) != 11:
        return Checked(False, number, "mobile_length")
    if not _MOBILE.fullmatch(number):
        return Checked(False, number, "mobile_prefix")
    place = tables.segment(number[:7])
    if place is None:
        return Checked(True, number, "", "prefix_unknown")
    return Checked(True, number, province=place.province, county=place.city, place=place)


def _landline(value: str, tables: Tables, as_of: date | None) -> Checked:
    """Area code and seven or eight digits, perhaps an extension: `0531-82345678-12`; or a 400/800 number."""
    number = re.sub(r"[().]", lambda bracket: "-" if bracket[0] == ")" else "", _digits(value)).strip("-")
    number = re.sub(r"^(?:\+|00)86-?(0?)", r"0", number).replace("--", "-")
    joined = number.replace("-", "")
    if _SERVICE.fullmatch(joined) and joined.isascii():
        return Checked(True, joined)
    if not number.isascii() and "转" not in number:
        return Checked(False, number, "landline_characters")
    # An area code has three digits when it begins with 010 or 02, else four.
    if re.match(r"0(?:10|2\d)", joined):
        number = f"{joined[:3]}-{number.removeprefix(joined[:3]).lstrip('-')}"
    found = _LANDLINE.fullmatch(number)
    if not found:
        wrong = "landline_area_missing" if re.fullmatch(r"[2-9]\d{6,7}", joined) else "landline_shape"
        return Checked(False, number, wrong)
    area, main, extension = found.groups()
    normalised = f"{area}-{main}" + (f"-{extension}" if extension else "")
    place = tables.areas.get(area)
    if place is None:
        return Checked(True, normalised, "", "area_unknown")
    return Checked(True, normalised, province=place.province, county=place.city, place=place)


def _card(value: str, tables: Tables, as_of: date | None) -> Checked:
    """ISO/IEC 7812: 13 to 19 digits, the last a Luhn check digit."""
    number = _digits(value).replace("-", "")
    if not (number.isascii() and number.isdecimal()):
        return Checked(False, number, "card_characters")
    if not 13 <= len(number) <= 19:
        return Checked(False, number, "card_length")
    if not luhn.is_valid(number) or not number.strip("0"):
        return Checked(False, number, "card_check_digit")
    return Checked(True, number)


def _email(value: str, tables: Tables, as_of: date | None) -> Checked:
    """One address as RFC 5321 lets it be sent to, its domain in small letters."""
    local, _, domain = _digits(value).rpartition("@")
    address = f"{local}@{domain.lower()}"
    fits = len(address) <= 254 and ".." not in local and not local.startswith(".") and not local.endswith(".")
    if not fits or not _EMAIL.fullmatch(address):
        return Checked(False, address, "email_shape")
    return Checked(True, address)


def _address(value: str, tables: Tables, as_of: date | None) -> Checked:
    """A postal address: something to write on an envelope, from 5 to 200 characters."""
    address = _BLANKS.sub(" ", narrow(value))
    if not 5 <= len(address) <= 200:
        return Checked(False, address, "address_length")
    return Checked(True, address)


def _im(value: str, tables: Tables, as_of: date | None) -> Checked:
    """A person's number at the bank's own message hub, behind which an app, WeChat or 企业微信 know him by theirs."""
    number = narrow(value).strip()
    if not _IM.fullmatch(number):
        return Checked(False, number, "im_shape")
    return Checked(True, number)


KINDS: dict[str, Callable[[str, Tables, date | None], Checked]] = {
    "resident_id": _resident_id,
    "uscc": _uscc,
    "mobile": _mobile,
    "landline": _landline,
    "card": _card,
    "email": _email,
    "address": _address,
    "im": _im,
}
