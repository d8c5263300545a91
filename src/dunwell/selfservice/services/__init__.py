"""The only writers of links and of what follows from requests."""

from dunwell.selfservice.services.agreed import send_offer
from dunwell.selfservice.services.answering import handle
from dunwell.selfservice.services.links import forget_visits, make_link, secrets_of
from dunwell.selfservice.services.paying import book_call_backs

__all__ = ["book_call_backs", "forget_visits", "handle", "make_link", "secrets_of", "send_offer"]
