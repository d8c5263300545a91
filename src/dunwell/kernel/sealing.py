"""Sealing of texts and keys, and keyed hashes. Pure: keys come in as bytes, randomness from the system.

A sealed value is: one byte that names the algorithm, a nonce of 12 bytes, the ciphertext with its tag of 16 bytes.
The `aad` (additional authenticated data) binds a value to the place where it stands (`note/4711`): moved to another
row it does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
AES_256_GCM = "aes-256-gcm"
SM4_GCM = "sm4-gcm"  # GB/T 32907, for banks that must use the national ciphers
ALGORITHMS = {AES_256_GCM: 1, SM4_GCM: 2}
_BY_BYTE = {number: name for name, number in ALGORITHMS.items()}
HASHES = {"sha256": hashes.SHA256, "sm3": hashes.SM3}


class Unsealable(ValueError):
    """The value is not ours, was changed, stands in the wrong place, or is sealed under another key."""


def new_key() -> bytes:
    """A fresh key of 32 random bytes. SM4 uses its first 16."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes, aad: bytes, algorithm: str = AES_256_GCM) -> bytes:
    """Encrypt and authenticate; the same text sealed twice gives two different values."""
    nonce = os.urandom(NONCE_BYTES)
    head = bytes([ALGORITHMS[algorithm]])
    if algorithm == AES_256_GCM:
        return head + nonce + AESGCM(key).encrypt(nonce, plain, aad)
    encryptor = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return head + nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The text that was sealed; Unsealable when key, place or a single bit is not the one it was sealed with."""
    sealed = bytes(sealed)
    algorithm = _BY_BYTE.get(sealed[0] if sealed else 0)
    if algorithm is None or len(sealed) < 1 + NONCE_BYTES + TAG_BYTES:
        raise Unsealable("this is not a sealed value")
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        if algorithm == AES_256_GCM:
            return AESGCM(key).decrypt(nonce, body, aad)
        decryptor = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce, body[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(body[:-TAG_BYTES]) + decryptor.finalize()
    except InvalidTag:
        raise Unsealable("the value was changed, moved, or sealed under another key") from None


def algorithm_of(sealed: bytes) -> str:
    """The name of the cipher that a sealed value carries."""
    return _BY_BYTE[bytes(sealed)[0]]


def wrap(master: bytes, key: bytes, aad: bytes, algorithm: str = AES_256_GCM) -> bytes:
    """A data key sealed under a master key."""
    return seal(master, key, b"key/" + aad, algorithm)


def unwrap(master: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """The data key; Unsealable under another master key."""
    return unseal(master, wrapped, b"key/" + aad)


def digest(key: bytes, text: str, algorithm: str = "sha256") -> bytes:
    """The keyed hash (HMAC) of a text: the same for the same text and key, and silent about it to everybody else."""
    if algorithm == "sha256":
        return hmac.digest(key, text.encode(), "sha256")
    keyed = HMAC(key, HASHES[algorithm]())
    keyed.update(text.encode())
    return keyed.finalize()


def token(key: bytes, kind: str, value: str) -> str:
    """A pseudonym: the same for the same value and key, with 96 bits of a keyed hash, named after its kind."""
    return f"{kind}_{digest(key, f'token:{kind}:{value}').hex()[:24]}"


def hashed(data: bytes, algorithm: str = "sha256") -> bytes:
    """The plain hash of bytes, by the algorithm's name (`sha256`, `sm3`)."""
    if algorithm == "sha256":
        return hashlib.sha256(data).digest()
    state = hashes.Hash(HASHES[algorithm]())
    state.update(data)
    return state.finalize()


def box_public(private: bytes) -> bytes:
    """The public half (32 bytes) of an X25519 key, for those who may seal and not open."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def box_seal(public: bytes, plain: bytes, aad: bytes, algorithm: str = AES_256_GCM) -> bytes:
    """Seal so that only the holder of the private key opens it: an ephemeral public key, then a sealed value."""
    mine = X25519PrivateKey.generate()
    own = mine.public_key().public_bytes_raw()
    key = _agreed(mine.exchange(X25519PublicKey.from_public_bytes(public)), own, public)
    return own + seal(key, plain, aad, algorithm)


def box_open(private: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed for the private key's public half; Unsealable when it was not, or was changed."""
    mine, own = X25519PrivateKey.from_private_bytes(private), bytes(sealed)[:KEY_BYTES]
    try:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(own))
    except ValueError:
        raise Unsealable("this is not a sealed box") from None
    return unseal(_agreed(shared, own, box_public(private)), bytes(sealed)[KEY_BYTES:], aad)


def _agreed(shared: bytes, ephemeral: bytes, public: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"dunwell/box/" + ephemeral + public).derive(shared)
