"""Django's settings, from the environment and from the files below DUNWELL_HOME.

DATABASE_URL        the role that serves staff (dunwell_app)
DATABASE_OWNER_URL  the role that migrates (dunwell_owner)
DUNWELL_HOME        keys, lake and embedded PostgreSQL; a folder of its own
`dunwell` fills in what is missing before Django starts (dunwell.cli.environment).
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from dunwell import __version__
from dunwell.cli import translations
from dunwell.cli.kept import default_home
from dunwell.settings import keys
from dunwell.settings.navigation import NAVIGATION as NAVIGATION

PACKAGE = Path(__file__).resolve().parent.parent
HOME = default_home()
LAKE = Path(os.environ.get("DUNWELL_LAKE", HOME / "lake"))


def database(url: str) -> dict[str, object]:
    """Django's settings for a postgresql:// URL; `?host=/folder` names a socket's folder."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = f"{query.get('options', '')} -c plan_cache_mode=force_generic_plan".strip()  # engine.statements
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "dunwell",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": query.pop("port", str(parts.port or "")),
        "OPTIONS": dict(query),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # a connection from before the server was killed is thrown away
    }


DATABASES = {
    "default": database(os.environ.get("DATABASE_URL", "postgresql:///dunwell")),
    "owner": database(os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL", "postgresql:///dunwell")),
}
if os.environ.get("DUNWELL_POOL", "") == "1":  # the web server: one pool a process
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 16, "timeout": 20}

SECRET_KEY = keys.secret(HOME)
VERSION = __version__
KEYS = keys.Keyring(HOME)  # master, search and signing keys, outside the database
CIPHER = os.environ.get("DUNWELL_CIPHER", "aes-256-gcm")  # or sm4-gcm; each sealed value names its own
HASH = os.environ.get("DUNWELL_HASH", "sha256")  # or sm3; each log row and seal names its own
STAMP_URL = os.environ.get("DUNWELL_STAMP_URL", "")  # a time-stamping authority (RFC 3161); empty: days are signed only
STAMP_TRUST = os.environ.get("DUNWELL_STAMP_TRUST", "")  # PEM file with the certificates of authorities to be trusted
DEBUG = False
ALLOWED_HOSTS = os.environ.get("DUNWELL_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
BANK_ENTITY = os.environ.get("DUNWELL_BANK", "bank")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
    "csp",
    "dunwell.identity",
    "dunwell.frame",
    "dunwell.evidence",
    "dunwell.intake",
    "dunwell.portfolio",
    "dunwell.payments",
    "dunwell.arrears",
    "dunwell.compliance",
    "dunwell.channels",
    "dunwell.arrangements",
    "dunwell.strategy",
    "dunwell.casework",
    "dunwell.floor",
    "dunwell.legal",
    "dunwell.oversight",
    "dunwell.nightly",
    "dunwell.selfservice",
    "dunwell.desk",
]
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "dunwell.identity.backends.Backend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "dunwell.desk.pages.sign_in.locked_out"
OTP_TOTP_ISSUER = "Dunwell"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "dunwell.frame.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "dunwell.settings.urls"
WSGI_APPLICATION = "dunwell.settings.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "dunwell.frame.context.frame",
            ],
            "builtins": ["dunwell.frame.templatetags.frame"],
        },
    }
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LOCALE_PATHS = [translations.compiled(PACKAGE, HOME)]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if os.environ.get("DUNWELL_TLS") == "1":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31536000
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 365 * 24 * 3600  # the address carries the content's hash ({% asset %})

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("DUNWELL_SMTP_HOST", "")  # empty: e-mail is not connected, and the screen says so
EMAIL_PORT = int(os.environ.get("DUNWELL_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("DUNWELL_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("DUNWELL_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("DUNWELL_SMTP_TLS", "") == "1"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DUNWELL_MAIL_FROM", "collections@bank.example")

CLAMD = os.environ.get("DUNWELL_CLAMD", "")  # the virus scanner: host:port or socket; empty: papers wait in quarantine

LINES_FILE = Path(os.environ.get("DUNWELL_LINES", HOME / "lines.yaml"))  # the bank's lines to its providers, mode 0600

# The cardholder's own page: where it is reached from outside, without a slash at its end. Empty: no text has a {link}.
CARDHOLDER_URL = os.environ.get("DUNWELL_CARDHOLDER_URL", "").rstrip("/")
PROVIDER_FILE = Path(os.environ.get("DUNWELL_PROVIDER", HOME / "payments.yaml"))  # who takes cardholders' payments
MESSAGE_SECRETS = "dunwell.selfservice.services.secrets_of"  # fills {link} and {code} when a message leaves
TRAINING_REQUIRED = os.environ.get("DUNWELL_TRAINING", "") == "required"  # no case without the tests of one's role

LOGGING_CONFIG = "dunwell.settings.logs.configure"
LOGGING = {"level": os.environ.get("DUNWELL_LOG", "INFO")}

# What intake asks of rooms below it: which regions and prefixes exist, and who keeps the rows of a kind of file
# that came in through the browser. They stand here because a room imports no room that comes after it.
EXPECTED_FILES = Path(os.environ.get("DUNWELL_EXPECTED", HOME / "expected.yaml"))  # else the product's own list
INTAKE_TABLES = "dunwell.portfolio.reference.tables"
INTAKE_KEEPERS = {
    "parties": "dunwell.portfolio.services.keep_people",
    "cards": "dunwell.portfolio.services.keep_cards",
    "contact_points": "dunwell.portfolio.services.keep_contact_points",
    "transactions": "dunwell.payments.services.take_transactions",
    "instruction_answers": "dunwell.arrangements.services.keep_answers",
}
PUBLIC_URL = os.environ.get("DUNWELL_PUBLIC_URL", "http://127.0.0.1:8000")  # where outsiders reach us: of QR codes
HOST_FOLDER = Path(os.environ.get("DUNWELL_HOST", HOME / "host"))  # out/: instructions that the bank's host fetches
