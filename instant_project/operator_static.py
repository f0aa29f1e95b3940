"""Style sheets and scripts of the operator site, served by WhiteNoise from the packages they are in.

WhiteNoise is meant as a middleware. It is a synchronous one, which would send every API request
through a thread; as a view it costs only those who ask for these files.
"""

from __future__ import annotations

from functools import cache

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from wire.http import unknown_route


def operator_static(request: HttpRequest, file: str) -> HttpResponseBase:
    """One file, or an unknown route. Runs in a thread."""
    response = _files()(request)
    if isinstance(response, FileResponse):
        with response:  # whole: small files, and an asynchronous server cannot stream this kind
            return HttpResponse(
                response.getvalue(), status=response.status_code, headers=dict(response.items())
            )
    return response


@cache
def _files() -> WhiteNoiseMiddleware:
    return WhiteNoiseMiddleware(unknown_route)
