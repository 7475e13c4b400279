"""Webhooks that could not be delivered, found and asked for again over HTTP: of an App, and of a repository's hook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integrations.errors import PermanentError
from integrations.github.adapter import GitHubAdapter
from integrations.github.history import GitHubHistory
from integrations.ports import Credentials
from tests.contract.fake_deliveries import FakeDeliveries, fake_deliveries

TO = "/webhooks/github/hub"
SINCE = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def hub() -> Iterator[FakeDeliveries]:
    with fake_deliveries() as found:
        yield found


@pytest.fixture
def app(hub: FakeDeliveries) -> Iterator[GitHubHistory]:
    found = GitHubAdapter(timeout=5).history(
        Credentials(base_url=hub.url, app_id="1", private_key=hub.pem(), installation="42")
    )
    yield found
    found.close()


@pytest.fixture
def token(hub: FakeDeliveries) -> Iterator[GitHubHistory]:
    found = GitHubAdapter(timeout=5).history(Credentials(base_url=hub.url, token="minted"))
    yield found
    found.close()


def a_bad_week(hub: FakeDeliveries) -> None:
    """Seven attempts on four pages; the oldest is from before the time that is asked for."""
    hub.deliver("before", at="2026-03-01T23:59:59Z", status=502)
    hub.deliver("early", at="2026-03-03T10:00:00Z", status=502)
    hub.deliver("later-fine", at="2026-03-04T10:00:00Z", status=500)
    hub.deliver("elsewhere", at="2026-03-05T10:00:00Z", status=502, repository=78)
    hub.deliver("no-answer", at="2026-03-06T10:00:00Z", status=0)
    hub.deliver("fine", at="2026-03-07T10:00:00Z", status=202)
    hub.deliver("later-fine", at="2026-03-08T10:00:00Z", status=202, again=True)


def test_an_app_finds_over_all_pages_what_never_arrived_and_asks_for_it_as_itself(
    hub: FakeDeliveries, app: GitHubHistory
) -> None:
    a_bad_week(hub)
    lost = app.lost_deliveries("acme/shop", to=TO, since=SINCE)
    assert [one.guid for one in lost] == ["early", "no-answer"]
    assert [one.at.day for one in lost] == [3, 6]
    assert hub.calls.count("GET /app/hook/deliveries") == 4
    for one in lost:
        app.redeliver("acme/shop", one.handle)
    assert [one["guid"] for one in hub.deliveries[:2]] == ["no-answer", "early"]
    assert app.lost_deliveries("acme/shop", to=TO, since=SINCE) == (), "all have arrived by now"


def test_one_that_fails_again_is_found_again_once(hub: FakeDeliveries, app: GitHubHistory) -> None:
    hub.deliver("early", at="2026-03-03T10:00:00Z", status=502)
    hub.arrives = 502
    for _ in range(2):
        (lost,) = app.lost_deliveries("acme/shop", to=TO, since=SINCE)
        app.redeliver("acme/shop", lost.handle)
    assert hub.asked_again == [10_000, 10_001], "the latest attempt is the one asked for"


def test_a_token_sees_the_hook_that_leads_here(hub: FakeDeliveries, token: GitHubHistory) -> None:
    a_bad_week(hub)
    lost = token.lost_deliveries("acme/shop", to=TO, since=SINCE)
    assert [one.guid for one in lost] == ["early", "no-answer"]
    token.redeliver("acme/shop", lost[0].handle)
    assert hub.calls[-1].startswith("POST /repos/acme/shop/hooks/3/deliveries/")
    assert token.lost_deliveries("acme/shop", to="/webhooks/github/other", since=SINCE) == ()


def test_one_that_can_no_longer_be_had_is_told_as_gone(hub: FakeDeliveries, app: GitHubHistory) -> None:
    hub.deliver("early", at="2026-03-03T10:00:00Z", status=502)
    (lost,) = app.lost_deliveries("acme/shop", to=TO, since=SINCE)
    hub.expired.add(10_000)
    with pytest.raises(PermanentError) as caught:
        app.redeliver("acme/shop", lost.handle)
    assert (caught.value.code, hub.asked_again) == ("gone", [])


@pytest.mark.parametrize("who", ["app", "token"])
def test_one_who_may_not_see_webhooks_is_told_so(hub: FakeDeliveries, who: str, request: pytest.FixtureRequest) -> None:
    hub.forbidden = True
    history: GitHubHistory = request.getfixturevalue(who)
    with pytest.raises(PermanentError) as caught:
        history.lost_deliveries("acme/shop", to=TO, since=SINCE)
    assert caught.value.code == "gone"


def test_an_app_whose_key_is_another_ones_is_refused(hub: FakeDeliveries) -> None:
    with fake_deliveries() as other:
        wrong = Credentials(base_url=hub.url, app_id="1", private_key=other.pem(), installation="42")
    history = GitHubAdapter(timeout=5).history(wrong)
    with pytest.raises(PermanentError) as caught:
        history.lost_deliveries("acme/shop", to=TO, since=SINCE)
    history.close()
    assert caught.value.code == "unauthorised"
