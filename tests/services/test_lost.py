"""Failed webhooks asked for again: once each, over real HTTP, whatever one of them comes to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.services import lost
from app.store import sync, trackers
from app.time import real_now
from integrations.github.adapter import GitHubAdapter
from integrations.ports import Credentials
from integrations.sandbox.payloads import stamp
from tests.contract.fake_deliveries import FakeDeliveries, fake_deliveries
from tests.services.manners import REPO
from tests.world import World


@pytest.fixture
def hub() -> Iterator[FakeDeliveries]:
    with fake_deliveries() as found:
        yield found


def asks(world: World, hub: FakeDeliveries) -> str:
    """What the look for lost webhooks comes to."""
    credentials = Credentials(base_url=hub.url, app_id="1", private_key=hub.pem(), installation="42")
    history = GitHubAdapter(timeout=5).history(credentials)
    with world.db.write() as tx:
        (project,) = trackers.projects(tx, key=REPO)
        sync.ensure(tx, project.id, mode="webhooks", next_at=real_now())
        row = sync.get(tx, project.id)
    assert row is not None
    try:
        return lost.ask_again(world.db, history, project, row, now=real_now())
    finally:
        history.close()


def fails(hub: FakeDeliveries, *guids: str) -> None:
    at = stamp(real_now() - timedelta(hours=1))
    for guid in guids:
        hub.deliver(guid, at=at, status=502)


def test_what_failed_and_never_came_is_asked_for_once(world: World, hub: FakeDeliveries) -> None:
    world.post(world.hub.issue(7, at=world.now), guid="came-another-way")
    fails(hub, "one", "came-another-way", "two")
    hub.deliver("of-last-week", at=stamp(real_now() - timedelta(days=7)), status=502)
    hub.deliveries.append(hub.deliveries.pop(0))  # the oldest is listed last
    assert asks(world, hub) == "2 failed webhooks were asked for again."
    assert sorted({one["guid"] for one in hub.deliveries if one["redelivery"]}) == ["one", "two"]
    assert asks(world, hub) == "", "they were delivered later"


def test_one_that_can_no_longer_be_had_does_not_keep_the_others_back(world: World, hub: FakeDeliveries) -> None:
    fails(hub, "one", "two", "three")
    hub.expired.add(10_001)
    said = asks(world, hub)
    assert said.startswith("2 failed webhooks were asked for again; 1 can no longer be had.")
    assert sorted(hub.asked_again) == [10_000, 10_002]


def test_where_webhooks_may_not_be_seen_that_is_said(world: World, hub: FakeDeliveries) -> None:
    fails(hub, "one")
    hub.forbidden = True
    assert asks(world, hub) == lost.NOT_OURS_TO_SEE
