"""Charts drawn on the server as SVG: presentation by attributes and classes, which a strict CSP permits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dunwell.oversight.rules import Curve

LEFT, RIGHT, TOP, BOTTOM = 34, 366, 10, 226
KEY, SAMPLE, APART = 378, 22, 18  # the key: where it begins, how long a line's sample is, from name to name


def _scale(highest: Decimal) -> int:
    """The top of the axis in per cent: the first of 10, 20, 40, 60, 80, 100 that holds the highest point."""
    return next((top for top in (10, 20, 40, 60, 80, 100) if highest * 100 <= top), 100)


def vintage(curves: Sequence[Curve], *, label: str, months: str) -> SafeString:
    """Recovery curves, the newest in the accent; each named in the key with where it ends. `label` is the picture in words."""
    top = _scale(max((value for each in curves for _, value in each.points), default=Decimal(0)))
    width = max(3, *(each.points[-1][0] for each in curves)) if curves else 3

    def x(age: int) -> float:
        return LEFT + (RIGHT - LEFT) * age / width

    def y(value: Decimal) -> float:
        return float(BOTTOM - (BOTTOM - TOP) * min(value * 100, Decimal(top)) / top)

    lines = format_html_join(
        "",
        '<line x1="34" x2="366" y1="{0}" y2="{0}" class="grid"/><text x="28" y="{1}" text-anchor="end">{2}</text>',
        (
            (f"{y(Decimal(tick) / 100):.1f}", f"{y(Decimal(tick) / 100) + 4:.1f}", f"{tick:g}")
            for tick in (top * i / 4 for i in range(5))
        ),
    )
    ages = format_html_join(
        "",
        '<text x="{0}" y="244" text-anchor="middle">{1}</text><line x1="{0}" x2="{0}" y1="226" y2="229" class="grid"/>',
        ((f"{x(age):.1f}", age) for age in range(0, width + 1)),
    )
    newest = ["" if each is not curves[-1] else " new" for each in curves]
    drawn = format_html_join(
        "",
        '<polyline class="v v{0}{1}" points="{2}"/><circle class="e{1}" cx="{3}" cy="{4}" r="3"/>',
        (
            (
                nr,
                newest[nr],
                " ".join(f"{x(age):.1f},{y(value):.1f}" for age, value in each.points),
                f"{x(each.points[-1][0]):.1f}",
                f"{y(each.latest):.1f}",
            )
            for nr, each in enumerate(curves)
        ),
    )
    named = format_html_join(  # beside the lines, in their order: a name at a line's end lies on the lines that go on
        "",
        '<line class="v v{0}{1}" x1="{2}" x2="{3}" y1="{4}" y2="{4}"/><text class="lab{1}" x="{5}" y="{6}">{7}  {8}</text>',
        (
            (
                nr, newest[nr], KEY, KEY + SAMPLE, TOP + nr * APART, KEY + SAMPLE + 6, TOP + nr * APART + 4,
                f"{each.cohort:%Y-%m}", f"{each.latest * 100:.1f}",
            )
            for nr, each in enumerate(curves)
        ),
    )  # fmt: skip
    return format_html(
        '<svg class="chart" viewBox="0 0 484 250" role="img" aria-label="{}">'
        '{}{}{}{}<text x="384" y="244">{}</text></svg>',
        label,
        lines,
        ages,
        drawn,
        named,
        months,
    )
