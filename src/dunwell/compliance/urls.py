"""Compliance's addresses."""

from django.urls import path

from dunwell.compliance.pages import decisions, lists, packs, parameters, people, registers, rules

app_name = "compliance"
urlpatterns = [
    path("rules", rules.rules, name="rules"),
    path("rules/packs", packs.packs, name="packs"),
    path("rules/packs/new", packs.draft, name="draft"),
    path("rules/packs/<int:draft_id>/try", packs.try_on, name="try"),
    path("rules/packs/<int:draft_id>/approve", packs.approve, name="approve"),
    path("rules/packs/<int:draft_id>/withdraw", packs.withdraw, name="withdraw"),
    path("rules/people/<int:party_id>", people.person, name="person"),
    path("rules/people/<int:party_id>/holds/<int:hold_id>/lift", people.lift, name="lift"),
    path("rules/people/<int:party_id>/holds", people.place, name="place"),
    path("rules/people/<int:party_id>/facts", people.circumstance, name="circumstance"),
    path(
        "rules/people/<int:party_id>/facts/<int:circumstance_id>/withdraw",
        people.withdraw_circumstance,
        name="withdraw_circumstance",
    ),
    path("rules/reviews", decisions.waiting, name="reviews"),
    path("rules/reviews/<int:decision_id>/release", decisions.release, name="release"),
    path("rules/decisions", decisions.decisions, name="decisions"),
    path("rules/packs/confirm", packs.confirm, name="confirm"),
    path("rules/registers", registers.registers, name="registers"),
    path("rules/registers/agencies", registers.agency, name="agency"),
    path("rules/registers/domains", registers.domain, name="domain"),
    path("rules/people/<int:party_id>/consents", people.consent, name="consent"),
    path("rules/people/<int:party_id>/consents/<int:consent_id>/withdraw", people.withdraw, name="withdraw_consent"),
    path("rules/lists", lists.lists, name="lists"),
    path("rules/lists/new", lists.enter, name="enter"),
    path("rules/lists/officers", lists.name_officer, name="officer"),
    path("rules/lists/<int:entry_id>/approve", lists.approve_entry, name="approve_entry"),
    path("rules/lists/<int:entry_id>/remove", lists.remove, name="remove"),
    path("rules/parameters", parameters.parameters, name="parameters"),
]
