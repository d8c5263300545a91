"""The links of the top bar: label, path, another path below which the link is current, permissions (any of).

What belongs together stands behind one link, under the group's label: its pages lie beside each other under the bar.
They stand here because the frame knows no room that comes after it.
"""

from django.utils.translation import gettext_lazy as _

NAVIGATION = [
    (_("Desk"), [(_("Desk"), "/desk", "/cases/", ("case.work",))]),
    (_("Lists"), [(_("Lists"), "/lists", "/lists", ("case.view",))]),
    (
        _("Team"),
        [
            (_("Team"), "/team", "/team", ("case.hand_out",)),
            (_("Campaigns"), "/campaigns", "/campaigns", ("case.hand_out",)),
        ],
    ),
    (
        _("Figures"),
        [
            (_("Portfolio"), "/portfolio", "/portfolio", ("report.view",)),
            (_("Reports"), "/reports", "/reports", ("report.view",)),
        ],
    ),
    (_("Arrangements"), [(_("Arrangements"), "/arrangements", "/arrangements", ("arrangement.approve",))]),
    (
        _("Objections"),
        [(_("Objections"), "/disputes", "/disputes", ("dispute.decide", "complaint.view", "request.answer"))],
    ),
    (_("Legal"), [(_("Legal"), "/legal", "/legal", ("legal.view",))]),
    (
        _("Outbox"),
        [
            (_("Outbox"), "/outbox", "/outbox", ("message.send",)),
            (_("Texts"), "/outbox/texts", "/outbox/texts", ("text.approve",)),
        ],
    ),
    (
        _("Data"),
        [
            (_("Payments"), "/payments", "/payments", ("payment.enter",)),
            (_("Files"), "/intake", "/intake", ("intake.view",)),
            (_("Nights"), "/runs", "/runs", ("night.view",)),
        ],
    ),
    (
        _("Rules"),
        [
            (_("Strategy"), "/strategy", "/strategy", ("strategy.view",)),
            (_("Rules"), "/rules", "/rules", ("rules.view",)),
        ],
    ),
    (_("Users"), [(_("Users"), "/users", "/users", ("user.manage",))]),
]
