"""The page between a browser and an app of its own scheme, and other small pages (§5.2).

A browser may refuse to open an app by itself, so there is a link besides. The one script is allowed
by its hash; the URL is in the page as data, so that nothing in it can become a script.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from django.http import HttpResponse

_SCRIPT: Final = 'location.href = document.getElementById("open").href;'
_SCRIPT_HASH: Final = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; style-src 'unsafe-inline'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">{refresh}
    <title>Sign in</title>
    <style>
      body {{ margin: 20vh auto; max-width: 30rem; text-align: center; font-family: sans-serif }}
    </style>
  </head>
  <body>
{body}
  </body>
</html>
"""


def landing_page(url: str, email: str | None) -> HttpResponse:
    """Opens the app at its URL."""
    safe = escape(url)
    greeting = "" if email is None else f"    <p>Logged in as {escape(email)}</p>\n"
    link = f'    <p><a id="open" href="{safe}">Open app</a></p>\n'
    script = f"    <script>{_SCRIPT}</script>"
    refresh = f'\n    <meta http-equiv="refresh" content="0; url={safe}">'
    return _page(greeting + link + script, refresh)


def text_page(text: str) -> HttpResponse:
    """One sentence."""
    return _page(f"    <p>{escape(text)}</p>", "")


def _page(body: str, refresh: str) -> HttpResponse:
    html = _PAGE.format(body=body, refresh=refresh)
    headers = {"content-security-policy": _POLICY, "cache-control": "no-store"}
    return HttpResponse(html, headers=headers)
