"""What is left of a name, number or address when it is shown to somebody who need not know it."""

from __future__ import annotations

import re

_TOWN = re.compile(r"^(.{2,8}?(?:省|自治区|特别行政区))?(.{2,7}?(?:市|自治州|地区|盟))?")


def mask_name(name: str) -> str:
    """林致远 → 林*远, 林远 → 林*, 欧阳致远 → 欧**远; of a single character nothing is left."""
    name = name.strip()
    if len(name) <= 1:
        return "*" * len(name)
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_mobile(number: str) -> str:
    """13912345678 → 139****5678. Anything shorter than eight digits is hidden whole."""
    return number[:3] + "****" + number[-4:] if len(number) >= 8 else "*" * len(number)


def mask_landline(number: str) -> str:
    """0531-82345678 → 0531-****5678; an extension keeps only its dash."""
    head, _, tail = number.partition("-")
    main, extension, _ = tail.partition("-")
    if len(main) < 7:
        return mask_mobile(number)
    return f"{head}-{'*' * (len(main) - 4)}{main[-4:]}" + ("-*" if extension else "")


def mask_id(number: str) -> str:
    """99010119900101317X → 9901**********317X."""
    return number[:4] + "*" * (len(number) - 8) + number[-4:] if len(number) >= 12 else "*" * len(number)


def mask_card(number: str) -> str:
    """Only the last four digits of a card are ever shown."""
    return "*" * max(len(number) - 4, 0) + number[-4:]


def mask_email(address: str) -> str:
    """lin.zhiyuan@example.com → l***@example.com."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def mask_address(address: str) -> str:
    """Province and city stay: 山东省济南市历下区解放路1号 → 山东省济南市****."""
    return (_TOWN.match(address.strip()) or [""])[0] + "****"


MASKS = {
    "mobile": mask_mobile,
    "landline": mask_landline,
    "email": mask_email,
    "address": mask_address,
    "name": mask_name,
    "resident_id": mask_id,
    "uscc": mask_id,
    "card": mask_card,
}


def mask(kind: str, value: str) -> str:
    """The mask for a kind of value; an unknown kind is hidden whole."""
    found = MASKS.get(kind)
    return found(value) if found else "*" * min(len(value), 8)
