"""Style sheets and scripts of the operator site, which WhiteNoise serves from their packages.

WhiteNoise is meant as a middleware. It is a synchronous one, which would send every API request
through a thread; as a view it costs only those who ask for these files.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from wire.http import unknown_route


def operator_static(request: HttpRequest, file: str) -> HttpResponseBase:
    """One file, or an unknown route. Runs in a thread."""
    response: HttpResponseBase = _files()(request)
    if not isinstance(response, FileResponse):
        return response
    with closing(
        response
    ):  # whole: small files, and an asynchronous server cannot stream this kind
        headers = dict(response.items())
        return HttpResponse(response.getvalue(), status=response.status_code, headers=headers)


@cache
def _files() -> WhiteNoiseMiddleware:
    return WhiteNoiseMiddleware(unknown_route)
