"""Where the API answers."""

from django.urls import path
from ninja import NinjaAPI

from dunwell import __version__
from dunwell.api import (
    acts,
    arrangements,
    arrears,
    campaigns,
    compliance,
    desk,
    hooks,
    lists,
    notices,
    objections,
    payments,
)
from dunwell.api.auth import CALLERS

api = NinjaAPI(title="Dunwell", version=__version__, auth=CALLERS, docs_url=None, urls_namespace="api")
api.add_router("", desk.router)
api.add_router("", lists.router)
api.add_router("", acts.router)
api.add_router("", notices.router)
api.add_router("", objections.router)
api.add_router("/arrears", arrears.router)
api.add_router("/arrangements", arrangements.router)
api.add_router("/payments", payments.router)
api.add_router("/compliance", compliance.router)
api.add_router("/lines", hooks.router)
api.add_router("/campaigns", campaigns.router)

urlpatterns = [path("api/", api.urls)]
