"""CORS as browsers with an SDK need it: any origin, and whatever headers they ask for."""

from __future__ import annotations

from corsheaders.middleware import CorsMiddleware as ConfiguredCorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers


class CorsMiddleware(ConfiguredCorsMiddleware):
    """Adds what a fixed list of headers cannot say (http-api.md §1.10).

    SDKs send `x-instant-*` headers under names of their own, so a preflight is answered with
    the names it asks for; every `OPTIONS` gets an empty 200, on paths that do not exist too.
    """

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        """The whole answer to an `OPTIONS`, or None for anything else."""
        answer: HttpResponseBase | None = super().check_preflight(request)
        if answer is None and request.method == "OPTIONS" and self.is_enabled(request):
            return HttpResponse(headers={"content-length": "0"})
        return answer

    def add_response_headers(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the CORS headers to any answer."""
        super().add_response_headers(request, response)
        if request.method == "OPTIONS" and "access-control-allow-headers" in response:
            asked = request.headers.get("access-control-request-headers")
            if asked is not None:
                response["access-control-allow-headers"] = asked
            response["cache-control"] = f"public, max-age={settings.CORS_PREFLIGHT_MAX_AGE}"
            patch_vary_headers(response, ("Access-Control-Request-Headers",))
        return response
