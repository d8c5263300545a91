"""The links of the top bar: label, path, another path below which the link is current, permissions (any of).

They stand here because the frame knows no room that comes after it.
"""

from django.utils.translation import gettext_lazy as _

NAVIGATION = [
    (_("Desk"), "/desk", "/cases/", ("case.work",)),
    (_("Portfolio"), "/portfolio", "/portfolio", ("report.view",)),
    (_("Lists"), "/lists", "/lists", ("case.view",)),
    (_("Team"), "/team", "/team", ("case.hand_out",)),
    (_("Campaigns"), "/campaigns", "/campaigns", ("case.hand_out",)),
    (_("Arrangements"), "/arrangements", "/arrangements", ("arrangement.approve",)),
    (_("Objections"), "/disputes", "/disputes", ("dispute.decide", "complaint.view", "request.answer")),
    (_("Legal"), "/legal", "/legal", ("legal.view",)),
    (_("Payments"), "/payments", "/payments", ("payment.enter",)),
    (_("Outbox"), "/outbox", "/outbox", ("message.send",)),
    (_("Texts"), "/outbox/texts", "/outbox/texts", ("text.approve",)),
    (_("Files"), "/intake", "/intake", ("intake.view",)),
    (_("Nights"), "/runs", "/runs", ("night.view",)),
    (_("Reports"), "/reports", "/reports", ("report.view",)),
    (_("Strategy"), "/strategy", "/strategy", ("strategy.view",)),
    (_("Rules"), "/rules", "/rules", ("rules.view",)),
    (_("Users"), "/users", "/users", ("user.manage",)),
]
