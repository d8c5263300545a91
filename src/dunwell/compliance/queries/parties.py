"""What a person is to a debt, from the roles in its accounts."""

from __future__ import annotations

from dunwell.compliance.queries.facts import Asking, party_type
from dunwell.portfolio.models import Account, AccountRole


def party_of(*, party_id: int, person_id: int) -> str:
    """The party type (debtor, guarantor, third_unrelated …) of a person in a debtor's accounts; empty when he has no role."""
    numbers = Account.objects.filter(party_id=party_id).values("account_no")
    roles = AccountRole.objects.filter(account_no__in=numbers, party_id=person_id).values_list("role", "relation")
    return party_type(Asking(party_id, person_id, None, "call"), [f"{role}/{relation}" for role, relation in roles])
