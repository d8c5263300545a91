"""Agreements as one: an arrangement of one account, or the parts of a combined plan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from dunwell.arrangements.models import Arrangement, Instalment, Instruction
from dunwell.arrangements.queries.repaid import repaid_early
from dunwell.arrangements.rules import agreements as rules

EARLIER = Arrangement.objects.filter(combined=OuterRef("combined"), pk__lt=OuterRef("pk"))


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was proposed and agreed as one. `lead` speaks for all parts: they are decided, performed and ended together."""

    parts: tuple[Arrangement, ...]

    @property
    def lead(self) -> Arrangement:
        return self.parts[0]

    @property
    def amount(self) -> Decimal:
        return self._sum("amount")

    @property
    def first_payment(self) -> Decimal:
        return self._sum("first_payment")

    @property
    def financed(self) -> Decimal:
        return self._sum("financed")

    @property
    def cost(self) -> Decimal:
        return self._sum("cost")

    @property
    def annual_rate_percent(self) -> Decimal:
        """The true annual rate of the whole, in per cent."""
        whole = self.lead.combined
        return whole.annual_rate_percent if whole else self.lead.annual_rate_percent

    @property
    def compounded_percent(self) -> Decimal:
        whole = self.lead.combined
        return whole.compounded_percent if whole else Decimal(self.lead.terms["compounded"])

    @property
    def waived(self) -> dict[str, Decimal]:
        return rules.waived(part.waived for part in self.parts)

    @property
    def lines(self) -> list[rules.Line]:
        """The whole's instalments in their order."""
        return rules.lines(part.instalments.all() for part in self.parts)

    def _sum(self, name: str) -> Decimal:
        return sum((getattr(part, name) for part in self.parts), rules.ZERO)


def parts_of(arrangement: Arrangement) -> list[Arrangement]:
    """The parts of the agreement that an arrangement belongs to, in their order: itself alone, where it is not combined."""
    if arrangement.combined_id is None:
        return [arrangement]
    found = Arrangement.objects.filter(combined=arrangement.combined_id)
    return list(found.select_related("account", "party", "combined", "replaces__account").order_by("pk"))


def leads(found: QuerySet[Arrangement]) -> QuerySet[Arrangement]:
    """Of these the one of each agreement that speaks for it."""
    return found.filter(~Exists(EARLIER))


def agreements_among(found: QuerySet[Arrangement], *, limit: int) -> list[Agreement]:
    """Agreements by those of their parts that speak for them, in the order of these, with accounts and lines."""
    chosen = list(leads(found).select_related("account", "party", "combined")[:limit])
    return _whole(chosen, Arrangement.objects.select_related("account", "party", "combined").prefetch_related(_LINES))


def agreements_of(*, party_id: int, limit: int = 20) -> list[Agreement]:
    """The party's last agreements, the newest first, with all that belongs to them (five queries)."""
    chosen = list(leads(Arrangement.objects.filter(party_id=party_id).order_by("-id"))[:limit])
    return _whole(
        chosen,
        Arrangement.objects.annotate(repaid=repaid_early())
        .select_related("account", "combined", "consent", "force", "end")
        .prefetch_related(
            _LINES,
            Prefetch("instructions", Instruction.objects.select_related("answer", "sending__batch").order_by("id")),
            "answers",
        ),
    )


_LINES = Prefetch("instalments", Instalment.objects.order_by("position"))


def _whole(chosen: list[Arrangement], found: QuerySet[Arrangement]) -> list[Agreement]:
    if not chosen:
        return []
    wanted = Q(pk__in=[one.pk for one in chosen]) | Q(
        combined__in=[one.combined_id for one in chosen if one.combined_id]
    )
    parts: dict[tuple[int, int], list[Arrangement]] = defaultdict(list)
    for one in found.filter(wanted).order_by("pk"):
        parts[_number(one)].append(one)
    return [Agreement(tuple(parts[_number(one)])) for one in chosen]


def _number(one: Arrangement) -> tuple[int, int]:
    """By which the parts of one agreement are known: that of the combined plan, or its own."""
    return (one.combined_id, 0) if one.combined_id else (0, one.pk)
