"""The addresses of casework's own pages; the case page is the desk's."""

from django.urls import path

from dunwell.casework.pages import campaigns, identity, numbers, situation
from dunwell.casework.pages.strategy import strategy

app_name = "casework"
urlpatterns = [
    path("cases/<str:case_no>/identity/<int:contact_id>", identity.check, name="identity"),
    path("cases/<str:case_no>/situation", situation.situation, name="situation"),
    path("cases/<str:case_no>/findings", situation.find, name="findings"),
    path("cases/<str:case_no>/care", situation.care, name="care"),
    path("cases/<str:case_no>/care/<int:mark_id>", situation.end_care, name="end_care"),
    path("strategy", strategy, name="strategy"),
    path("campaigns", campaigns.listed, name="campaigns"),
    path("campaigns/new", campaigns.give_out, name="campaign_new"),
    path("campaigns/numbers", numbers.numbers, name="caller_numbers"),
    path("campaigns/numbers/new", numbers.add, name="caller_number_new"),
    path("campaigns/numbers/<int:number_id>", numbers.mark, name="caller_number"),
    path("campaigns/<int:campaign_id>", campaigns.shown, name="campaign"),
    path("campaigns/<int:campaign_id>/end", campaigns.end, name="campaign_end"),
    path("campaigns/<int:campaign_id>/entries.csv", campaigns.entries, name="campaign_entries"),
    path("campaigns/<int:campaign_id>/results", campaigns.results, name="campaign_results"),
]
