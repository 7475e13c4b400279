"""Sealing of tracker credentials and webhook secrets, so that a copy of the database opens nothing.

Keys are 32 random bytes in base64. The first one seals; all of them open, which is what makes rotation possible.
"""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import UserError

_HOW = "Make one with: openssl rand -base64 32"


class SecretBox:
    """Seals and opens short texts with the installation's keys, newest key first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take one or more keys as `load_keys` returns them."""
        self._newest = keys[0]
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> str:
        """Return `text` encrypted, as ASCII fit for a text column; never the same twice."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Return the text that was sealed. Raises UserError when none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode()
        except (InvalidToken, UnicodeEncodeError):
            raise UserError(
                "A stored secret does not open with the present key. Restore the key it was sealed with: "
                "append it to PLUMBLINE_SECRET_KEY after a comma, or put back the file secret.key."
            ) from None

    def reseal(self, sealed: str) -> str:
        """Return the same secret sealed with the newest key. Raises UserError when none of the keys fits."""
        return self.seal(self.open(sealed))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one other use (e.g. "session cookies"), from which no key can be found again."""
        info = b"plumbline:" + purpose.encode()
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(self._newest)


def open_box(*, secret_key: str | None, key_file: Path) -> SecretBox:
    """Return the box of this installation; makes `key_file` (0600) on first use when no key is configured."""
    return SecretBox(load_keys(secret_key=secret_key, key_file=key_file))


def load_keys(*, secret_key: str | None, key_file: Path) -> list[bytes]:
    """Return the keys, newest first: from `secret_key` (comma separated), else from `key_file`, else newly made.

    Raises UserError when a key has the wrong form or the file may be read by others.
    """
    if secret_key:
        return [_checked(part, where="PLUMBLINE_SECRET_KEY") for part in secret_key.split(",") if part.strip()]
    if not key_file.exists():
        _create(key_file)
    if key_file.stat().st_mode & 0o077:
        raise UserError(f"{key_file} may be read by other users. Put it right with: chmod 600 {key_file}")
    lines = [line for line in key_file.read_text("ascii").splitlines() if line.strip()]
    if not lines:
        raise UserError(f"{key_file} is empty. Restore it from your copy; without it stored credentials stay sealed.")
    return [_checked(line, where=str(key_file)) for line in lines]


def _checked(text: str, *, where: str) -> bytes:
    """Accept both alphabets of base64; people make keys with openssl, Fernet wants the URL-safe one."""
    try:
        raw = base64.urlsafe_b64decode(text.strip().replace("+", "-").replace("/", "_"))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise UserError(f"{where}: a key is 32 random bytes in base64 (44 characters). {_HOW}")
    return base64.urlsafe_b64encode(raw)


def _create(path: Path) -> None:
    """Write a new key beside `path` and link it there: two first starts agree on whichever came first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600 from birth
    scratch = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(scratch, path)
        except FileExistsError:
            return  # another process was first; its key is the key
    finally:
        scratch.unlink(missing_ok=True)
