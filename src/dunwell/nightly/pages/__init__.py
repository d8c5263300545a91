"""The nights: their list, and one with its steps, which moves while it runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from dunwell.identity.pages.guard import requires
from dunwell.nightly import queries
from dunwell.nightly.models import Run

STATES = {
    Run.State.RUNNING: pgettext_lazy("night", "running"),
    Run.State.STOPPED: pgettext_lazy("night", "stopped"),
    Run.State.PUBLISHED: pgettext_lazy("night", "published"),
    Run.State.SUPERSEDED: pgettext_lazy("night", "superseded"),
}
STEPS = {
    "freeze": pgettext_lazy("night", "Freeze the inputs"),
    "take_in": pgettext_lazy("night", "Take in"),
    "movements": pgettext_lazy("night", "Payments and reversals"),
    "dues": pgettext_lazy("night", "Dues"),
    "apply_payments": pgettext_lazy("night", "Apply payments"),
    "age": pgettext_lazy("night", "Age"),
    "classify": pgettext_lazy("night", "Classify"),
    "risk": pgettext_lazy("night", "Risk class"),
    "settle_promises": pgettext_lazy("night", "Settle promises"),
    "roll_up": pgettext_lazy("night", "Roll up to the party"),
    "segment": pgettext_lazy("night", "Segment"),
    "arm": pgettext_lazy("night", "Champion or challenger"),
    "suppress": pgettext_lazy("night", "Suppress"),
    "choose": pgettext_lazy("night", "Choose actions"),
    "queue": pgettext_lazy("night", "Queue"),
    "no_strategy": pgettext_lazy("night", "No strategy in force"),
    "cases": pgettext_lazy("night", "Cases"),
    "allocate": pgettext_lazy("night", "Spread the payments"),
    "book": pgettext_lazy("night", "The whole book"),
    "figures": pgettext_lazy("night", "Managers' figures"),
    "totals": pgettext_lazy("night", "Check totals"),
    "partition": pgettext_lazy("night", "Cut into partitions"),
    "publish": pgettext_lazy("night", "Publish"),
}


def reason(run: Run) -> str:
    """Why a night stopped, as a sentence; empty for one that did not."""
    told = run.stop_reason
    sentences: dict[str, str] = {
        "file_missing": pgettext(
            "night", "The %(kind)s file of %(date)s has not come. The lists of the last night stay."
        ),
        "file_refused": pgettext(
            "night", "The %(kind)s file of %(date)s (%(name)s) was refused. The lists of the last night stay."
        ),
        "totals_off": pgettext(
            "night", "The total %(name)s is %(found)s and should be %(expected)s. The lists of the last night stay."
        ),
        "programs_changed": pgettext(
            "night", "Other programs were installed while it was under way. The next run of the date began anew."
        ),
    }
    code = str(told.get("code", ""))
    return sentences[code] % told if code in sentences else code


@requires("night.view")
def runs(request: HttpRequest) -> HttpResponse:
    shown = [{"run": run, "state": STATES[Run.State(run.state)], "reason": reason(run)} for run in queries.runs()]
    return render(request, "nightly/runs.html", {"runs": shown})


@requires("night.view")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run; asked by htmx, the moving part of it alone."""
    found = get_object_or_404(Run, pk=run_id)
    names: dict[str, str | Promise] = dict(STEPS)
    shown = {
        "run": found,
        "state": STATES[Run.State(found.state)],
        "running": found.state == Run.State.RUNNING,
        "reason": reason(found),
        "steps": [{"name": names.get(one.step.name, one.step.name), "of": one} for one in queries.steps(found)],
        "files": [file for _, file in sorted(found.manifest.get("files", {}).items())][-12:],
        "strategy": found.manifest.get("strategy", {}).get("sha256", "")[:12],
        "pack": found.manifest.get("pack", "")[:12],
        "parameters": found.manifest.get("parameters", "")[:12],
    }
    template = "nightly/steps.html" if request.headers.get("HX-Request") else "nightly/run.html"
    return render(request, template, shown)
