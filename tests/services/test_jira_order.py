"""Any order of a Jira's webhooks, with repetitions and with the reads that they ask for, ends in the same picture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.store import models
from tests.integrations.jira.payloads import SITE
from tests.picture import differences, forget, picture
from tests.services.jira_hub import ADA, BOB, JiraHub
from tests.services.jira_world import JiraWorld
from tests.world import GROWN, LATE, MONDAY, STALLED


def lived() -> JiraHub:
    """Two projects on one Jira, with every kind of event that the core keeps."""
    hub = JiraHub(at=MONDAY - timedelta(days=20))
    hub.version("80", name="5.1", releaseDate="2026-02-20", startDate="2026-02-10")
    hub.version("81", name="5.1.1", releaseDate="2026-02-27")
    hub.version("82", name="5.2", releaseDate="2026-03-20")
    hub.sprint(31, "created")
    hub.sprint(31, "started", startDate="2026-02-11T08:00:00.000Z", endDate="2026-02-17T08:00:00.000Z")
    hub.sprint(32, "created", name="Next")
    epic = hub.issue("PAY-1", kind="Epic")
    one = hub.issue("PAY-2", parent=epic)
    two = hub.issue("PAY-3", kind="Bug", by=BOB)
    part = hub.issue("PAY-4", kind="Sub-task", parent=one)
    shop = hub.issue("SHOP-1")
    lost = hub.issue("SHOP-2", by=BOB)
    away = hub.issue("PAY-5")
    backlog = hub.issue("PAY-6")
    for item in (one, two, shop, backlog):
        hub.plan(item, 31)
    hub.under(two, epic)
    hub.fix(one, "80")
    hub.fix(two, "81")
    hub.fix(away, "80")
    hub.points(one, 5)
    hub.assign(one, BOB)
    hub.status(one, "In Progress", by=BOB)
    hub.link(two, shop)
    hub.link(one, two)
    hub.worklog(one, 7200)
    hub.comment(shop)
    hub.comment(two, "Found it.", by=ADA)
    hub.move(two, "SHOP-3")
    hub.edit(two, summary="Found and moved")
    hub.label(two, "cards", "triage")
    hub.worklog(two, 3600)
    hub.flag(shop)
    hub.sprint(31, "updated", name="The first", endDate="2026-02-18T08:00:00.000Z")
    hub.assign(backlog, BOB)
    hub.status(backlog, "In Progress", by=BOB)
    hub.status(part, "Done")
    hub.status(one, "Done", by=BOB)
    hub.comment(lost)
    hub.delete(lost)
    hub.version("81", "deleted", mergedTo="80")
    hub.edit(two, description="- [x] one")
    hub.under(two, None)
    hub.link(one, two, on=False)
    hub.sprint(31, "closed")
    hub.plan(two, 32)
    hub.move(away, "OLD-9")
    hub.edit(away, summary="Nobody here may know")
    hub.points(shop, 3)
    hub.points(shop, None)
    hub.flag(shop, up=False)
    hub.edit(epic, summary="Cards")
    hub.sprint(32, "deleted")
    hub.version("80", "released", released=True)
    return hub


HUB = lived()
HOOKS = HUB.hooks
END = HUB.now + timedelta(days=20)
RULES = (STALLED, LATE, GROWN)
LEFT_OUT = {
    "items": {"guards", "milestone_natives"},  # as of when it is known; and what the memberships say better
    "milestones": {"as_of"},
}


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[JiraWorld]:
    """One world for all examples, emptied before each."""
    url = request.getfixturevalue(f"shared_{request.param}_url")
    made = JiraWorld(url, {"10": "PAY", "20": "SHOP"}, at=END, site=SITE)
    yield made
    made.close()


def told(world: JiraWorld, order: list[int], cuts: frozenset[int]) -> dict[str, Any]:
    """The picture after these webhooks: drained, and read as they ask for, at the cuts; judged at the end."""
    forget(world)
    world.at(END)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(order)), len(order)]
    for start, end in pairwise(edges):
        world.deliver(HOOKS[number] for number in order[start:end])
        world.drain()
        if start % 2 == 0:
            world.read(lambda native: HUB.tell(native, asked_at=END))
    world.read(lambda native: HUB.tell(native, asked_at=END))
    world.rules(*RULES)
    world.drain()
    world.wait(hours=2)
    world.drain()
    return shown(world)


def shown(world: JiraWorld) -> dict[str, Any]:
    found = picture(world)
    for part, names in LEFT_OUT.items():
        found[part] = {key: {n: v for n, v in row.items() if n not in names} for key, row in found[part].items()}
    # the page of a change is under the key that its issue had when it was first heard of
    found["changes"] = {(*key[:6], *key[7:]): number for key, number in found["changes"].items()}
    keys = {id_: key for key, id_ in world.projects.items()}
    found["homes"] = {row.native_id: keys[row.project_id] for row in world.rows(sa.select(models.item))}
    found["owners"] = {row.native_id: keys.get(row.project_id) for row in world.rows(sa.select(models.milestone))}
    return found


IN_ORDER = list(range(len(HOOKS)))
_expected: dict[int, dict[str, Any]] = {}


def expected(world: JiraWorld) -> dict[str, Any]:
    if id(world) not in _expected:
        _expected[id(world)] = told(world, IN_ORDER, frozenset())
    return _expected[id(world)]


@given(
    order=st.permutations(IN_ORDER),
    again=st.lists(st.sampled_from(IN_ORDER), max_size=6),
    cuts=st.frozensets(st.integers(0, len(HOOKS)), max_size=6),
)
@example(order=IN_ORDER, again=[], cuts=frozenset(IN_ORDER))
@example(order=IN_ORDER[::-1], again=[], cuts=frozenset())
@example(order=IN_ORDER[::-1], again=IN_ORDER, cuts=frozenset(IN_ORDER[::9]))
@example(order=IN_ORDER[1::2] + IN_ORDER[::2], again=[], cuts=frozenset(IN_ORDER[::5]))
@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_order_of_arrival_ends_in_the_same_state(
    world: JiraWorld, order: list[int], again: list[int], cuts: frozenset[int]
) -> None:
    wanted = expected(world)
    assert differences(wanted, told(world, [*order, *again], cuts)) == []


def test_the_week_ends_as_it_was_lived(world: JiraWorld) -> None:
    found = expected(world)
    assert world.counts().keys() <= {"done", "ignored"}
    homes = {row["key"]: found["homes"][native] for native, row in found["items"].items()}
    assert homes == {
        "PAY-1": "PAY", "PAY-2": "PAY", "SHOP-3": "SHOP", "PAY-4": "PAY", "SHOP-1": "SHOP", "SHOP-2": "SHOP",
        "PAY-5": "PAY", "PAY-6": "PAY",
    }  # fmt: skip
    rows = {row["key"]: row for row in found["items"].values()}
    assert (rows["PAY-5"]["moved_to"], rows["PAY-5"]["title"]) == ("OLD-9", "Work on PAY-5")
    assert rows["SHOP-2"]["deleted_at"] is not None
    assert rows["SHOP-1"]["estimate"] is None
    assert rows["PAY-4"]["kind"] == "subtask"
    natives = {row["key"]: native for native, row in found["items"].items()}
    stays = {(item, milestone): (joined, left) for item, milestone, joined, left in found["memberships"]}
    ended = datetime.fromisoformat(HUB.sprints[31]["completeDate"])
    assert stays[natives["PAY-2"], "sprint/31"][1] is None, "done in it"
    assert stays[natives["PAY-6"], "sprint/31"][1] == ended, "back to the backlog, which no issue tells"
    assert stays[natives["SHOP-3"], "version/81"][1] == stays[natives["SHOP-3"], "version/80"][0]
    assert stays[natives["SHOP-3"], "version/80"][1] is None
    assert found["owners"]["sprint/31"] == "PAY"
    assert found["standings"]
    assert date(2026, 2, 18) == found["milestones"]["sprint/31"]["due"]
