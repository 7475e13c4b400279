"""The sandbox that speaks Jira's language: what it takes, keeps and tells, and the demo's programme in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from integrations.jira.verify import signature
from integrations.ports import Credentials, Target
from integrations.readings import EffortPart, Field, Reading
from integrations.sandbox import as_jira, programme
from integrations.sandbox.adapter import SandboxAdapter, SandboxClient, jira_sandbox
from integrations.sandbox.demo import DemoJira
from integrations.sandbox.jira_site import JiraSite
from integrations.sandbox.recording import check
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker import SandboxTracker
from rules.intents import LabelSpec

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ISSUE = Target("PAY", 231, "PAY-231")
TEXT = "*Quiet.*\n\n[Why this note?|http://plumb/i/7#plumbline:1:7f3c]"


@pytest.fixture
def adapter(tmp_path: Path) -> SandboxAdapter:
    return jira_sandbox(tmp_path / "box.db", clock=lambda: NOW)


@pytest.fixture
def told() -> list[Webhook]:
    return []


@pytest.fixture
def client(tmp_path: Path, adapter: SandboxAdapter, told: list[Webhook]) -> Iterator[SandboxClient]:
    """A client on a file that knows PAY-231; what is written comes back in `told`."""
    site = JiraSite()
    site.add_project("PAY", "Payments")
    site.open(NOW, "PAY-231", by="Kim", summary="Charge a saved card")
    tracker = SandboxTracker(adapter.path, clock=lambda: NOW, on_webhook=told.append, language=as_jira)
    tracker.observe(site.hooks[0])
    made = SandboxClient(tracker, adapter.site)
    yield made
    made.close()


def decoded(adapter: SandboxAdapter, hook: Webhook) -> Reading:
    return adapter.decode(hook.event, hook.payload, NOW, adapter.site)


def test_a_label_comes_back_as_a_change_of_the_issue(
    adapter: SandboxAdapter, client: SandboxClient, told: list[Webhook]
) -> None:
    assert client.ensure_label("PAY", LabelSpec("plumb:stalled", "d4d4d4", "quiet")) is False
    client.add_label(ISSUE, "plumb:stalled")
    client.remove_label(ISSUE, "plumb:stalled")
    on, off = (decoded(adapter, hook) for hook in told)
    assert [hook.event for hook in told] == ["jira:issue_updated", "jira:issue_updated"]
    assert (on.items[0].labels, off.items[0].labels) == (("plumb:stalled",), ())
    assert [(one.before, one.after) for reading in (on, off) for one in reading.changes] == [
        (None, "plumb:stalled"),
        ("plumb:stalled", None),
    ]
    assert on.actor is not None
    assert on.actor.bot is True


def test_a_comment_comes_back_with_its_marker(
    adapter: SandboxAdapter, client: SandboxClient, told: list[Webhook]
) -> None:
    made = client.create_comment(ISSUE, TEXT)
    client.edit_comment(ISSUE, made.native_id, TEXT.replace("Quiet", "Still quiet"))
    client.delete_comment(ISSUE, made.native_id)
    assert [hook.event for hook in told] == ["comment_created", "comment_updated", "comment_deleted"]
    seen = [decoded(adapter, hook).comments[0] for hook in told]
    assert [(one.event, one.marker, one.native_id) for one in seen] == [
        (event, "plumbline:1:7f3c", made.native_id) for event in ("created", "edited", "deleted")
    ]


def test_our_comment_is_found_by_its_marker(client: SandboxClient) -> None:
    made = client.create_comment(ISSUE, TEXT)
    assert client.find_comment(ISSUE, "plumbline:1:7f3c") == made
    assert client.find_comment(ISSUE, "plumbline:1:7f3") is None


def test_a_later_webhook_of_the_record_shows_what_was_written_meanwhile(
    adapter: SandboxAdapter, client: SandboxClient
) -> None:
    client.add_label(ISSUE, "plumb:stalled")
    site = JiraSite()
    site.add_project("PAY", "Payments")
    site.open(NOW, "PAY-231", by="Kim", summary="Charge a saved card")
    site.change(NOW, "PAY-231", by="Kim", status="In Progress")
    shown = adapter.tracker().observe(site.hooks[1])
    assert shown.payload["issue"]["fields"]["labels"] == ["plumb:stalled"]


def test_the_site_it_plays_is_what_a_survey_finds(adapter: SandboxAdapter) -> None:
    site = adapter.client(Credentials("sandbox:")).survey()
    assert site["fields"]["points"] == ["customfield_10016"]


def test_what_happens_is_told_in_the_order_of_time() -> None:
    site = JiraSite()
    site.add_project("PAY", "Payments")
    site.open(NOW, "PAY-1", by="Kim", summary="One")
    with pytest.raises(ValueError, match="it happened after"):
        site.open(NOW.replace(hour=8), "PAY-2", by="Kim", summary="Two")


def test_a_due_date_and_hours_are_read_as_jira_tells_them(adapter: SandboxAdapter) -> None:
    site = JiraSite()
    site.add_project("PAY", "Payments")
    site.open(NOW, "PAY-1", by="Kim", summary="One", text="As agreed.", hours_planned=8.0)
    site.change(NOW, "PAY-1", by="Kim", due=date(2026, 3, 27), hours_spent=2.5)
    made, changed = (decoded(adapter, hook) for hook in site.hooks)
    (before,), (after,) = made.items, changed.items
    assert before.text is not None
    assert before.text.body == "As agreed."
    assert (before.effort, after.effort) == (EffortPart(planned=8.0), EffortPart(planned=8.0, spent=2.5))
    assert [one.plan.due for one in (before, after) if one.plan is not None] == [None, date(2026, 3, 27)]
    assert {(one.field, one.before, one.after) for one in changed.changes} == {
        (Field.DUE, None, "2026-03-27"),
        (Field.EFFORT, None, "timespent:9000"),
    }


def test_the_demos_jira_is_signed_and_read_to_the_last_webhook(adapter: SandboxAdapter) -> None:
    source = DemoJira(adapter.tracker())
    projects = {seen.native_id for seen in source.projects()}
    readings = []
    for number, hook in enumerate(source.hooks()):
        raw = json.dumps(source.shown(hook)).encode()
        headers = {
            name.lower(): value for name, value in source.headers(hook, raw, guid=f"jira-{number}", secret="s").items()
        }
        adapter.verify(headers, raw, "s")
        assert adapter.envelope(headers, json.loads(raw)).project in {None, *projects}
        readings.append(adapter.decode(hook.event, json.loads(raw), NOW, adapter.site))
    assert signature(raw, "s") == headers["x-hub-signature"]
    keys = {item.key for reading in readings for item in reading.items}
    assert {"PAY-231", "PLAT-77"} <= keys
    assert {seen.kind for reading in readings for seen in reading.milestones} == {"sprint", "version", "epic"}


def test_the_demos_repository_is_private_and_in_order() -> None:
    with programme.repository() as recording:
        assert recording.header.private
        assert {entry.number for entry in check(recording)} == set(range(478, 486))
