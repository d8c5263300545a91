"""Compliance's addresses."""

from django.urls import path

from dunwell.compliance.pages import parameters, rules

app_name = "compliance"
urlpatterns = [
    path("rules", rules.rules, name="rules"),
    path("rules/parameters", parameters.parameters, name="parameters"),
]
