"""Addresses of reports. The portfolio page shows nights too and is the desk's (dunwell.desk.pages.portfolio)."""

from django.urls import path

from dunwell.oversight.pages import behind, inspection, reports

app_name = "oversight"
urlpatterns = [
    path("reports", reports.reports, name="reports"),
    path("reports/roll-rates", reports.roll_rates, name="roll_rates"),
    path("reports/vintages", reports.vintages, name="vintages"),
    path("reports/risk-classes", reports.risk_classes, name="risk_classes"),
    path("reports/stages", reports.stages, name="stages"),
    path("reports/day", reports.day, name="day"),
    path("reports/looks", inspection.looks, name="looks"),
    path("reports/inspection", inspection.inspection, name="inspection"),
    path("reports/inspection.<slug:form>", inspection.download, name="inspection_file"),
    path("reports/behind/<slug:figure>", behind.behind, name="behind"),
    path("reports/behind/<slug:figure>.<slug:form>", behind.download, name="behind_file"),
    path("reports/<slug:name>.<slug:form>", reports.download, name="download"),
]
