"""The links of the top bar: label, path, another path below which the link is current, permissions (any of).

What belongs together stands behind one link, under the group's label: its pages lie beside each other under the bar.
They stand here because the frame knows no room that comes after it.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NAVIGATION = [
    (_("Desk"), [(_("Desk"), "/desk", "/cases/", ("case.work",))]),
    (_("Lists"), [(_("Lists"), "/lists", "/many", ("case.view",))]),
    (
        _("Team"),
        [
            (_("Hand-out"), "/team", "/team", ("case.hand_out",)),
            (_("Board"), "/team/board", "/team/board", ("case.hand_out",)),
            (_("Results"), "/results", "/results", ("case.hand_out",)),
            (_("Campaigns"), "/campaigns", "/campaigns", ("case.hand_out",)),
            (_("Sources of tracing"), "/team/sources", "/team/sources", ("case.hand_out",)),
            (_("Macros"), "/team/macros", "/team/macros", ("case.hand_out",)),
        ],
    ),
    (
        _("Figures"),
        [
            (_("Portfolio"), "/portfolio", "/portfolio", ("report.view",)),
            (_("Reports"), "/reports", "/reports", ("report.view",)),
            (_("Classes judged by hand"), "/judgements", "/judgements", ("class.judge", "class.approve")),
        ],
    ),
    (_("Arrangements"), [(_("Arrangements"), "/arrangements", "/arrangements", ("arrangement.approve",))]),
    (
        _("Objections"),
        [(_("Objections"), "/disputes", "/disputes", ("dispute.decide", "complaint.view", "request.answer"))],
    ),
    (
        _("Legal"),
        [
            (_("Limitation"), "/legal", "/people/", ("legal.view",)),
            (_("The bank's papers"), "/legal/papers", "/legal/papers", ("legal.view",)),
            (_("Retention"), "/evidence/retention", "/evidence/retention", ("retention.view",)),
        ],
    ),
    (
        pgettext_lazy("navigation", "Messages"),
        [
            (_("Outbox"), "/outbox", "/outbox", ("message.send",)),
            (_("Message texts"), "/outbox/texts", "/outbox/texts", ("text.view",)),
            (pgettext_lazy("navigation", "Scripts and knowledge"), "/texts/script", "/texts/", ("text.view",)),
            (pgettext_lazy("to providers", "Lines"), "/outbox/lines", "/outbox/lines", ("message.send",)),
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
            (_("Contact rules"), "/rules", "/rules", ("rules.view",)),
            (_("Rule packs"), "/rules/packs", "/rules/packs", ("rules.view",)),
            (_("Internal lists"), "/rules/lists", "/rules/lists", ("rules.view",)),
            (_("To be reviewed"), "/rules/reviews", "/rules/reviews", ("contact.release",)),
            (_("Decisions decided again"), "/rules/decisions", "/rules/decisions", ("audit.view",)),
            (_("Agencies and links"), "/rules/registers", "/rules/registers", ("rules.view",)),
            (_("Parameters"), "/rules/parameters", "/rules/parameters", ("rules.view",)),
            (_("Missing recordings"), "/recordings/missing", "/recordings/missing", ("audit.view",)),
            (_("Law"), "/law", "/law", ("case.view",)),
            (_("Training"), "/training", "/training", ("rules.view",)),
            (_("The team's training"), "/training/team", "/training/team", ("case.hand_out",)),
        ],
    ),
    (_("Users"), [(_("Users"), "/users", "/users", ("user.manage",))]),
]
