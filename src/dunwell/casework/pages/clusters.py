"""/clusters: people who share what strangers do not share, for compliance to judge."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import words
from dunwell.casework.models import Case, Cluster, Path, PathStep
from dunwell.casework.pages.finding import go, key_of, registers, sentence
from dunwell.casework.rules import clusters as rules
from dunwell.casework.rules import objections
from dunwell.casework.services import clusters as services
from dunwell.identity.pages.guard import requires


@requires("cluster.view")
@require_GET
def clusters(request: HttpRequest) -> HttpResponse:
    """Clusters, newest first; one that has grown into a newer one is left out, unless somebody judged it."""
    found = Cluster.objects.filter(entity_id=request.user.entity_id).annotate(people=Count("members"))
    newest = list(found.prefetch_related("findings", "members").order_by("-pk")[:200])
    people = [{member.party_id for member in one.members.all()} for one in newest]
    rows = [
        (
            one,
            sorted({str(rules.signals()[fact["kind"]].name(get_language() or "")) for fact in one.facts}),
            _outcome(one),
        )
        for number, one in enumerate(newest)
        if one.findings.all() or not any(people[number] <= larger for larger in people[:number])
    ]
    return render(request, "casework/clusters.html", {"rows": rows, "registers": registers(request)})


def _outcome(one: Cluster) -> object:
    last = [row.outcome for row in sorted(one.findings.all(), key=lambda row: row.pk) if row.party_id is None]
    return words.CLUSTER_OUTCOMES[last[-1] if last else ""]


@requires("cluster.view")
@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """Look for new ones now."""
    made = services.find_clusters(entity_id=request.user.entity_id, by=request.user.actor, now=timezone.now())
    messages.success(request, ngettext("%(n)s new cluster", "%(n)s new clusters", len(made)) % {"n": len(made)})
    return HttpResponseRedirect("/clusters")


@requires("cluster.view")
@require_GET
def cluster(request: HttpRequest, number: str) -> HttpResponse:
    """One cluster: its facts, its people, and the path that each of them keeps."""
    row = get_object_or_404(Cluster, number=number, entity_id=request.user.entity_id)
    language = get_language() or ""
    members = list(row.members.select_related("party").order_by("party_id")[:200])
    people = {one.party_id: one.party for one in members}
    cases = dict(Case.objects.filter(party_id__in=people, closed_on=None).values_list("party_id", "case_no"))
    ended = PathStep.objects.filter(kind="ended").values("path_id")
    paths: dict[int, list[str]] = {}
    for party, kind in Path.objects.filter(party_id__in=people).exclude(pk__in=ended).values_list("party_id", "kind"):
        paths.setdefault(party, []).append(objections.paths()[kind].name(language))
    found = list(row.findings.order_by("pk"))
    of_one = {one.party_id: one for one in found if one.party_id is not None}
    context = {
        "row": row,
        "outcome": _outcome(row),
        "facts": [
            (rules.signals()[fact["kind"]].name(language), fact["shared"],
             [(people[party].name_masked, cases.get(party, ""), day) for party, day in fact["parties"] if party in people])
            for fact in row.facts
        ],
        "people": [
            (party, one.name_masked, cases.get(party, ""), paths.get(party, []),
             words.CLUSTER_OUTCOMES[of_one[party].outcome] if party in of_one else "")
            for party, one in people.items()
        ],
        "findings": [(one, words.CLUSTER_OUTCOMES[one.outcome]) for one in found if one.party_id is None],
        "key": secrets.token_hex(12),
    }  # fmt: skip
    return render(request, "casework/cluster.html", context)


@requires("cluster.view")
@require_POST
def judge(request: HttpRequest, number: str) -> HttpResponse:
    """Write down what it is, of all or of one."""
    row = get_object_or_404(Cluster, number=number, entity_id=request.user.entity_id)
    party = request.POST.get("party", "")
    try:
        services.judge(
            cluster_id=row.pk, outcome=request.POST.get("outcome", ""), text=request.POST.get("words", ""),
            party_id=int(party) if party.isdigit() else None, by=request.user.actor, now=timezone.now(), key=key_of(request),
        )  # fmt: skip
    except services.ClusterRefused as refused:
        return sentence(words.OBJECTION_REFUSALS[{"member": "code"}.get(str(refused), str(refused))])
    return go(f"/clusters/{number}")
