"""The nights' addresses."""

from django.urls import path

from dunwell.nightly import pages

app_name = "nightly"
urlpatterns = [
    path("runs", pages.runs, name="runs"),
    path("runs/<int:run_id>", pages.run, name="run"),
]
