"""The settings of the cardholders' process: another database role, other keys, other pages; nothing of the staff's.

DATABASE_OUTSIDE_URL     dunwell_outside: reads rows of who came in, and calls the functions of selfservice/sql/door.sql
DUNWELL_CARDHOLDER_URL   where the page is reached from outside
DUNWELL_BEHIND_PROXY     1: the visitor's address is the last one of X-Forwarded-For, written by the bank's own proxy
It has no key that opens people's data: on a host of its own it needs `keys/answers` and `keys/cardholders.pub`.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from dunwell.settings import *  # noqa: F403
from dunwell.settings import CARDHOLDER_URL, HOME, database, keys

DATABASES = {"default": database(os.environ.get("DATABASE_OUTSIDE_URL", "postgresql:///dunwell"))}
if os.environ.get("DUNWELL_POOL", "") == "1":
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16, "timeout": 20}
SECRET_KEY = os.environ.get("DUNWELL_OUTSIDE_SECRET_KEY") or keys.outside_secret(HOME)
KEYS = None
ANSWERS_KEY = keys.answers(HOME)
CARDHOLDERS_KEY = keys.cardholders_public(HOME)
WAIT_SECONDS = float(os.environ.get("DUNWELL_CARDHOLDER_WAIT", "6"))  # for the worker's answer, before the page says so
BEHIND_PROXY = os.environ.get("DUNWELL_BEHIND_PROXY", "") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *filter(None, [urlsplit(CARDHOLDER_URL).hostname])]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.common.CommonMiddleware",
    "dunwell.selfservice.pages.guards.Language",
    "dunwell.selfservice.pages.guards.Visitors",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "dunwell.selfservice.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "dunwell.selfservice.pages.guards.page",
            ],
            "builtins": ["dunwell.frame.templatetags.frame"],
        },
    }
]
CSRF_COOKIE_NAME = "form"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "dunwell.selfservice.pages.door.not_from_here"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # nothing of his lies on this disk
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE = 9_000_000
