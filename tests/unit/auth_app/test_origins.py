"""Where sign-in may lead back to (http-api.md §5.6)."""

from __future__ import annotations

from typing import Any

import pytest

from auth_app.oauth.origins import Origin, new_origin
from wire.errors import ValidationFailed

GENERIC = Origin("generic", ("localhost:3000",))
NETLIFY = Origin("netlify", ("shop",))
VERCEL = Origin("vercel", ("vercel.app", "shop"))
CUSTOM = Origin("custom-scheme", ("myapp",))


@pytest.mark.parametrize(
    ("origin", "url", "matches"),
    [
        (GENERIC, "http://localhost:3000/welcome?x=1", True),
        (GENERIC, "https://LOCALHOST:3000", True),
        (GENERIC, "http://localhost:3001/", False),
        (GENERIC, "http://localhost/", False),
        (GENERIC, "http://localhost:3000.evil.com/", False),
        (GENERIC, "http://localhost:3000@evil.com/", False),
        (GENERIC, "http://evil.com\\@localhost:3000/", False),
        (GENERIC, "http://evil.com\t.localhost:3000/", False),
        (GENERIC, "ftp://localhost:3000/", False),
        (GENERIC, "//localhost:3000/", False),
        (GENERIC, "localhost:3000", False),
        (GENERIC, "http://localhost:port/", False),
        (NETLIFY, "https://shop.netlify.app/x", True),
        (NETLIFY, "https://main--shop.netlify.app/", True),
        (NETLIFY, "https://main--shop.netlify.live/", True),
        (NETLIFY, "https://evilshop.netlify.app/", False),
        (NETLIFY, "https://shop.netlify.app.evil.com/", False),
        (VERCEL, "https://shop-git-main.vercel.app/", True),
        (VERCEL, "https://other.vercel.app/", False),
        (VERCEL, "https://shop.evil.com/", False),
        (VERCEL, "https://shop.evilvercel.app/", False),
        (CUSTOM, "myapp://back", True),
        (CUSTOM, "MyApp:back", True),
        (CUSTOM, "myapp2://back", False),
        (CUSTOM, "https://myapp/", False),
        (Origin("custom-scheme", ("https",)), "https://evil.com/", False),
        (Origin("custom-scheme", ("javascript",)), "javascript:alert(1)", False),
        (Origin("unheard of", ("x",)), "https://x/", False),
    ],
)
def test_url_is_at_the_place(origin: Origin, url: str, matches: bool) -> None:
    assert origin.matches(url) is matches


@pytest.mark.parametrize(
    ("service", "params", "problem"),
    [
        ("generic", ["a.com", "b.com"], "Host should be the only parameter."),
        ("generic", [7], "Host should be a string."),
        ("generic", ["https://a.com"], "Host should be a string."),
        ("generic", ["a\0.com"], "Host should be a string."),
        ("netlify", [], "Netlify should have only the site name param."),
        ("vercel", ["vercel.app"], "Vercel should have deployment suffix and project name params."),
        ("custom-scheme", ["a", "b"], "Custom scheme should have only one parameter."),
        ("custom-scheme", ["http"], "The scheme `http` is not allowed."),
        ("custom-scheme", ["JavaScript"], "The scheme `JavaScript` is not allowed."),
        ("ftp", ["x"], "Unrecognized service ftp"),
    ],
)
def test_place_that_cannot_be_is_refused(service: str, params: Any, problem: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        new_origin(service, params)
    assert refused.value.message.endswith(f": {problem}")


@pytest.mark.parametrize("origin", [GENERIC, NETLIFY, VERCEL, CUSTOM], ids=lambda o: o.service)
def test_place_is_taken_as_given(origin: Origin) -> None:
    assert new_origin(origin.service, list(origin.params)) == origin
