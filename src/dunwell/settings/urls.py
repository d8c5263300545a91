"""Every room's pages and the API, in one list."""

from django.urls import include, path

urlpatterns: list = [
    path("", include("dunwell.oversight.urls")),
    path("", include("dunwell.desk.urls")),
    path("", include("dunwell.api.urls")),
]
