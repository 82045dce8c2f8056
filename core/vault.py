"""Seal and open secrets: AES-256-GCM, bound to the place they are stored in.

A sealed value copied to another row or column does not open there. A sealed value names the key that made it, so
several keys can be in use while they are being changed: the first seals, all open.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
FORMAT = b"\x01"


class CannotOpen(Exception):
    """The sealed value was made with a key we do not have, belongs elsewhere, or was changed."""


class BadKey(ValueError):
    """A sealing key is not 32 bytes in URL-safe base64."""


class Vault:
    """Holds the sealing keys; its repr never shows them."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise BadKey("no sealing key was given")
        raw = [decode_key(key) for key in keys]
        self._first = key_id(raw[0])
        self._ciphers = {key_id(key): AESGCM(key) for key in raw}

    def __repr__(self) -> str:
        return f"<Vault with {len(self._ciphers)} keys>"

    @property
    def first_id(self) -> str:
        """The name of the key that seals: eight hexadecimal digits that tell nothing about it."""
        return self._first.hex()

    @property
    def beginning(self) -> bytes:
        """With which bytes everything begins that the first key has sealed."""
        return FORMAT + self._first

    def knows(self, beginning: bytes) -> bool:
        """Whether there is a key for what begins like this (as many bytes as `beginning` has)."""
        return beginning[:1] == FORMAT and beginning[1 : 1 + KEY_ID_BYTES] in self._ciphers

    def seal(self, secret: str, *, place: str) -> bytes:
        """Return the secret sealed for `place`, e.g. `connection:<id>:refresh_token`."""
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + self._first + nonce + self._ciphers[self._first].encrypt(nonce, secret.encode(), place.encode())

    def open(self, sealed: bytes, *, place: str) -> str:
        """Return the secret; raise CannotOpen."""
        made_with = sealed[1 : 1 + KEY_ID_BYTES]
        cipher = self._ciphers.get(made_with)
        if sealed[:1] != FORMAT or cipher is None:
            raise CannotOpen("sealed with a key that SOLIDO_SECRET_KEYS no longer holds")
        body = sealed[1 + KEY_ID_BYTES :]
        try:
            return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError):  # ValueError: cut short
            raise CannotOpen("the sealed value does not belong here or was changed") from None


def decode_key(key: str) -> bytes:
    try:
        raw = urlsafe_b64decode(key.strip())
    except (NotBase64, ValueError):
        raise BadKey("a sealing key is not URL-safe base64; make one with `solido keys new`") from None
    if len(raw) != KEY_BYTES:
        raise BadKey("a sealing key is not 32 bytes long; make one with `solido keys new`")
    return raw


def key_id(raw: bytes) -> bytes:
    return sha256(b"solido key id" + raw).digest()[:KEY_ID_BYTES]


def hash_of(secret: str) -> str:
    """What is stored of a secret that only has to be recognised, such as a link: enough for that, not to use it."""
    return sha256(secret.encode()).hexdigest()


def new_key() -> str:
    return urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def keys_kept_in(path: Path) -> list[str]:
    """Return the keys kept in this file, one in a line; the first is made there (mode 0600) the first time."""
    if not path.exists():
        _make_key_in(path)
    return path.read_text().split()


def _make_key_in(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: another process may start at this very moment and read it.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_key() + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
