"""Channels' addresses."""

from django.urls import path

from dunwell.channels.pages import letters, outbox

app_name = "channels"
urlpatterns = [
    path("outbox", outbox.messages, name="outbox"),
    path("outbox/letters/<int:message_id>", letters.letter, name="letter"),
]
