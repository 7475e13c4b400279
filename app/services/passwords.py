"""Passwords: what makes a good one, and comparing one so that the time it takes tells nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

SHORTEST, LONGEST = 12, 200
OWN = 8
"""How much of a password must be left when the name is taken out of it."""
DIFFERENT = 5


def what_is_wrong(password: str, name: str) -> str:
    """Why a password will not do, as the end of a sentence; empty where it will."""
    if len(password) < SHORTEST:
        return f"must have at least {SHORTEST} characters; four words in a row are a good one"
    if len(password) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if len(set(password.casefold())) < DIFFERENT:
        return f"must have at least {DIFFERENT} different characters"
    if len(password.casefold().replace(name.casefold(), "")) < OWN:
        return "must not be made of the name: it is the first thing others would try"
    return ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password that somebody chose, and what is stored of it. Made before a write begins: it takes a while."""

    plain: str = field(repr=False)
    stored: str = field(repr=False)


def chosen(password: str) -> Chosen:
    """A password, and what would be stored of it: salted, and slow to compute (scrypt)."""
    return Chosen(password, generate_password_hash(password[:LONGEST], method="scrypt"))


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one. Takes as long where nothing is stored, so that nobody learns who is known
    here by the clock.
    """
    right = check_password_hash(stored or _nobodys(), password[:LONGEST])
    return right and stored is not None and len(password) <= LONGEST


@cache
def _nobodys() -> str:
    return chosen(secrets.token_urlsafe(32)).stored
