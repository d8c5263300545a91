"""Addresses of reports. The portfolio page shows nights too and is the desk's (dunwell.desk.pages.portfolio)."""

from django.urls import path

from dunwell.oversight.pages import behind, reports

app_name = "oversight"
urlpatterns = [
    path("reports", reports.reports, name="reports"),
    path("reports/roll-rates", reports.roll_rates, name="roll_rates"),
    path("reports/vintages", reports.vintages, name="vintages"),
    path("reports/stages", reports.stages, name="stages"),
    path("reports/kept", behind.kept, name="kept"),
    path("reports/gate", behind.gate, name="gate"),
    path("reports/day", reports.day, name="day"),
    path("reports/day/<slug:step>", reports.funnel_step, name="funnel_step"),
    path("reports/<slug:name>.<slug:form>", reports.download, name="download"),
]
