"""Channels' addresses."""

from django.urls import path

from dunwell.channels.pages import letters, lines, outbox, recordings, texts

app_name = "channels"
urlpatterns = [
    path("outbox", outbox.messages, name="outbox"),
    path("outbox/letters/<int:message_id>", letters.letter, name="letter"),
    path("outbox/lines", lines.shown, name="lines"),
    path("outbox/texts", texts.texts, name="texts"),
    path("outbox/texts/new", texts.draft, name="draft_text"),
    path("outbox/texts/<int:draft_id>/approve", texts.approve, name="approve_text"),
    path("outbox/texts/<str:code>/<int:version>/withdraw", texts.withdraw, name="withdraw_text"),
    path("outbox/<int:message_id>", outbox.message, name="message"),
    path("outbox/<int:message_id>/resolve", outbox.resolve, name="resolve"),
    path("recordings/missing", recordings.missing, name="recordings_missing"),
    path("recordings/<int:recording_id>", recordings.recording, name="recording"),
]
