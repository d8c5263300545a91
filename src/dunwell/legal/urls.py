"""Addresses of the legal room."""

from django.urls import path

from dunwell.legal.pages import claims, people, retention

app_name = "legal"
urlpatterns = [
    path("people/<str:party_no>", people.person, name="person"),
    path("people/<str:party_no>/copy", people.copy, name="person_copy"),
    path("people/<str:party_no>/correct", people.correct, name="person_correct"),
    path("people/<str:party_no>/restrict", people.restrict, name="person_restrict"),
    path("people/<str:party_no>/erase", people.erase, name="person_erase"),
    path("evidence/retention", retention.retention, name="retention"),
    path("evidence/retention/locks", retention.lock, name="lock"),
    path("evidence/retention/locks/<int:lock_id>/release", retention.release, name="release"),
    path("evidence/retention/proposals", retention.propose, name="propose"),
    path("evidence/retention/proposals/<int:destruction_id>/answer", retention.answer, name="answer"),
    path("evidence/retention/protocols/<int:number>", retention.protocol, name="protocol"),
    path("legal", claims.claims, name="claims"),
    path("legal/accounts/<str:account_no>", claims.claim, name="claim"),
    path("legal/accounts/<str:account_no>/fact", claims.fact, name="fact"),
    path("legal/accounts/<str:account_no>/paper", claims.paper, name="paper"),
    path("legal/facts/<int:fact_id>/withdraw", claims.withdraw, name="withdraw"),
    path("legal/papers", claims.standing, name="standing"),
    path("legal/papers/new", claims.keep_standing, name="keep_standing"),
    path("legal/papers/<int:paper_id>", claims.read_paper, name="read_paper"),
    path("legal/bundles/<int:bundle_id>", claims.read_bundle, name="read_bundle"),
]
