"""Arrears' addresses."""

from django.urls import path

from dunwell.arrears.pages import judgements

app_name = "arrears"
urlpatterns = [
    path("judgements", judgements.judgements, name="judgements"),
    path("judgements/new", judgements.judge, name="judge"),
    path("judgements/<int:judgement_id>/answer", judgements.answer, name="answer"),
    path("judgements/<int:judgement_id>/end", judgements.end, name="end"),
]
