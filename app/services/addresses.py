"""Addresses of trackers as people give them: what may be called with a token at all.

A tracker may well stand in a private network, so addresses there are right. What is never right: plain http (unless
the installation allows it), a user or a query in the address, and the local networks of clouds that hand out keys.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from app.errors import UserError

GITHUB, GITHUB_API = "https://github.com", "https://api.github.com"
API = "/api/v3"
LIKE = {"jira": "https://acme.atlassian.net", "github": "https://github.acme.example"}


def tracker_address(kind: str, text: str, *, allow_http: bool) -> str:
    """The address to call for what a person typed: of GitHub's REST API, or of the Jira site.

    "https://github.acme.example" means that server's API. Raises UserError saying what would be right.
    """
    given = text.strip() or (GITHUB_API if kind == "github" else "")
    given = given if "://" in given else f"https://{given}"
    try:
        parts = urlsplit(given)
        _port = parts.port
    except ValueError:
        raise UserError(f"is no address; it looks like {LIKE[kind]}") from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or " " in given:
        raise UserError(f"is no address; it looks like {LIKE[kind]}")
    if parts.username or parts.password:
        raise UserError("holds a user or a password; give the token in its own field")
    if parts.scheme == "http" and not allow_http:
        raise UserError("must begin with https://: over http everybody on the way reads the token")
    if _is_forbidden(host):
        raise UserError(f"{host} is no place for a tracker")
    bare = given.rstrip("/")
    if kind != "github" or parts.scheme == "http":
        return bare
    if host in ("github.com", "www.github.com", "api.github.com"):
        return GITHUB_API
    return bare if parts.path.strip("/") else f"{bare}{API}"


def for_people(base_url: str) -> str:
    """The address where people look at what is called at `base_url`."""
    return GITHUB if base_url == GITHUB_API else base_url.removesuffix(API)


def origin(url: str) -> str:
    """Scheme, host and port alone, as a browser compares them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_local(url: str) -> bool:
    """Whether an address is this machine's own, where no tracker out there can deliver."""
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host in ("", "localhost") or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_reached(url: str, *, tracker: str) -> bool:
    """Whether a tracker can deliver to an address: to this machine's own only from this very machine."""
    return is_local(tracker) or not is_local(url)


def _is_forbidden(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_link_local or address.is_multicast or address.is_unspecified
