"""Intake's addresses."""

from django.urls import path

from dunwell.intake.pages import files, rows

app_name = "intake"
urlpatterns = [
    path("intake", files.days, name="days"),
    path("intake/files/<int:file_id>", files.file, name="file"),
    path("intake/files/<int:file_id>/rows.csv", rows.export, name="export"),
    path("intake/rows/<int:row_id>", rows.row, name="row"),
    path("intake/rows/<int:row_id>/open", rows.reveal, name="reveal"),
    path("intake/rows/<int:row_id>/discard", rows.leave_out, name="discard"),
]
