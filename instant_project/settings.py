"""Django's settings. What an operator may choose comes from `instant_project.env`."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from psycopg.conninfo import conninfo_to_dict

from instant_project import data_dir, embedded
from instant_project.env import PROJECT_DIR, read_environment
from instant_project.mail import TIMEOUT_SECONDS, mail_settings

django_stubs_ext.monkeypatch()  # lets `ModelAdmin[App]` be written where it is also run

ENVIRONMENT = read_environment()
DATABASE_URL = ENVIRONMENT.database_url or embedded.database_url(ENVIRONMENT.data_dir)

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key or data_dir.secret_key(ENVIRONMENT.data_dir)
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)

INSTALLED_APPS = [
    # Daphne takes over `runserver`, and costs every other process the memory of Twisted.
    *(["daphne"] if "runserver" in sys.argv[1:2] else []),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "instant_project",
    "realtime",
    "presence",
    "auth_app",
    "triples",
]

MIDDLEWARE = ["instant_project.cors.CorsMiddleware", "instant_project.middleware.operator_or_api"]
# What the admin site wants in the list above is behind `operator_or_api`.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]

ROOT_URLCONF = "instant_project.urls"
ASGI_APPLICATION = "instant_project.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database(url: str) -> dict[str, Any]:
    """A connection URL as Django wants it; what Django has no name for is left to libpq."""
    named = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER"}
    parameters = {key: str(value) for key, value in conninfo_to_dict(url).items() if value}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "PASSWORD": parameters.pop("password", ""),
        **{theirs: parameters.pop(key, "") for key, theirs in named.items()},
        "OPTIONS": parameters,
        "TEST": {"SERIALIZE": False},
    }


DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

STATIC_URL = "/operator/static/"
STATIC_ROOT = None  # nothing is collected: files are served from the packages they came in
WHITENOISE_USE_FINDERS = True

# Any page may call the API: what opens it is a token in a header, never a cookie (http-api.md
# §1.10).
# The operator site lives on a cookie, so it takes no part.
CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(?!operator(/|$))"
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
CORS_PREFLIGHT_MAX_AGE = 600

SECURE_REFERRER_POLICY = "strict-origin"
# Both cookies are also `Secure` where they are given out over https: see `middleware`.
SESSION_COOKIE_NAME = "instant_operator"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "instant_operator_csrf"
CSRF_COOKIE_HTTPONLY = True  # forms carry the token; no script reads it
CSRF_COOKIE_SAMESITE = "Lax"
if ENVIRONMENT.backend_url:  # a proxy that is not trusted does not say that it was asked by https
    CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(ENVIRONMENT.backend_url))]
if ENVIRONMENT.trusted_proxies:  # they say by which scheme and name the operator site was reached
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

_MAIL = mail_settings(ENVIRONMENT)
EMAIL_BACKEND = _MAIL.backend
EMAIL_FILE_PATH = _MAIL.directory
EMAIL_TIMEOUT = TIMEOUT_SECONDS
EMAIL_HOST = _MAIL.smtp.get("HOST", "localhost")
EMAIL_PORT = _MAIL.smtp.get("PORT", 25)
EMAIL_HOST_USER = _MAIL.smtp.get("HOST_USER", "")
EMAIL_HOST_PASSWORD = _MAIL.smtp.get("HOST_PASSWORD", "")
EMAIL_USE_SSL = _MAIL.smtp.get("USE_SSL", False)
EMAIL_USE_TLS = _MAIL.smtp.get("USE_TLS", False)
ANYMAIL = _MAIL.anymail
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_sender

# What goes wrong is shown; requests are not listed, because their addresses can hold tokens.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "asyncio": {"level": "WARNING"},
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        "django.request": {"level": "CRITICAL"},  # `wire.http` reports what failed
        "django.server": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # it lists requests with their addresses
        "uvicorn": {"level": "WARNING"},
        "uvicorn.access": {"level": "CRITICAL"},
    },
}
