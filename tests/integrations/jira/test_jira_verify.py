"""Signatures, secret addresses and envelopes: what intake trusts of Jira."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from integrations.errors import BadPayload, BadSignature
from integrations.jira.envelope import IDENTIFIER, envelope
from integrations.jira.verify import HEADER, METHODS, PATH, signature, verify
from integrations.ports import HISTORY
from tests.integrations.jira.payloads import comment, issue, sprint, updated, version, webhook, worklog

RAW = b'{"webhookEvent": "jira:issue_created"}'


def test_atlassian_s_own_example_verifies():
    expected = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    verify({HEADER: expected}, b"Hello World!", "It's a Secret to Everybody")


@pytest.mark.parametrize("method", METHODS)
def test_each_trusted_method_verifies(method):
    by_hand = hmac.new(b"s", RAW, method).hexdigest()
    assert signature(RAW, "s", method) == f"{method}={by_hand}"
    verify({HEADER: f"{method.upper()}={by_hand.upper()}"}, RAW, "s")


@pytest.mark.parametrize(
    ("headers", "secret", "words"),
    [
        ({}, "s", "X-Hub-Signature is missing"),
        ({HEADER: ""}, "s", "X-Hub-Signature is missing"),
        ({HEADER: "sha1=" + hmac.new(b"s", RAW, "sha1").hexdigest()}, "s", "made with sha1"),
        ({HEADER: "md5=" + "0" * 32}, "s", "made with md5"),
        ({HEADER: "0" * 64}, "s", "malformed"),
        ({HEADER: "sha256=" + "0" * 63}, "s", "64 hex digits"),
        ({HEADER: "sha512=" + "0" * 64}, "s", "128 hex digits"),
        ({HEADER: "sha256=" + "0" * 64 + "\n"}, "s", "malformed"),
        ({HEADER: signature(RAW, "other")}, "s", "does not fit"),
        ({HEADER: signature(RAW + b" ", "s")}, "s", "does not fit"),
        ({HEADER: signature(RAW, "")}, "", "no webhook secret"),
        ({PATH: ""}, "", "no webhook secret"),
        ({PATH: "other"}, "s", "address"),
        ({PATH: "é\udcff"}, "s", "address"),
        # A signature that is wrong is not mended by the address it was sent to.
        ({HEADER: signature(RAW, "other"), PATH: "s"}, "s", "does not fit"),
    ],
)
def test_what_is_not_jira_s_is_refused_without_telling_the_secret(headers, secret, words):
    with pytest.raises(BadSignature, match=words) as refused:
        verify(headers, RAW, secret)
    assert hashlib.sha256(RAW).hexdigest() not in str(refused.value)


def test_a_secret_address_stands_in_where_there_is_no_signature():
    verify({PATH: "kÄse"}, RAW, "kÄse")


def test_the_envelope_of_an_issue():
    found = envelope({IDENTIFIER: "abc-1"}, updated())
    assert (found.guid, found.event, found.action) == ("abc-1", "jira:issue_updated", "issue_updated")
    assert (found.project, found.project_key, found.subject) == ("10000", "PAY", "PAY-231")


@pytest.mark.parametrize(
    ("payload", "project", "key", "subject"),
    [
        (webhook("jira:issue_deleted", issue={"id": "1", "key": "PAY-7"}), None, "PAY", "PAY-7"),
        (webhook("sprint_closed", sprint=sprint()), None, None, "sprint Sprint 31"),
        (webhook("jira:version_released", version=version(projectId=10000)), "10000", None, "version 5.2"),
        (webhook("worklog_created", worklog=worklog()), None, None, "work log 70"),
        (webhook("issuelink_created", issueLink={"id": 22}), None, None, "link 22"),
        (webhook("comment_created", comment=comment()), None, None, "comment 900"),
        (webhook("project_deleted", project={"id": 9, "key": "PAY", "name": "Pay"}), "9", "PAY", "project Pay"),
        (webhook("board_created", board={"id": 9, "name": "Team"}), None, None, "board Team"),
        (webhook("user_created"), None, None, None),
    ],
)
def test_what_a_delivery_is_about(payload, project, key, subject):
    found = envelope({IDENTIFIER: "abc-1"}, payload)
    assert (found.project, found.project_key, found.subject) == (project, key, subject)


def test_data_center_sends_no_identifier_so_the_payload_names_itself():
    one, again = envelope({}, updated()), envelope({}, dict(reversed(updated().items())))
    assert one.guid == again.guid
    assert one.guid.startswith("digest:")
    assert envelope({}, updated(history="501")).guid != one.guid


@pytest.mark.parametrize(
    ("headers", "payload", "path"),
    [
        ({}, [], "payload"),
        ({}, {}, "webhookEvent"),
        ({}, {"webhookEvent": ""}, "webhookEvent"),
        ({}, {"webhookEvent": HISTORY}, "webhookEvent"),
        ({IDENTIFIER: "x" * 201}, updated(), f"header {IDENTIFIER}"),
        ({}, {"webhookEvent": "jira:issue_updated", "issue": 1}, "issue"),
        ({}, webhook("x", issue=issue(project={"id": "1"})), "issue.fields.project.key"),
        ({}, webhook("x", version={"projectId": []}), "version.projectId"),
    ],
)
def test_a_bad_envelope_names_the_field(headers, payload, path):
    with pytest.raises(BadPayload) as refused:
        envelope(headers, payload)
    assert refused.value.path == path
