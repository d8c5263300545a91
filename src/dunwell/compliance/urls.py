"""Compliance's addresses."""

from django.urls import path

from dunwell.compliance.pages import packs, parameters, rules

app_name = "compliance"
urlpatterns = [
    path("rules", rules.rules, name="rules"),
    path("rules/packs", packs.packs, name="packs"),
    path("rules/packs/new", packs.draft, name="draft"),
    path("rules/packs/<int:draft_id>/try", packs.try_on, name="try"),
    path("rules/packs/<int:draft_id>/approve", packs.approve, name="approve"),
    path("rules/packs/<int:draft_id>/withdraw", packs.withdraw, name="withdraw"),
    path("rules/parameters", parameters.parameters, name="parameters"),
]
