"""Stored projects as rules need them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.services.projects import Projects
from app.store.trackers import ProjectRow


def row(*, name: str, kind: str) -> ProjectRow:
    return ProjectRow(
        id=1,
        tracker_id=1,
        tracker_name=name,
        tracker_kind=kind,
        connection_id=1,
        lane_id=1,
        native_id="1",
        key="acme/shop",
        url="",
        public=True,
        service_desk=False,
        site={},
        status="active",
        status_detail="",
        known_from=None,
        last_delivery_at=None,
        paused_at=None,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(("kind", "spoken"), [("github", "github"), ("sandbox", "github"), ("jira", "jira")])
def test_rules_go_by_what_a_tracker_is_and_not_by_the_name_people_gave_it(kind, spoken):
    found = Projects([row(name="our own", kind=kind)], {})
    assert found.facts[1].tracker == spoken
