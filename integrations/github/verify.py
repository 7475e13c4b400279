"""Is a delivery signed by GitHub?

HMAC-SHA256 over the raw body, as `X-Hub-Signature-256: sha256=<64 hex digits>` says it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from integrations.errors import BadSignature

HEADER = "x-hub-signature-256"
_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})\Z")


def signature(raw: bytes, secret: str) -> str:
    """The header's value for `raw` under `secret`: what GitHub sends, and what tests and replays sign with."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], raw: bytes, secret: str) -> None:
    """Raise `BadSignature` unless `raw` is signed with `secret`. Constant time. Header names are lower case.

    An empty secret never verifies: anybody could sign with it. The message names the header, never the secret or the
    right value.
    """
    if not secret:
        raise BadSignature("no webhook secret is set for this tracker, so no delivery can be trusted")
    given = headers.get(HEADER)
    if not given:
        raise BadSignature("the header X-Hub-Signature-256 is missing: set the webhook's secret at GitHub")
    if _SIGNATURE.match(given) is None:
        raise BadSignature("the header X-Hub-Signature-256 is malformed; expected sha256= and 64 hex digits")
    if not hmac.compare_digest(signature(raw, secret), given.lower()):
        raise BadSignature(
            "X-Hub-Signature-256 does not fit the body: the secret differs, or the body was changed on its way"
        )
