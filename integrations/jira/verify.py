"""Does a delivery come from the Jira we know?

Cloud, and Data Center from 9 on where a secret is set, sign the raw body: `X-Hub-Signature: <method>=<hex digits>`,
usually with SHA-256. A Jira that cannot sign calls an address that ends with the secret; intake hands that part over as
the header `x-path-secret`. Both are compared in constant time, and one of them must be there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from integrations.errors import BadSignature

HEADER = "x-hub-signature"
PATH = "x-path-secret"
METHODS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The methods that are trusted, each with its number of hex digits."""
_SIGNATURE = re.compile(r"([A-Za-z0-9_-]{1,20})=([0-9a-fA-F]{1,128})\Z")


def signature(raw: bytes, secret: str, method: str = "sha256") -> str:
    """The header's value for `raw` under `secret`: what Jira sends, and what tests and replays sign with."""
    return f"{method}=" + hmac.new(secret.encode(), raw, getattr(hashlib, method)).hexdigest()


def verify(headers: Mapping[str, str], raw: bytes, secret: str) -> None:
    """Raise `BadSignature` unless `raw` is signed with `secret`, or came without signature to the secret address.

    Header names are lower case. An empty secret never verifies. The message names the header, never the secret.
    """
    if not secret:
        raise BadSignature("no webhook secret is set for this tracker, so no delivery can be trusted")
    given = headers.get(HEADER)
    if given:
        _signed(given, raw, secret)
        return
    path = headers.get(PATH)
    if not path:
        raise BadSignature(
            "the header X-Hub-Signature is missing: set the webhook's secret in Jira, or where it has no such field "
            "let the webhook call the address that ends with the secret"
        )
    if not hmac.compare_digest(path.encode(errors="surrogateescape"), secret.encode()):
        raise BadSignature("the secret in the address is not this tracker's")


def _signed(given: str, raw: bytes, secret: str) -> None:
    parts = _SIGNATURE.match(given)
    if parts is None:
        raise BadSignature("the header X-Hub-Signature is malformed; expected <method>=<hex digits>")
    method = parts[1].lower()
    if method not in METHODS:
        raise BadSignature(f"X-Hub-Signature is made with {method}; trusted are {', '.join(METHODS)}")
    if len(parts[2]) != METHODS[method]:
        raise BadSignature(f"X-Hub-Signature is malformed; {method} has {METHODS[method]} hex digits")
    if not hmac.compare_digest(signature(raw, secret, method), f"{method}={parts[2].lower()}"):
        raise BadSignature(
            "X-Hub-Signature does not fit the body: the secret differs, or the body was changed on its way"
        )
