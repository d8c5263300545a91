"""The arrangements' addresses."""

from django.urls import path

from dunwell.arrangements.pages import approvals, verify

app_name = "arrangements"
urlpatterns = [
    path("arrangements", approvals.approvals, name="approvals"),
    path("verify/<str:token>", verify.verify, name="verify"),
]
