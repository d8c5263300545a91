"""The addresses of casework's own pages; the case page is the desk's."""

from django.urls import path

from dunwell.casework.pages import campaigns, clusters, identity, means, numbers, objections, registers, situation
from dunwell.casework.pages.strategy import strategy

app_name = "casework"
urlpatterns = [
    path("cases/<str:case_no>/identity/<int:contact_id>", identity.check, name="identity"),
    path("cases/<str:case_no>/situation", situation.situation, name="situation"),
    path("cases/<str:case_no>/findings", situation.find, name="findings"),
    path("cases/<str:case_no>/care", situation.care, name="care"),
    path("cases/<str:case_no>/care/<int:mark_id>", situation.end_care, name="end_care"),
    path("cases/<str:case_no>/paths", objections.path, name="path"),
    path("cases/<str:case_no>/paths/<int:path_id>", objections.path_step, name="path_step"),
    path("cases/<str:case_no>/means", means.means, name="means"),
    path("cases/<str:case_no>/means/statement", means.statement, name="means_statement"),
    path("cases/<str:case_no>/proofs", means.proof, name="proof"),
    path("cases/<str:case_no>/proofs/<int:proof_id>", means.check, name="proof_check"),
    path("cases/<str:case_no>/proofs/<int:proof_id>/pages/<int:number>", means.page, name="proof_page"),
    path("cases/<str:case_no>/objections", objections.objections, name="objections"),
    path("cases/<str:case_no>/disputes", objections.dispute, name="open_dispute"),
    path("cases/<str:case_no>/complaints", objections.complaint, name="open_complaint"),
    path("cases/<str:case_no>/requests", objections.ask, name="ask"),
    path("cases/<str:case_no>/representatives", objections.representative, name="representative"),
    path("cases/<str:case_no>/representatives/<int:representative_id>", objections.check, name="check_representative"),
    path("clusters", clusters.clusters, name="clusters"),
    path("clusters/find", clusters.find, name="find_clusters"),
    path("clusters/<str:number>", clusters.cluster, name="cluster"),
    path("clusters/<str:number>/findings", clusters.judge, name="judge_cluster"),
    path("disputes", registers.dispute_list, name="disputes"),
    path("disputes/<str:number>", registers.dispute, name="dispute"),
    path("disputes/<str:number>/steps", registers.dispute_step, name="dispute_step"),
    path("disputes/<str:number>/decision", registers.decide, name="dispute_decision"),
    path("complaints", registers.complaint_list, name="complaints"),
    path("complaints/waiting", registers.complaint_notice, name="complaint_notice"),
    path("complaints/<str:number>", registers.complaint, name="complaint"),
    path("complaints/<str:number>/acts", registers.complaint_act, name="complaint_act"),
    path("requests", registers.request_list, name="requests"),
    path("requests/<int:request_id>", registers.request_answer, name="request_answer"),
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
