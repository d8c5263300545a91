"""Codes of the gate in words, for templates: {{ row.channel|channel }}."""

from django import template

from dunwell.compliance import words

register = template.Library()


register.filter(words.cited)
register.filter(words.proof)


@register.filter
def channel(code: str) -> object:
    """A channel's name; nothing for none."""
    return words.CHANNELS.get(code, code)


@register.filter
def source(code: str) -> object:
    """Whence a number or address is known."""
    return words.SOURCES.get(code, code)


@register.filter
def point_status(code: str) -> object:
    """Whether a number or address may be used."""
    return words.POINT_STATUS.get(code, words.OUTCOMES.get(code, code))


@register.filter
def purpose(code: str) -> object:
    """What a contact is for."""
    return words.PURPOSES.get(code, code)


@register.filter
def verdict(code: str) -> object:
    """What the gate answered."""
    return words.VERDICTS.get(code, code)
