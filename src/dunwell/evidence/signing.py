"""The key that signs the log's days."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings


def signing_key() -> tuple[Ed25519PrivateKey, str]:
    """The private key that signs, and its name: the first 16 digits of its public key's SHA-256."""
    key = Ed25519PrivateKey.from_private_bytes(settings.KEYS.signing())
    return key, key_id(key.public_key().public_bytes_raw())


def key_id(public: bytes) -> str:
    """The name of a public key."""
    return hashlib.sha256(public).hexdigest()[:16]
