"""The nights: their list, and one with its steps, which moves while it runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import pgettext

from dunwell.identity.pages.guard import requires
from dunwell.intake import sentences
from dunwell.nightly import queries
from dunwell.nightly.models import Run
from dunwell.nightly.pages import words


@requires("night.view")
def runs(request: HttpRequest) -> HttpResponse:
    known = queries.runs()
    odd = queries.unusual([run.pk for run in known])
    shown = [
        {
            "run": run, "state": words.STATES[Run.State(run.state)], "reason": words.reason(run),
            "unusual": [words.STEPS.get(step, step) for step in odd.get(run.pk, [])],
        }
        for run in known
    ]  # fmt: skip
    return render(request, "nightly/runs.html", {"runs": shown})


@requires("night.view")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run; asked by htmx, the moving part of it alone."""
    found = get_object_or_404(Run, pk=run_id)
    running = found.state == Run.State.RUNNING
    steps = queries.steps(found)
    shown = {
        "run": found,
        "state": words.STATES[Run.State(found.state)],
        "running": running,
        "reason": words.reason(found),
        "done": sum(one.step.state == "done" for one in steps),
        "at_step": _at_step(found, steps) if running else "",
        "unusual": [words.unusual(one.step.name, odd) for one in steps for odd in one.step.unusual],
        "steps": [_shown(found, one) for one in steps],
        "totals": [_total(one) for one in found.totals],
        "files": [(sentences.kind(file["kind"]), file) for _, file in sorted(found.manifest.get("files", {}).items())][
            -12:
        ],
        "strategy": found.manifest.get("strategy", {}).get("sha256", "")[:12],
        "pack": found.manifest.get("pack", "")[:12],
        "parameters": found.manifest.get("parameters", "")[:12],
        "programs": found.manifest.get("programs", "")[:12],
    }
    template = "nightly/steps.html" if request.headers.get("HX-Request") else "nightly/run.html"
    return render(request, template, shown)


def _shown(run: Run, one: queries.Compared) -> dict[str, object]:
    step = one.step
    parts = ""
    if step.state == "running" and step.parts:
        done = queries.parts_published(run) if step.name == "publish" else step.parts_done
        parts = f"{done} / {step.parts}"
    return {
        "name": words.STEPS.get(step.name, step.name), "of": one, "parts": parts,
        "measure": words.MEASURES.get(step.measure, step.measure),
    }  # fmt: skip


def _at_step(run: Run, steps: list[queries.Compared]) -> str:
    at = next((one.step for one in steps if one.step.state == "running"), None)
    if at is None or not run.steps_in_all:
        return ""
    told = {"n": at.position + 1, "all": run.steps_in_all, "step": words.STEPS.get(at.name, at.name)}
    return pgettext("night", "step %(n)s of %(all)s: %(step)s") % told


def _total(total: dict[str, str]) -> dict[str, object]:
    name = total["name"]
    return {
        **total, "name": words.TOTALS.get(name, name), "places": 0 if name in words.COUNTED else 2,
        "off": total["expected"] != total["found"],
    }  # fmt: skip
