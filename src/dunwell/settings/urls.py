"""Every room's pages and the API, in one list."""

from django.urls import include, path

from dunwell.api.health import health, metrics

urlpatterns: list = [
    path("health", health),
    path("metrics", metrics),
    path("", include("dunwell.oversight.urls")),
    path("", include("dunwell.desk.urls")),
    path("", include("dunwell.intake.urls")),
    path("", include("dunwell.arrears.urls")),
    path("", include("dunwell.compliance.urls")),
    path("", include("dunwell.channels.urls")),
    path("", include("dunwell.arrangements.urls")),
    path("", include("dunwell.casework.urls")),
    path("", include("dunwell.floor.urls")),
    path("", include("dunwell.legal.urls")),
    path("", include("dunwell.nightly.urls")),
    path("", include("dunwell.api.urls")),
]
