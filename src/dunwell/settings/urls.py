"""Every room's pages and the API, in one list."""

from django.urls import path

urlpatterns: list = []
