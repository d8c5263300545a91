"""The addresses of casework's own pages; the case page is the desk's."""

from django.urls import path

from dunwell.casework.pages.strategy import strategy

app_name = "casework"
urlpatterns = [path("strategy", strategy, name="strategy")]
