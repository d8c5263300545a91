"""Looking for organised obstruction, and what compliance found of it. Nobody's path, hold or plan changes by it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from dunwell.casework.models import Cluster, ClusterFinding, ClusterMember
from dunwell.casework.queries.statements import rows
from dunwell.casework.rules import clusters as rules
from dunwell.casework.services.numbering import next_number
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import AccountRole

OF_PAPERS = ("paper", "look", "words")  # signals of papers, which are looked at as they come in
OF_ALL, OF_ONE = ("obstruction", "chance"), ("genuine", "doubtful")


class ClusterRefused(ValueError):
    """Why nothing was written: `code`, `words`, `member` (he is not of it)."""


@transaction.atomic
def find_clusters(*, entity_id: int, by: Actor, now: datetime, kinds: Collection[str] | None = None) -> list[Cluster]:
    """Go through what people share, or what they share of these kinds; the clusters that are new.

    The same facts again are the same cluster.
    """
    wanted = sorted(rules.signals() if kinds is None else kinds)
    links = [
        rules.Link(row["kind"], row["shared"], row["party"], row["day"])
        for row in rows("links", entity=entity_id, kinds=wanted)
    ]
    people = {link.party for link in links}
    made = []
    for found in rules.clusters(links, _together(people)):
        row, created = Cluster.objects.get_or_create(
            key=found.key,
            defaults={
                "entity_id": entity_id, "number": next_number("K", business_date(now)), "recorded_at": now,
                "recorded_by": by.user_id,
                "facts": [{"kind": kind, "shared": shared[:24], "parties": held} for kind, shared, held in found.facts],
            },
        )  # fmt: skip
        if not created:
            continue
        ClusterMember.objects.bulk_create([ClusterMember(cluster=row, party_id=party) for party in found.parties])
        evidence.write(
            kind="cluster.found", now=now, by=by, entity_id=entity_id,
            data={"cluster": row.pk, "number": row.number, "people": len(found.parties), "facts": len(found.facts)},
        )  # fmt: skip
        made.append(row)
    return made


def _together(people: set[int]) -> list[tuple[int, int]]:
    """People with a part in one account, two by two."""
    numbers = AccountRole.objects.filter(party_id__in=people).values("account_no")
    pairs, last = [], ("", 0)
    held = AccountRole.objects.filter(account_no__in=numbers).order_by("account_no", "party_id")
    for account, party in held.values_list("account_no", "party_id"):
        if last[0] == account:
            pairs.append((last[1], party))
        last = (account, party)
    return pairs


@transaction.atomic
def judge(
    *, cluster_id: int, outcome: str, text: str, by: Actor, now: datetime, key: str, party_id: int | None = None
) -> ClusterFinding:
    """Write down what it is: of all, organised obstruction or chance; of one of its people, genuine or doubtful."""
    known = ClusterFinding.objects.filter(key=key).first()
    if known is not None:
        return known
    cluster = Cluster.objects.get(pk=cluster_id)
    if outcome not in (OF_ALL if party_id is None else OF_ONE):
        raise ClusterRefused("code")
    if not text.strip():
        raise ClusterRefused("words")
    if party_id is not None and not cluster.members.filter(party_id=party_id).exists():
        raise ClusterRefused("member")
    row = ClusterFinding.objects.create(
        cluster=cluster, party_id=party_id, outcome=outcome, text=text.strip()[:500], recorded_at=now,
        recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="cluster.judged", now=now, by=by, entity_id=cluster.entity_id,
        data={"cluster": cluster.pk, "number": cluster.number, "outcome": outcome, "party": party_id},
    )  # fmt: skip
    return row
