"""Addresses of the legal room."""

app_name = "legal"
urlpatterns: list = []
