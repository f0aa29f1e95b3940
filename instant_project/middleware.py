"""What stands between the web server and the views, for the operator's site and for the API.

Django's own middleware is synchronous inside: in an asynchronous server each layer sends every
request through a thread, twice. The operator's site needs it (sessions, login, messages); the API
needs three headers. So the stack stands behind one door, and the API passes by it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware
from django.utils.module_loading import import_string

View = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

OPERATOR_SITE: Final = "/operator/"
OPERATOR_MIDDLEWARE: Final = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
"""From the outside in. Django's site protects its own forms against forged requests."""

API_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin",
    "X-Frame-Options": "DENY",
}
"""Whatever a view says of these itself stays (http-api.md §1.10)."""


@async_only_middleware
def operator_or_api(get_response: View) -> View:
    """Send the operator's requests through Django's stack, and all others straight on."""
    operator_site = get_response
    for name in reversed(OPERATOR_MIDDLEWARE):
        operator_site = import_string(name)(operator_site)

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(OPERATOR_SITE):
            return _secured(request, await operator_site(request))
        response = await get_response(request)
        for name, value in API_HEADERS.items():
            response.headers.setdefault(name, value)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    return middleware


def _secured(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Keep the cookies of whoever came by https from ever travelling without it.

    Django's own settings know yes and no only; the same server is reached by its public name and
    over plain http on its own machine.
    """
    if response.cookies and _came_by_https(request):
        for cookie in response.cookies.values():
            cookie["secure"] = True
    return response


def _came_by_https(request: HttpRequest) -> bool:
    """As the trusted proxies say, or as the operator says of the name that was asked for."""
    public = urlsplit(settings.ENVIRONMENT.backend_url or "")
    is_public = public.netloc.lower() == request.get_host().lower()
    return request.is_secure() or (is_public and public.scheme == "https")
