"""Signatures and envelopes: what intake trusts."""

from __future__ import annotations

import pytest

from integrations.errors import BadPayload, BadSignature
from integrations.github.envelope import envelope
from integrations.github.verify import HEADER, signature, verify
from tests.integrations.github.payloads import issue, milestone, payload

RAW = b'{"zen": "Half measures are as bad as nothing at all."}'
HEADERS = {"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "x-github-event": "issues"}


def test_github_s_own_example_verifies():
    raw, secret = b"Hello, World!", "It's a Secret to Everybody"
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature(raw, secret) == expected
    verify({HEADER: expected}, raw, secret)


def test_capital_digits_are_the_same_digits():
    verify({HEADER: "sha256=" + signature(RAW, "s")[7:].upper()}, RAW, "s")


@pytest.mark.parametrize(
    ("headers", "secret", "words"),
    [
        ({}, "s", "missing"),
        ({HEADER: ""}, "s", "missing"),
        ({HEADER: "sha1=" + "0" * 40}, "s", "malformed"),
        ({HEADER: "sha256=" + "0" * 63}, "s", "malformed"),
        ({HEADER: "sha256=" + "0" * 64 + "\n"}, "s", "malformed"),
        ({HEADER: "sha256=" + "é" * 64}, "s", "malformed"),
        ({HEADER: signature(RAW, "other")}, "s", "does not fit"),
        ({HEADER: signature(RAW + b" ", "s")}, "s", "does not fit"),
        ({HEADER: signature(RAW, "")}, "", "no webhook secret"),
    ],
)
def test_a_bad_signature_says_what_is_wrong(headers, secret, words):
    with pytest.raises(BadSignature, match=words) as caught:
        verify(headers, RAW, secret)
    assert signature(RAW, secret) not in str(caught.value)


def test_an_envelope_names_project_installation_and_subject():
    found = envelope(HEADERS, payload("opened", issue=issue(), installation={"id": 42}))
    assert (found.guid, found.event, found.action) == (HEADERS["x-github-delivery"], "issues", "opened")
    assert (found.project, found.project_key, found.installation, found.subject) == ("77", "acme/shop", "42", "#12")
    assert envelope(HEADERS, payload("closed", milestone=milestone())).subject == "milestone 2.4"
    assert envelope(HEADERS, payload("created", check_run={"head_sha": "a" * 40})).subject == "commit aaaaaaa"


def test_an_installation_event_has_no_project():
    found = envelope(HEADERS, {"action": "created", "installation": {"id": 42}})
    assert (found.project, found.project_key, found.subject) == (None, None, None)


@pytest.mark.parametrize(
    ("headers", "body", "path"),
    [
        ({"x-github-event": "issues"}, {}, "header x-github-delivery"),
        ({"x-github-delivery": "1"}, {}, "header x-github-event"),
        (HEADERS, [], "payload"),
        (HEADERS, {"repository": 1}, "repository"),
        (HEADERS, {"repository": {"id": "77", "full_name": "a/b"}}, "repository.id"),
        (HEADERS, {"action": {}}, "action"),
        (HEADERS, {"installation": {"id": -1}}, "installation.id"),
    ],
)
def test_a_bad_envelope_names_the_header_or_field(headers, body, path):
    with pytest.raises(BadPayload) as caught:
        envelope(headers, body)
    assert caught.value.path == path
