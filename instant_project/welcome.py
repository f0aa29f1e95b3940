"""`GET /`: says what answers here and where to go on."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Instant server</title>
<h1>This is an Instant server</h1>
<p>Give an Instant SDK this address as <code>apiURI</code>, and <code>/runtime/session</code>
under it as <code>websocketURI</code>.</p>
<ul>
<li><a href="/health/system">/health/system</a> says whether live queries are live.</li>
<li><a href="/operator/">/operator/</a> is the operator's site.</li>
</ul>
</html>
"""


async def welcome(request: HttpRequest) -> HttpResponse:
    """A small page."""
    return HttpResponse(_PAGE)
