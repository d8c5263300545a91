"""Whether Dunwell is well, for a monitor: no personal data, nothing about the portfolio."""

from __future__ import annotations

import hmac
import ipaddress
import os

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

WORKER = "dunwell-worker"
LATE = 120  # seconds without a sign of life after which the worker counts as not running


def _seconds_since_work() -> float | None:
    """Since the worker last spoke to the database; None when no worker is connected."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - max(greatest(state_change, query_start))) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [WORKER],
        )
        (seconds,) = cursor.fetchone()
    return None if seconds is None else max(float(seconds), 0.0)


def _last_night() -> dict[str, object] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT business_date, number, state, finished_at FROM nightly_run ORDER BY started_at DESC LIMIT 1"
        )
        row = cursor.fetchone()
    return None if row is None else dict(zip(("business_date", "run", "state", "finished_at"), row, strict=True))


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503. The worker and the last night are told, and do not decide."""
    try:
        since, night = _seconds_since_work(), _last_night()
    except Error:
        return JsonResponse({"database": "does not answer"}, status=503)
    worker = "not running" if since is None or since > LATE else "running"
    answer = JsonResponse({"database": "answers", "worker": worker, "last_night": night})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _may_measure(request: HttpRequest) -> bool:
    """From this machine and not through a proxy, or with the token in DUNWELL_METRICS_TOKEN."""
    token = os.environ.get("DUNWELL_METRICS_TOKEN", "")
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}")
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    return ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text: counts of the database's own rows, so that every web process tells the same."""
    if not _may_measure(request):
        return HttpResponse("Not from here.\n", status=403, content_type="text/plain")
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float | None) -> None:
        if value is not None:
            Gauge(f"dunwell_{name}", text, registry=registry).set(value)

    gauge("up", "The database answers", 1)
    gauge("worker_seconds_since_work", "Since the worker last spoke to the database", _seconds_since_work())
    for name, text, query in FIGURES:
        with connection.cursor() as cursor:
            cursor.execute(query)
            (value,) = cursor.fetchone()
        gauge(name, text, None if value is None else float(value))
    Gauge("dunwell_info", "Version", ["version"], registry=registry).labels(settings.VERSION).set(1)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


FIGURES = (
    ("open_cases", "Cases that are open", "SELECT count(*) FROM casework_case WHERE closed_on IS NULL"),
    ("held_cases", "Cases a collector holds now", "SELECT count(*) FROM casework_case WHERE held_until > now()"),
    ("touched_parties", "Parties waiting to be reassessed", "SELECT count(*) FROM portfolio_touch"),
    (
        "oldest_touch_seconds",
        "How long the first of them waits",
        "SELECT extract(epoch FROM now() - min(since)) FROM portfolio_touch",
    ),
    ("messages_waiting", "Messages not sent yet", "SELECT count(*) FROM channels_message WHERE state = 'planned'"),
    (
        "unsealed_records",
        "Log records after the last seal",
        "SELECT count(*) FROM evidence_log WHERE id > (SELECT coalesce(max(log_id), 0) FROM evidence_sealedrecord)",
    ),
    (
        "last_night_seconds",
        "Since the last published night ended",
        "SELECT extract(epoch FROM now() - max(finished_at)) FROM nightly_run WHERE state = 'published'",
    ),
)
