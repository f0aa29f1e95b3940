"""The operator's forms hold what is edited by hand to what the API would take."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from triples.admin import RuleForm


def cleaned(code: Any) -> Any:
    """What the form makes of a document."""
    form = RuleForm()
    form.cleaned_data = {"code": code}
    return form.clean_code()


def test_good_rules_pass_the_form() -> None:
    code = {"todos": {"allow": {"view": "auth.id != null"}}}
    assert cleaned(code) == code


def test_bad_rules_are_shown_with_their_places() -> None:
    code = {"todos": {"allow": {"view": "!10", "create": "nope"}}}
    with pytest.raises(ValidationError) as refused:
        cleaned(code)
    view, create = refused.value.messages
    assert view.startswith("todos -> allow -> view: found no matching overload for '!_'")
    assert create == ("todos -> allow -> create: undeclared reference to 'nope' (in container '')")
