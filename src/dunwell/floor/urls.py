"""Addresses of the floor: how those who work cases work together."""

from django.urls import path

from dunwell.floor.pages import members, results

app_name = "floor"
urlpatterns = [
    path("team/people/<int:user_id>", members.member, name="member"),
    path("team/people/<int:user_id>/takes", members.takes, name="takes"),
    path("team/people/<int:user_id>/away", members.away, name="away"),
    path("team/people/<int:user_id>/back", members.back, name="back"),
    path("cases/<str:case_no>/assist", members.assist, name="assist"),
    path("results", results.results, name="results"),
]
