"""Who may do what. One table: a permission and the roles that carry it."""

from __future__ import annotations

from dunwell.identity.models import Role

COLLECTOR, LEADER, ANALYST = Role.COLLECTOR, Role.TEAM_LEADER, Role.ANALYST
COMPLIANCE, LEGAL, MANAGER, ADMINISTRATOR = Role.COMPLIANCE, Role.LEGAL, Role.MANAGER, Role.ADMINISTRATOR


def _roles(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


# The administrator runs the system and sees no debtor: people's data and the keys to the system stay apart.
PERMISSIONS: dict[str, frozenset[Role]] = {
    "case.work": _roles(COLLECTOR, LEADER),
    "case.view": _roles(COLLECTOR, LEADER, COMPLIANCE, LEGAL, MANAGER),
    "case.reveal": _roles(COLLECTOR, LEADER, COMPLIANCE, LEGAL),
    "case.hand_out": _roles(LEADER, MANAGER),
    "message.send": _roles(COLLECTOR, LEADER),
    "message.resolve": _roles(LEADER),  # what became of one in doubt, by the provider's record
    "text.view": _roles(COLLECTOR, LEADER, COMPLIANCE, LEGAL, MANAGER),
    "text.draft": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),
    "text.approve": _roles(COMPLIANCE, MANAGER),  # never one's own: channels.services.drafting
    "payment.enter": _roles(LEADER, MANAGER),
    "payment.reverse": _roles(LEADER, MANAGER),
    "hold.place": _roles(COLLECTOR, LEADER, COMPLIANCE, LEGAL, MANAGER),
    "promise.withdraw": _roles(
        LEADER, MANAGER
    ),  # one's own, on its day, takes no permission: casework.services.promises
    "arrangement.propose": _roles(COLLECTOR, LEADER, LEGAL, MANAGER),  # which products: arrangements/products.yaml
    "arrangement.approve": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),  # up to which limits: the mandates there
    "host.answer": _roles(ADMINISTRATOR),  # by the key of the bank's host; a person answers nothing for it
    "hold.lift": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),  # which kinds: compliance.rules.holds
    "hold.court": _roles(COMPLIANCE, LEGAL),
    "hold.claim": _roles(COMPLIANCE),
    "consent.widen": _roles(LEADER, COMPLIANCE, MANAGER),  # what he agrees to beyond the law, on evidence
    "fact.prove": _roles(
        LEADER, COMPLIANCE, LEGAL
    ),  # joint debts, heirs, notices given: compliance.rules.circumstances
    "contact.release": _roles(LEADER, COMPLIANCE),  # never one's own question: compliance.services.releasing
    "vulnerability.view": _roles(LEADER, COMPLIANCE),  # which care somebody needs, whoever has the case
    "dispute.decide": _roles(COMPLIANCE, LEGAL, MANAGER),  # never one's own: casework.services.disputes
    "complaint.view": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),
    "complaint.handle": _roles(LEADER, COMPLIANCE, MANAGER),  # without an interest: casework.services.complaints
    "objection.open": _roles(COLLECTOR, LEADER, COMPLIANCE, LEGAL, MANAGER),
    "request.answer": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),  # of one's department: objections.yaml
    "proof.check": _roles(
        LEADER, COMPLIANCE, MANAGER
    ),  # releases what no scanner saw, writes down what the issuer said
    "cluster.view": _roles(COMPLIANCE, MANAGER),
    "list.edit": _roles(COMPLIANCE),
    "class.judge": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),
    "class.approve": _roles(COMPLIANCE, MANAGER),  # never one's own: arrears.services
    "difference.explain": _roles(COMPLIANCE, LEGAL, MANAGER),
    "intake.view": _roles(ANALYST, COMPLIANCE, MANAGER, ADMINISTRATOR),
    "intake.mend": _roles(ANALYST, ADMINISTRATOR),
    "night.view": _roles(ANALYST, COMPLIANCE, MANAGER, ADMINISTRATOR),
    "night.run": _roles(ADMINISTRATOR),
    "report.view": _roles(LEADER, ANALYST, COMPLIANCE, LEGAL, MANAGER),
    "report.export": _roles(LEADER, ANALYST, COMPLIANCE, MANAGER),
    "strategy.view": _roles(LEADER, ANALYST, COMPLIANCE, MANAGER),
    "pack.draft": _roles(COMPLIANCE, LEGAL),
    "pack.approve": _roles(COMPLIANCE, MANAGER),  # never one's own: compliance.services.packs
    "rules.view": _roles(COLLECTOR, LEADER, ANALYST, COMPLIANCE, LEGAL, MANAGER),
    "legal.view": _roles(LEADER, COMPLIANCE, LEGAL, MANAGER),
    "legal.edit": _roles(LEGAL),
    "bundle.make": _roles(COMPLIANCE, LEGAL),
    "retention.view": _roles(COMPLIANCE, LEGAL, MANAGER),
    "retention.lock": _roles(COMPLIANCE, LEGAL),
    "destruction.propose": _roles(COMPLIANCE, LEGAL),
    "destruction.approve": _roles(COMPLIANCE, MANAGER),  # never one's own: legal.services.destroying
    "audit.view": _roles(COMPLIANCE, MANAGER),
    "user.manage": _roles(ADMINISTRATOR),
}


def may(role: str, permission: str) -> bool:
    """Whether the role carries the permission; a permission that is not in the table raises KeyError."""
    return role in PERMISSIONS[permission]


def permissions_of(role: str) -> frozenset[str]:
    """Every permission that the role carries."""
    return frozenset(permission for permission, roles in PERMISSIONS.items() if role in roles)
