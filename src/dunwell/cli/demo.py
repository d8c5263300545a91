"""Loading the demo's portfolio, and what is printed when it stands."""

from __future__ import annotations

from dunwell.cli.environment import Refused
from dunwell.cli.progress import Shown

WORDS = {"nights": "Taking files in, running the nights"}


def prepare(*, accounts: int | None) -> list[str]:
    """Load what is not loaded yet, up to yesterday. Answers the lines to print: each role's login, and the last date.

    Refused where the database holds another portfolio than the demo's.
    """
    from dunwell.demo import loading

    try:
        with Shown() as shown:
            loaded = loading.load(lambda part, done, of: shown.tell(WORDS[part], done, of), accounts=accounts)
    except loading.NotTheDemo as error:
        raise Refused(str(error)) from None
    return [
        *(f"{login.role:<14} {login.username:<16} {login.password}" for login in loaded),
        f"The demo's files end with {loading.last_date()}; started on a later day it takes in those of the days between.",
    ]
