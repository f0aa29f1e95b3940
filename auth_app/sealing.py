"""Secrets that must be read again, encrypted at rest: clients' secrets, test users' codes.

AES-256-GCM with a key derived from the server's secret key. Each secret is bound to the row it
stands in: moved to another row, it does not open. Whoever changes the server's secret key has to
enter the secrets again.
"""

from __future__ import annotations

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION: Final = "v1."  # of the key derivation and cipher
_NONCE_BYTES: Final = 12


class Sealer:
    """Encrypts and decrypts with one key."""

    def __init__(self, server_secret: str) -> None:
        derivation = HKDF(SHA256(), 32, salt=None, info=b"instant: secrets at rest")
        self._cipher = AESGCM(derivation.derive(server_secret.encode()))

    def seal(self, secret: str, row_id: str) -> str:
        """The secret, encrypted for one row."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), row_id.encode())
        return _VERSION + base64.b64encode(sealed).decode()

    def open(self, sealed: str, row_id: str) -> str | None:
        """The secret; None if it was sealed with another key, elsewhere, or for another row."""
        if not sealed.startswith(_VERSION):
            return None
        try:
            raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            nonce, encrypted = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, encrypted, row_id.encode()).decode()
        except (ValueError, InvalidTag):
            return None
