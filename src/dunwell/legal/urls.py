"""Addresses of the legal room."""

from django.urls import path

from dunwell.legal.pages import claims, people

app_name = "legal"
urlpatterns = [
    path("people/<str:party_no>", people.person, name="person"),
    path("people/<str:party_no>/copy", people.copy, name="person_copy"),
    path("people/<str:party_no>/correct", people.correct, name="person_correct"),
    path("people/<str:party_no>/restrict", people.restrict, name="person_restrict"),
    path("people/<str:party_no>/erase", people.erase, name="person_erase"),
    path("legal", claims.claims, name="claims"),
    path("legal/accounts/<str:account_no>", claims.claim, name="claim"),
    path("legal/accounts/<str:account_no>/fact", claims.fact, name="fact"),
    path("legal/accounts/<str:account_no>/paper", claims.paper, name="paper"),
    path("legal/accounts/<str:account_no>/bundle", claims.bundle, name="bundle"),
    path("legal/facts/<int:fact_id>/withdraw", claims.withdraw, name="withdraw"),
    path("legal/papers", claims.standing, name="standing"),
    path("legal/papers/new", claims.keep_standing, name="keep_standing"),
    path("legal/papers/<int:paper_id>", claims.read_paper, name="read_paper"),
    path("legal/bundles/<int:bundle_id>", claims.read_bundle, name="read_bundle"),
]
