"""Proof for some records of the log without the rest of it: each with its way up to a root that a day's signature holds.

JSON lines: the head, then records, the links of the chain between them and the signed days, and those days. Whoever has
the public key can check them with what stands in the lines (legal/verifier/verify.py does, without us).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from dunwell.evidence import rules
from dunwell.evidence.models import DailyRoot, Log, Seal, SealedRecord
from dunwell.evidence.signing import signing_key

FORMAT = "dunwell.proof/1"
_FIELDS = (
    "entity_id", "recorded_at", "business_date", "kind", "actor_id", "actor", "party_id", "case_id", "account_id", "data",
)  # fmt: skip


def prove(log_ids: Iterable[int]) -> Iterator[dict[str, object]]:
    """The lines of a proof. A record that is not sealed yet has no way up and says so by `seal: null`."""
    public = signing_key()[0].public_key().public_bytes_raw()
    yield {"format": FORMAT, "public_key": public.hex(), "signature": "ed25519"}
    wanted = sorted(set(log_ids))
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for log_id, seal_id, position in SealedRecord.objects.filter(log_id__in=wanted).values_list(
        "log_id", "seal_id", "position"
    ):
        places[seal_id].append((log_id, position))
    algorithms = dict(Seal.objects.filter(pk__in=places).values_list("pk", "algorithm"))
    ways: dict[int, tuple[int, int, list[tuple[str, bytes]]]] = {}
    for seal_id, inside in places.items():
        leaves = SealedRecord.objects.filter(seal_id=seal_id).order_by("position").values_list("hash", flat=True)
        found = rules.paths([bytes(leaf) for leaf in leaves], [place for _, place in inside], algorithms[seal_id])
        for (log_id, position), way in zip(inside, found, strict=True):
            ways[log_id] = (seal_id, position, way)
    for row in Log.objects.filter(pk__in=wanted).order_by("pk").iterator(chunk_size=2000):
        yield {"record": _record(row, ways.get(row.pk))}
    yield from _chain(sorted(places))


def _record(row: Log, way: tuple[int, int, list[tuple[str, bytes]]] | None) -> dict[str, object]:
    fields = {name: getattr(row, name) for name in _FIELDS}
    fields |= {"recorded_at": rules.moment(row.recorded_at), "business_date": str(row.business_date)}
    return {
        "id": row.pk,
        "fields": fields,
        "algorithm": row.algorithm,
        "hash": bytes(row.hash).hex(),
        "seal": way[0] if way else None,
        "position": way[1] if way else None,
        "path": [[side, digest.hex()] for side, digest in way[2]] if way else [],
    }


def _chain(seals: list[int]) -> Iterator[dict[str, object]]:
    """From each seal the links up to the first signed day that holds it; links that two ways share stand once."""
    days = list(DailyRoot.objects.order_by("seal_id"))
    ends = [day.seal_id for day in days]
    told: set[int] = set()
    used: list[DailyRoot] = []
    for seal_id in seals:
        at = bisect_left(ends, seal_id)
        last = ends[at] if at < len(ends) else seal_id
        if at < len(ends) and days[at] not in used:
            used.append(days[at])
        for link in Seal.objects.filter(pk__gte=seal_id, pk__lte=last).order_by("pk"):
            if link.pk in told:
                continue
            told.add(link.pk)
            yield {
                "seal": link.pk,
                "sealed_at": rules.moment(link.sealed_at),
                "records": link.records,
                "algorithm": link.algorithm,
                "root": bytes(link.root).hex(),
                "previous": bytes(link.previous).hex() if link.previous is not None else None,
                "chain": bytes(link.chain).hex(),
            }
    for day in used:
        yield {
            "day": day.day.isoformat(),
            "seal_id": day.seal_id,
            "root": bytes(day.root).hex(),
            "key_id": day.key_id,
            "signed": bytes(day.signature).hex(),
        }
