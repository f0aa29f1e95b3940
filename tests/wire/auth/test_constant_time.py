"""How long a code is looked at says nothing of the codes that are stored."""

from __future__ import annotations

from typing import Any

import pytest

from auth_app import magic_codes
from tests.wire.auth.api import Api
from wire.ids import same_secret

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("which", [0, 2, 4, None], ids=["oldest", "middle", "newest", "none"])
async def test_every_stored_code_is_compared_whichever_it_is(
    api: Api, email: str, monkeypatch: pytest.MonkeyPatch, which: int | None
) -> None:
    compared: list[Any] = []

    def watched(left: str | bytes, right: str | bytes) -> bool:
        compared.append(left)
        return same_secret(left, right)

    codes = [await api.code_for(email) for _ in range(magic_codes.GOOD_AT_ONCE)]
    monkeypatch.setattr(magic_codes, "same_secret", watched)
    code = "nocode" if which is None else codes[which]
    answer = await api.runtime("verify_magic_code", email=email, code=code)
    assert answer.status == (400 if which is None else 200)
    assert sorted(compared) == sorted(magic_codes.hash_code(each) for each in codes)
