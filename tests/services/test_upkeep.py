"""What people ask for on pages of upkeep: replaying many, trying again, reading again, changing settings."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import chores, outgoing, project_settings, repair
from app.services.bells import SilentRinger
from app.services.chores import Doing
from app.services.labels import label_spec
from app.services.project_settings import Change, Effect
from app.services.publish import Connected, publish
from app.services.retract import Filter
from app.store import chores as store_chores
from app.store import models as m
from app.store.database import Database
from app.store.views import deliveries
from app.store.views.deliveries import DeliveryFilter
from app.store.views.scope import Visible
from app.time import real_now
from integrations.errors import PermanentError
from integrations.ports import Adapters, Credentials
from integrations.sandbox.adapter import SandboxAdapter
from tests.web.seed_rows import NOW

ALL = Visible(secured=True)
RINGER = SilentRinger()


@dataclass(frozen=True)
class Installation:
    """The seeded world over a database, and what chores stand on: a tracker of our own."""

    db: Database
    ids: dict[str, int]
    doing: Doing
    sandbox: SandboxAdapter


@pytest.fixture
def this(seeded_database: tuple[str, dict[str, int]], tmp_path: Path) -> Iterator[Installation]:
    url, ids = seeded_database
    db = Database(url)
    with db.write() as tx:
        tx.execute(sa.update(m.tracker).values(kind="sandbox"))
    sandbox = SandboxAdapter(tmp_path / "sandbox.db", lambda: NOW)
    adapters = Adapters({sandbox.kind: sandbox})

    def connect(_connection_id: int) -> Connected:
        client = sandbox.client(Credentials(base_url=""))
        return Connected(client=client, pace=sandbox.pace, label_specs=label_spec, base_url="http://plumb.example")

    yield Installation(db, ids, Doing(db=db, ringer=RINGER, adapters=adapters, connect=connect), sandbox)
    db.dispose()


def last(this: Installation, kind: str) -> store_chores.Chore:
    with this.db.read() as tx:
        return store_chores.latest(tx, kind)[0]


def statuses(this: Installation) -> dict[str, int]:
    with this.db.read() as tx:
        rows = tx.execute(sa.select(m.delivery.c.status, sa.func.count()).group_by(m.delivery.c.status))
        return {row[0]: row[1] for row in rows}


def add_deliveries(this: Installation, count: int, *, status: str = "aside") -> None:
    values = {
        "tracker_id": this.ids["tracker"], "lane_id": this.ids["lane"], "project_id": this.ids["project"],
        "event": "issues", "received_at": real_now(), "world_at": NOW, "size": 1, "body": zlib.compress(b"{}"), "status": status,
    }  # fmt: skip
    with this.db.write() as tx:
        tx.execute(sa.insert(m.delivery), [{**values, "guid": f"{status}-{n}"} for n in range(count)])


def test_a_replay_of_very_many_goes_page_by_page_and_shows_how_far_it_is(
    this: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_deliveries(this, 1_200)
    where = DeliveryFilter(status="aside")
    id_, total = chores.ask_replay(this.db, RINGER, where, visible=ALL, who="dev-02", now=real_now())
    assert total == 1_201
    add_deliveries(this, 5, status="ignored")  # what comes later is none of its business
    monkeypatch.setattr(chores, "SLICE_SECONDS", -1.0)
    assert chores.run(this.doing, id_)
    assert (last(this, "replay").status, last(this, "replay").done) == ("running", 0), "no time, nothing done"
    monkeypatch.setattr(chores, "SLICE_SECONDS", 60.0)
    assert chores.run(this.doing, id_)
    assert (last(this, "replay").status, last(this, "replay").done) == ("done", 1_201)
    assert statuses(this) == {"pending": 1_202, "done": 3, "ignored": 7}
    assert not chores.run(this.doing, id_), "it is over"


def test_a_replay_is_stopped_where_somebody_says_so(this: Installation) -> None:
    id_, _ = chores.ask_replay(this.db, RINGER, DeliveryFilter(), visible=ALL, who="dev-02", now=real_now())
    chores.stop(this.db, id_, who="dev-03", now=real_now())
    assert not chores.run(this.doing, id_)
    assert statuses(this)["aside"] == 1


def test_a_replay_touches_only_what_whoever_asked_may_see(this: Installation) -> None:
    stranger = Visible(projects=frozenset({this.ids["field"]}))
    with pytest.raises(UserError, match="No delivery matches"):
        chores.ask_replay(this.db, RINGER, DeliveryFilter(), visible=stranger, who="eve", now=real_now())
    mine = Visible(projects=frozenset({this.ids["project"]}), secured=True)
    id_, total = chores.ask_replay(this.db, RINGER, DeliveryFilter(), visible=mine, who="ann", now=real_now())
    assert total == 6, "the ping belongs to no project"
    chores.run(this.doing, id_)
    with this.db.read() as tx:
        left = deliveries.deliveries(tx, visible=ALL, where=DeliveryFilter(status="ignored"))
    assert [row.event for row in left.rows] == ["ping"]


def test_what_was_written_is_taken_back_in_the_background(this: Installation) -> None:
    tracker = this.sandbox.tracker()
    tracker.add_item("demo/curve", 1874, pull=True, labels=("plumb:stalled",))
    id_ = chores.ask_retract(this.db, RINGER, Filter(project="demo/curve"), who="owner", now=real_now())
    assert chores.run(this.doing, id_)
    assert (last(this, "retract").status, last(this, "retract").total) == ("running", 1), "it is marked, not gone"
    publish(this.db, this.ids["connection"], connect=this.doing.connect, ringer=RINGER)
    assert chores.run(this.doing, id_)
    assert (last(this, "retract").status, last(this, "retract").done) == ("done", 1)
    assert tracker.item_labels("demo/curve", 1874) == []
    with this.db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).where(m.audit.c.what == "retracted")) == 1


def test_what_a_tracker_refuses_to_have_taken_back_is_said(this: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    this.sandbox.tracker().add_item("demo/curve", 1874, pull=True, labels=("plumb:stalled",))

    def refuse(*_: object) -> None:
        raise PermanentError("forbidden", "not allowed to")

    monkeypatch.setattr("integrations.sandbox.adapter.SandboxClient.remove_label", refuse)
    id_ = chores.ask_retract(this.db, RINGER, Filter(), who="owner", now=real_now())
    chores.run(this.doing, id_)
    publish(this.db, this.ids["connection"], connect=this.doing.connect, ringer=RINGER)
    chores.run(this.doing, id_)
    found = last(this, "retract")
    assert (found.status, found.done, found.total, found.cursor["refused"]) == ("done", 0, 1, 1)


def test_a_rule_that_is_not_there_fails_the_taking_back_with_words(this: Installation) -> None:
    id_ = chores.ask_retract(this.db, RINGER, Filter(rule="no-such"), who="owner", now=real_now())
    chores.run(this.doing, id_)
    assert last(this, "retract").status == "failed"
    assert "no-such" in last(this, "retract").detail


def test_only_what_was_tried_or_refused_is_tried_again(this: Installation) -> None:
    for name in ("refused", "tried"):
        assert outgoing.retry(this.db, RINGER, this.ids[name], who="dev-02", now=real_now()).startswith("#")
    with this.db.read() as tx:
        rows = tx.execute(
            sa.select(m.publication.c.status, m.publication.c.retry_at).where(
                m.publication.c.id.in_([this.ids["refused"], this.ids["tried"]])
            )
        ).all()
    assert [tuple(row) for row in rows] == [("waiting", None)] * 2
    for name in ("held", "out", "tried"):
        with pytest.raises(UserError, match="nothing to try again"):
            outgoing.retry(this.db, RINGER, this.ids[name], who="dev-02", now=real_now())


def test_an_item_is_read_again_where_its_tracker_can_be_read(this: Installation) -> None:
    key = repair.read_again(
        this.db, RINGER, project_id=this.ids["project"], item_id=this.ids["item"], who="dev-02", now=real_now()
    )
    assert key == "#1874"
    with this.db.read() as tx:
        assert tx.scalar(sa.select(m.wanted_read.c.number)) == 1874
    with pytest.raises(UserError, match="no such item"):
        repair.read_again(
            this.db, RINGER, project_id=this.ids["field"], item_id=this.ids["item"], who="dev-02", now=real_now()
        )


WEEK = Change({}, {"zone": "Europe/Berlin", "weekdays": [0, 1, 2, 3, 4]})


def newest(this: Installation) -> int:
    with this.db.read() as tx:
        return project_settings.newest(tx, this.ids["project"]).id


def test_a_change_of_settings_is_told_before_and_is_a_version_after(this: Installation) -> None:
    project = this.ids["project"]
    with this.db.read() as tx:
        told = project_settings.preview(tx, project, WEEK)
    assert [one.name for one in told.fields] == ["weekdays", "zone"]
    assert Effect("due", "0.8.0", "2026-08-02", "2026-08-03") in told.effects
    assert Effect("day", "2026-08-01", after="free") in told.effects
    assert next(one for one in told.effects if one.kind == "more").count > 20
    base = newest(this)
    made = project_settings.save(this.db, RINGER, project, WEEK, base=base, who="dev-02", now=real_now())
    assert made == told.fields
    with this.db.read() as tx:
        version = project_settings.newest(tx, project)
        assert (version.author, version.valid_from) == ("dev-02", NOW), "it holds from the world's present on"
        assert tx.scalar(sa.select(sa.func.count()).select_from(m.sweep)) > 0, "all of it is judged anew"
        detail = tx.scalar(sa.select(m.audit.c.detail).order_by(m.audit.c.id.desc()).limit(1))
    assert detail == {"before": {}, "after": {"zone": "Europe/Berlin", "weekdays": [0, 1, 2, 3, 4]}}


def test_the_same_again_makes_no_version(this: Installation) -> None:
    project = this.ids["project"]
    project_settings.save(this.db, RINGER, project, WEEK, base=newest(this), who="dev-02", now=real_now())
    base = newest(this)
    assert project_settings.save(this.db, RINGER, project, WEEK, base=base, who="dev-02", now=real_now()) == ()
    assert newest(this) == base
    back = Change({}, {"zone": None, "weekdays": None})
    fields = project_settings.save(this.db, RINGER, project, back, base=base, who="dev-02", now=real_now())
    assert [one.after for one in fields] == [None, None]


def test_who_saves_over_a_change_that_they_have_not_seen_is_told_of_it(this: Installation) -> None:
    project, base = this.ids["project"], newest(this)
    project_settings.save(this.db, RINGER, project, WEEK, base=base, who="dev-02", now=real_now())
    with pytest.raises(UserError, match="Meanwhile dev-02 has changed these settings"):
        project_settings.save(
            this.db, RINGER, project, Change({"comments_per_day": 3}, {}), base=base, who="dev-03", now=real_now()
        )


def test_what_labels_and_statuses_come_to_mean_is_counted(this: Installation) -> None:
    with this.db.read() as tx:
        mine = sa.and_(m.item.c.project_id == this.ids["project"], m.item.c.is_open, m.item.c.status == "open")
        open_ = tx.scalar(sa.select(sa.func.count()).select_from(m.item).where(mine))
        told = project_settings.preview(
            tx, this.ids["project"], Change({"left_out_labels": ["Development"], "statuses": {"open": "waiting"}}, {})
        )
    effects = {one.kind: one for one in told.effects}
    assert effects["label"] == Effect("label", "left_out_labels", after="under", count=1)
    assert (effects["status"].name, effects["status"].after, effects["status"].count) == ("open", "waiting", open_)


def test_statuses_that_nobody_knows_stand_first(this: Installation) -> None:
    with this.db.write() as tx:
        mine = m.item.c.id
        tx.execute(sa.update(m.item).where(mine == this.ids["item"]).values(status="Simmering"))
        tx.execute(sa.update(m.item).where(mine == this.ids["1885"]).values(status="In Review"))
        tx.execute(sa.update(m.item).where(mine == this.ids["1903"]).values(status="Doing", stage="in_progress"))
    with this.db.read() as tx:
        seen = project_settings.view.statuses(tx, this.ids["project"])
    found = project_settings.statuses(seen, {"Frozen": "waiting"}, {"statuses": {"Backlog": "todo"}})
    names = [one.name for one in found]
    assert set(names[:4]) == {"closed", "merged", "open", "Simmering"}
    usual = {one.name: one.usual for one in found}
    assert (usual["In Review"], usual["Doing"], usual["Backlog"]) == ("in_review", "in_progress", "todo")
    assert next(one for one in found if one.name == "Frozen").chosen == "waiting"


def test_a_clock_that_runs_ahead_dates_a_version_by_the_world(this: Installation) -> None:
    with this.db.write() as tx:
        tx.execute(sa.update(m.instance).values(origin_world=NOW + timedelta(days=100)))
    project_settings.save(this.db, RINGER, this.ids["project"], WEEK, base=newest(this), who="dev-02", now=real_now())
    with this.db.read() as tx:
        assert project_settings.newest(tx, this.ids["project"]).valid_from == NOW + timedelta(days=100)
