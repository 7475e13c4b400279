"""What GitHub's answers mean, apart from any connection; and that no secret shows where objects are printed."""

from __future__ import annotations

import pytest

from integrations.github.adapter import GitHubAdapter
from integrations.github.auth import MemoryTokenCache
from integrations.github.http import SafeRetry, api_root, retry, wait
from integrations.ports import Adapter, Client, Credentials
from integrations.wire import Tally

DATE = "Mon, 24 Nov 2025 16:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "37"}, 37.0),
        ({"retry-after": "Mon, 24 Nov 2025 16:00:30 GMT", "date": DATE}, 31.0),
        ({"retry-after": "Mon, 24 Nov 2025 15:00:00 GMT", "date": DATE}, 1.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000060", "date": DATE}, 61.0),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "1764000060", "date": DATE}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1764000060"}, None),
        ({"retry-after": "soon", "date": DATE}, None),
        ({"retry-after": "٣"}, None),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert wait(headers) == seconds


@pytest.mark.parametrize(
    ("typed", "root"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://github.com/", "https://api.github.com"),
        ("", "https://api.github.com"),
        ("https://git.example.org/api/v3/", "https://git.example.org/api/v3"),
        ("http://127.0.0.1:4001", "http://127.0.0.1:4001"),
    ],
)
def test_where_the_api_is(typed, root):
    assert api_root(typed) == root


@pytest.mark.parametrize(
    ("method", "status", "again"),
    [
        ("GET", 502, True),
        ("GET", 403, False),
        ("GET", 429, False),
        ("POST", 502, False),
        ("PATCH", 502, False),
        ("POST", 403, False),
    ],
)
def test_only_failed_reads_are_repeated(method, status, again):
    found = retry(Tally())
    assert isinstance(found, SafeRetry)
    assert found.is_retry(method, status, has_retry_after=True) is again
    assert found.new().is_retry(method, status) is again


def test_no_secret_shows_when_printed():
    cache = MemoryTokenCache()
    cache.set("k", "s3cret-token", 60)
    made = GitHubAdapter(tokens=cache).client(Credentials("", token="s3cret-token", private_key="s3cret-key"))
    assert "s3cret" not in repr(made) + repr(cache) + str(made.connection.credentials)


def test_a_token_is_forgotten_after_its_time():
    cache = MemoryTokenCache()
    cache.set("k", "t", 60)
    assert cache.get("k") == "t"
    cache.set("k", "t", 0)
    assert cache.get("k") is None


def test_the_adapter_keeps_its_contract():
    adapter: Adapter = GitHubAdapter()
    client: Client = adapter.client(Credentials("", token="t"))
    assert adapter.kind == "github"
    client.close()
