"""Channels' addresses."""

from django.urls import path

from dunwell.channels.pages import outbox

app_name = "channels"
urlpatterns = [path("outbox", outbox.messages, name="outbox")]
