"""Connections over a fake GitHub, on both databases: what a check sees, what arrives, and what is done about it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import bootstrap
from app.errors import UserError
from app.services import bells, connecting, health, intake, leaving, watching
from app.services.health import Ability
from app.settings import Settings
from app.store import connecting as store
from app.store import models, trackers
from app.time import real_now
from integrations.errors import BadSignature
from tests.contract.fake_github import Failure, FakeGitHub, fake_github

HERE = "https://plumb.example"
LABELED = "on: {issues: {types: [labeled]}}"


@dataclass
class Place:
    """An installation with one connection to a fake GitHub, and what is asked of it again and again."""

    runtime: bootstrap.Runtime
    hub: FakeGitHub
    connection_id: int = 1

    def examine(self, *, base_url: str = HERE) -> health.Report:
        this = self.runtime
        return health.examine(
            this.db, this.vault, this.adapters, connection_id=self.connection_id, base_url=base_url, now=real_now()
        )

    def able(self, *, base_url: str = HERE) -> dict[str, Ability]:
        """What the connection's page says, by read, write and receive."""
        with self.runtime.db.read() as tx:
            row = connecting.connection(tx, self.connection_id)
            report = health.load(row)
            assert report is not None
            told = health.receive(tx, row, report, base_url=base_url)
        return {one.name: one for one in health.abilities(report, told)}

    def watch(self, *keys: str, **given: Any) -> watching.Watched:
        this = self.runtime
        values: dict[str, Any] = {"settings": {}, "calendar": {}, "pack": "none", "hooks": None} | given
        return watching.watch(
            this.db, this.vault, this.adapters, bells.SilentRinger(), connection_id=self.connection_id, keys=keys,
            who="ada", now=real_now(), real=real_now(), **values,
        )  # fmt: skip

    def secret(self) -> str:
        with self.runtime.db.read() as tx:
            tracker_id = connecting.connection(tx, self.connection_id).tracker_id
        return connecting.webhook_secret(self.runtime.db, self.runtime.vault, tracker_id)

    def deliver(self, event: str, payload: dict[str, Any], *, secret: str | None = None) -> None:
        """A webhook, as GitHub sends it."""
        raw = json.dumps(payload).encode()
        mac = hmac.new((secret or self.secret()).encode(), raw, hashlib.sha256).hexdigest()
        headers = {"x-github-event": event, "x-github-delivery": f"{event}-1", "x-hub-signature-256": f"sha256={mac}"}
        this = self.runtime
        intake.receive(
            "work", headers, raw, kinds=("github",), directory=this.directory, adapters=this.adapters, commits=this.commits
        )  # fmt: skip

    def audited(self) -> list[str]:
        with self.runtime.db.read() as tx:
            return list(tx.scalars(sa.select(models.audit.c.what).order_by(models.audit.c.id)))


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    runtime = bootstrap.build(Settings(home=tmp_path, database_url=database_url, base_url=HERE))
    with fake_github() as hub:
        connection_id = connecting.keep(
            runtime.db, runtime.vault, name="work", kind="github", base_url=hub.url, secrets={"token": "good"},
            report=health.try_out(runtime.adapters, kind="github", base_url=hub.url, secrets={"token": "good"}),
            who="ada", now=real_now(),
        )  # fmt: skip
        yield Place(runtime, hub, connection_id)
    runtime.commits.close()
    runtime.db.dispose()


PING = {"zen": "x", "hook_id": 300, "hook": {"type": "Repository"}, "repository": {"id": 77, "full_name": "acme/shop"}}


# --- a check names what fails ---


def test_all_is_well_but_that_nothing_has_arrived_yet(place):
    place.watch("acme/shop")
    place.examine()
    found = place.able()
    assert (found["read"].state, found["write"].state) == ("ok", "ok")
    assert "plumb" in found["write"].words


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"permissions": {"pull": True}}, "write", "missing role triage or write"),
        ({"archived": True}, "write", "the repository is archived"),
        ({"tokens": set()}, "read", "refused"),
        ({"tokens": set()}, "write", "without that"),
    ],
)
def test_what_a_connection_lacks_is_named_with_what_to_do(place, change, name, words):
    place.watch("acme/shop")
    for field, value in change.items():
        setattr(place.hub, field, value)
    place.examine()
    found = place.able()[name]
    assert found.state == "fails"
    assert words in found.words
    assert found.help


def test_a_project_that_can_no_longer_be_seen_is_named(place):
    place.watch("acme/shop")
    place.hub.fail("GET /repos/acme/shop", Failure(404, {"message": "Not Found"}), times=2)
    place.examine()
    found = place.able()["read"]
    assert found.state == "fails"
    assert "acme/shop cannot be read: missing access to the repository" in found.words
    assert "installation see it" in found.help


def test_a_role_that_may_label_but_makes_no_labels_is_told(place):
    place.hub.permissions = {"triage": True, "pull": True}
    place.watch("acme/shop")
    place.examine()
    found = place.able()["write"]
    assert found.state == "ok"
    assert "role write (to create labels)" in found.words
    assert "role" in found.help


def test_a_tracker_out_of_reach_leaves_everything_not_known(place):
    place.hub.fail("GET", Failure(503, {}), times=9)
    place.examine()
    assert {place.able()[name].state for name in ("read", "write")} == {"unknown"}


def test_what_was_seen_is_kept_word_for_word(place):
    place.hub.files = {".github/workflows/a.yml": LABELED}
    place.watch("acme/shop")
    seen = place.examine()
    with place.runtime.db.read() as tx:
        assert health.load(connecting.connection(tx, place.connection_id)) == seen


# --- receive ---


def test_a_webhook_is_made_pinged_and_waited_for_until_it_arrives(place):
    place.watch("acme/shop", hooks=f"{HERE}/webhooks/github/work")
    (hook,) = place.hub.hooks
    assert hook["config"]["secret"] == place.secret()
    place.examine()
    assert place.hub.pings == [hook["id"]]
    assert place.able()["receive"].state == "waiting"
    place.deliver("ping", PING)
    found = place.able()["receive"]
    assert (found.state, found.words) == ("ok", "Webhooks arrive; the last was a test.")
    assert found.at is not None


def test_a_webhook_that_is_not_there_is_told(place):
    place.watch("acme/shop")
    place.examine()
    found = place.able()["receive"]
    assert found.state == "fails"
    assert "acme/shop has no webhook" in found.words


def test_where_webhooks_are_not_to_be_seen_the_first_delivery_is_waited_for(place):
    place.hub.administers = False
    place.watch("acme/shop", hooks=f"{HERE}/webhooks/github/work")
    place.examine()
    found = place.able()["receive"]
    assert (found.state, found.words) == ("waiting", "Waiting for the first delivery.")


@pytest.mark.parametrize(
    ("hook", "state", "words"),
    [
        ({"active": False}, "fails", "switched off"),
        ({"last_response": {"code": 401, "message": "Unauthorized"}}, "fails", "got: 401 Unauthorized"),
        ({"last_response": {"code": 404, "message": "Not Found"}}, "fails", "got: 404 Not Found"),
    ],
)
def test_a_webhook_that_does_not_work_is_told(place, hook, state, words):
    place.watch("acme/shop", hooks=f"{HERE}/webhooks/github/work")
    place.hub.hooks[0] |= hook
    place.examine()
    found = place.able()["receive"]
    assert found.state == state
    assert words in found.words
    assert found.help


def test_events_that_a_webhook_leaves_out_are_named(place):
    place.watch("acme/shop", hooks=f"{HERE}/webhooks/github/work")
    place.hub.hooks[0]["events"] = ["issues"]
    place.examine()
    place.deliver("ping", PING)
    found = place.able()["receive"]
    assert "leaves out" in found.words
    assert "pull_request" in found.words


def test_at_an_address_of_this_machine_nothing_can_arrive(place):
    place.watch("acme/shop")
    place.examine(base_url="http://127.0.0.1:8080")
    found = place.able(base_url="http://127.0.0.1:8080")["receive"]
    assert "has no webhook that leads here" in found.words, "the tracker is on this machine too, so one could arrive"
    with place.runtime.db.write() as tx:
        tx.execute(sa.update(models.tracker).values(base_url="https://github.acme.example"))
    found = place.able(base_url="http://127.0.0.1:8080")["receive"]
    assert found.state == "fails"
    assert "PLUMBLINE_BASE_URL" in found.help


def test_where_every_project_is_asked_nothing_has_to_arrive(place):
    place.watch("acme/shop", settings={"polling": True})
    place.examine(base_url="http://127.0.0.1:8080")
    found = place.able(base_url="http://127.0.0.1:8080")["receive"]
    assert (found.state, found.words) == ("ok", health.ASKED)


def test_another_secret_is_told_until_the_right_one_comes(place):
    place.watch("acme/shop")
    place.examine()
    with pytest.raises(BadSignature):
        place.deliver("ping", PING, secret="another")
    found = place.able()["receive"]
    assert found.state == "fails"
    assert "was refused" in found.words
    place.deliver("ping", PING)
    assert place.able()["receive"].state == "ok"


def test_strangers_who_knock_all_the_time_cost_one_write(place):
    for _ in range(5):
        with pytest.raises(BadSignature):
            place.deliver("ping", PING, secret="another")
    with place.runtime.db.write() as tx:
        tx.execute(sa.update(models.tracker).values(refused_at=None))
    with pytest.raises(BadSignature):
        place.deliver("ping", PING, secret="another")
    with place.runtime.db.read() as tx:
        assert tx.scalar(sa.select(models.tracker.c.refused_at)) is None


def test_what_was_asked_of_the_tracker_has_not_arrived(place):
    place.watch("acme/shop")
    with place.runtime.db.write() as tx:
        (project,) = trackers.projects(tx)
        row = {
            "tracker_id": project.tracker_id, "lane_id": project.lane_id, "project_id": project.id, "guid": "h-1",
            "event": "plumbline_history", "received_at": real_now(), "world_at": real_now(), "size": 0, "body": b"",
        }  # fmt: skip
        tx.execute(sa.insert(models.delivery).values(**row))
        assert store.last_arrived(tx, project.tracker_id) is None


def test_what_arrived_last_is_found_by_an_index(place):
    with place.runtime.db.write() as tx:
        if not place.runtime.settings.is_sqlite:
            tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if place.runtime.settings.is_sqlite else "EXPLAIN "
        plan = tx.execute(
            sa.text(
                f"{explain}SELECT event, received_at FROM delivery WHERE tracker_id = 1 AND {models.ARRIVED}"
                " ORDER BY id DESC LIMIT 1"
            )
        )
        assert "ix_delivery_arrived" in str(list(plan))


# --- what runs there by itself ---


def test_workflows_and_stale_bots_are_warned_of(place):
    place.hub.files = {".github/stale.yml": "x", ".github/workflows/a.yml": LABELED}
    place.watch("acme/shop")
    found = health.meets(place.examine())
    assert [(one.project, one.where) for one in found] == [
        ("acme/shop", ".github/stale.yml"),
        ("acme/shop", ".github/workflows/a.yml"),
    ]
    assert all(one.help for one in found)


def test_files_that_cannot_be_read_are_said_to_be_unknown(place):
    place.hub.reads_files = False
    place.watch("acme/shop")
    (project,) = place.examine().projects
    assert not project.looked
    assert project.read


# --- choosing ---


def test_a_list_is_searched_paged_and_says_what_is_watched(place):
    many = [place.hub.repository() | {"id": 100 + n, "full_name": f"acme/part-{n:02}"} for n in range(30)]
    place.hub.repositories = [*many, place.hub.repository()]
    place.watch("acme/shop")

    def listed(query: str = "", offset: int = 0) -> watching.Listing:
        this = place.runtime
        return watching.listing(
            this.db, this.vault, this.adapters, connection_id=1, query=query, offset=offset, limit=20
        )  # fmt: skip

    first = listed()
    assert (len(first.rows), first.next, first.cut) == (20, 20, False)
    second = listed(offset=20)
    assert (len(second.rows), second.next) == (11, None)
    assert [one.key for one in second.rows if one.watched] == ["acme/shop"]
    assert [one.key for one in listed("PART-07").rows] == ["acme/part-07"]


def test_what_cannot_be_watched_is_told_and_the_rest_is(place):
    done = place.watch("acme/shop", "acme/nowhere", "no name")
    assert len(done.ids) == 1
    assert len(done.problems) == 2
    assert "acme/nowhere cannot be seen" in done.problems[0]


def test_the_first_project_begins_with_a_pack_that_only_observes_and_later_ones_change_no_rules(place):
    done = place.watch("acme/shop", pack="open-source")
    assert done.rules
    with place.runtime.db.read() as tx:
        modes = set(tx.scalars(sa.select(models.rule_version.c.mode)))
    assert "live" not in modes
    assert place.watch("acme/shop", pack="scrum").rules == ()


# --- looking after ---


def test_a_new_secret_goes_into_the_webhook_and_the_old_one_is_refused(place):
    place.watch("acme/shop", hooks=f"{HERE}/webhooks/github/work")
    before = place.secret()
    this = place.runtime
    left = connecting.rotate_secret(
        this.db, this.vault, this.adapters, connection_id=1, url=f"{HERE}/webhooks/github/work", who="ada", now=real_now()
    )  # fmt: skip
    assert left == ()
    assert place.secret() != before
    assert place.hub.hooks[0]["config"]["secret"] == place.secret()
    with pytest.raises(BadSignature):
        place.deliver("ping", PING, secret=before)
    place.deliver("ping", PING)
    assert "webhook secret changed" in place.audited()


def test_a_webhook_that_is_not_ours_to_change_is_named(place):
    place.watch("acme/shop")
    place.hub.administers = False
    this = place.runtime
    left = connecting.rotate_secret(
        this.db, this.vault, this.adapters, connection_id=1, url=f"{HERE}/webhooks/github/work", who="ada", now=real_now()
    )  # fmt: skip
    assert len(left) == 1
    assert left[0].startswith("acme/shop: ")


def test_a_look_back_is_asked_for_at_once(place):
    place.watch("acme/shop")
    with place.runtime.db.write() as tx:
        tx.execute(sa.update(models.sync).values(next_at=real_now() + timedelta(hours=1)))
    before = real_now()
    connecting.reconcile(place.runtime.db, bells.SilentRinger(), project_id=1, who="ada", now=before)
    with place.runtime.db.read() as tx:
        assert tx.scalar(sa.select(models.sync.c.next_at)) == before
        assert tx.scalar(sa.select(sa.func.count()).where(models.bell.c.kind == "sync")) == 1
    with pytest.raises(UserError, match="no past"):
        connecting.reconcile(place.runtime.db, bells.SilentRinger(), project_id=99, who="ada", now=before)


def test_a_project_is_left_alone_or_with_all_that_is_known(place):
    place.watch("acme/shop")
    assert leaving.leave(place.runtime.db, project_id=1, purge=False, who="ada", now=real_now()) == 0
    with place.runtime.db.read() as tx:
        assert trackers.projects(tx) == []
    place.watch("acme/shop")
    assert leaving.leave(place.runtime.db, project_id=1, purge=True, who="ada", now=real_now()) > 0
    with pytest.raises(UserError):
        leaving.leave(place.runtime.db, project_id=1, purge=False, who="ada", now=real_now())


def test_every_change_stands_in_the_audit_log_with_who_made_it(place):
    place.watch("acme/shop", hooks=f"{HERE}/webhooks/github/work")
    with place.runtime.db.read() as tx:
        who = set(tx.scalars(sa.select(models.audit.c.who)))
    assert who == {"ada"}
    assert place.audited() == ["tracker added", "project added", "webhooks made"]
