"""Payloads as people may read them: indented, cut to a length, and without what is secret in them. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

CUT = "(cut: a secret)"
_SECRET_NAMES = re.compile(
    r"(?:.*[_-])?(?:token|secret|password|passwd|passphrase|authorization|credentials?|api_?key|private_?key|client_?key)",
    re.IGNORECASE,
)
_SECRET_VALUES = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|ATATT3x\w{10,}[\w=-]*|xox[abeoprs]-[\w-]{10,}"
    r"|plb_[\w-]{20,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
_IN_ADDRESS = re.compile(r"(://)[^/\s:@]+:[^/\s@]+@")
DEEPEST = 60
"""Levels of a document that are looked at; what lies deeper is left out."""


def readable(body: bytes) -> str:
    """A payload indented, its secrets cut out; what is no JSON as text."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return without_secrets(body.decode("utf-8", "replace"))
    return json.dumps(_clean(document, 0), indent=2, ensure_ascii=False)


def without_secrets(text: str) -> str:
    """A text without what looks like a token, a key or a password in an address."""
    return _IN_ADDRESS.sub(rf"\1{CUT}@", _SECRET_VALUES.sub(CUT, text))


def _clean(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        return "(left out: too deep)"
    if isinstance(value, dict):
        return {name: CUT if _is_secret(name, inner) else _clean(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(one, depth + 1) for one in value]
    return without_secrets(value) if isinstance(value, str) else value


def _is_secret(name: str, value: Any) -> bool:
    """Whether a field holds a secret by its name; flags (`has_token: true`) and counts do not."""
    return isinstance(value, str) and bool(value) and _SECRET_NAMES.fullmatch(name) is not None
