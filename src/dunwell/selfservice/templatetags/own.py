"""The page's own filters."""

from django import template

from dunwell.selfservice import words
from dunwell.selfservice.owed import Line

register = template.Library()

register.filter("product", words.product)
register.filter("standing", words.agreed)

UNITS = {"CNY": "元"}


@register.filter
def said(line: Line) -> str:
    """A line's words."""
    return words.line(line.code, line.values)


@register.filter
def unit(currency: str, language: str) -> str:
    """元 in Chinese; every other currency, and every one in English, by its code."""
    return UNITS.get(currency, currency) if language != "en" else currency
