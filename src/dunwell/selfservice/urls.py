"""The cardholder's page, by itself: ROOT_URLCONF of settings/outside.py and of nothing else."""

from django.urls import path

from dunwell.selfservice.pages import agreed, asking, door, heard, owed, pay

urlpatterns = [
    path("health", door.health),
    path("l/<str:token>", door.arrive),
    path("l/<str:token>/again", door.again),
    path("door", door.door),
    path("door/code", door.code),
    path("over", door.over),
    path("often", asking.often),
    path("leave", door.leave),
    path("language", door.language),
    path("", owed.owed),
    path("why", owed.why),
    path("pay", pay.pay),
    path("pay/back/<str:order_no>", pay.back),
    path("pay/told/<str:code>", pay.told),
    path("asked/<int:number>", asking.asked),
    path("asked/<int:number>/file", asking.copied),
    path("arrange", asking.arrange),
    path("arrange/promise", asking.promise),
    path("arrange/offers", asking.offers),
    path("arrange/take", asking.take),
    path("arrange/plan", asking.plan),
    path("agreed/<int:number>", agreed.arrangement),
    path("agreed/<int:number>/agree", agreed.agree),
    path("agreed/<int:number>/change", agreed.change),
    path("certificate", agreed.certificate),
    path("paper", agreed.paper),
    path("heard", heard.heard),
    path("tell", asking.tell),
    path("wishes", asking.wishes),
    path("copy", asking.copy),
]

handler404 = door.not_found
handler500 = door.failed
