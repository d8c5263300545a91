"""The web server's door."""

from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from dunwell.kernel.heap import keep_loaded

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # all pages, once for all workers: each is a copy of the process that is here now
keep_loaded()
