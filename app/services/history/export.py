"""A history written line by line from a database: everything that judging reads, and nothing secret.

What is written is what trackers told and what people decided; what is derived from it is left out, and so are
connections, deliveries, flags and notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from pydantic import BaseModel

from app.services.history import records
from app.services.history.item_records import Check, Head, Item, Pull, Review
from app.services.projects import SPEAKS
from app.store import history as store
from app.store import trackers
from app.store.database import Tx

Row = dict[str, Any]


@dataclass(slots=True)
class Written:
    """What a file holds, by kind of record; and what was left out because nothing tells when it was made."""

    counts: Counter[str] = field(default_factory=Counter)


def export(
    tx: Tx, projects: Sequence[trackers.ProjectRow], *, header: records.Header, written: Written | None = None
) -> Iterator[str]:
    """The lines of a history of some projects. A transaction that has not read yet sees one state of them all."""
    written = written if written is not None else Written()
    for record in _Export(tx, projects, header).records():
        written.counts[record.kind] += 1  # type: ignore[attr-defined]
        yield records.line(record)


def header_of(*, since: Any, now: datetime, made_by: str) -> records.Header:
    """The first line of a file that is written now."""
    return records.Header(kind="history", version=records.VERSION, made_at=now, made_by=made_by, since=since)


class _Export:
    """One file on its way: which items and milestones stand in it already."""

    def __init__(self, tx: Tx, projects: Sequence[trackers.ProjectRow], header: records.Header) -> None:
        self.tx, self.projects, self.header = tx, projects, header
        self.since = None if header.since is None else datetime.combine(header.since, time(), tzinfo=UTC)
        self.ids = [row.id for row in projects]
        self.trackers = sorted({row.tracker_id for row in projects})
        self.items: dict[int, int] = {}
        """Items in the file, with their projects."""
        self.milestones: dict[int, Row] = {}

    def records(self) -> Iterator[BaseModel]:
        yield self.header
        yield from self._trackers()
        yield from self._projects()
        for row in store.settings_of(self.tx, self.ids):
            yield records.Settings(
                kind="settings",
                project=self._project(row["project_id"]),
                valid_from=row["valid_from"],
                settings=row["settings"],
                calendar=row["calendar"],
                author=row["author"],
            )
        for row, inside in store.programmes_of(self.tx, self.ids):
            yield records.Programme(
                kind="programme",
                name=row["name"],
                projects=[str(id_) for id_ in inside],
                same_readers=row["same_readers"],
                created_at=row["created_at"],
            )
        for row, parts in store.people_of(self.tx, self.ids):
            yield self._person(row, parts)
        for row in store.items_of(self.tx, self.ids, since=self.since):
            self.items[row["id"]] = row["project_id"]
            yield self._item(row)
        for row, dues in store.milestones_of(self.tx, self.ids):
            self.milestones[row["id"]] = row
            yield self._milestone(row, dues)
        for row in store.baselines_of(self.tx, list(self.milestones)):
            yield self._baseline(row)
        for row in store.links_of(self.tx, self.ids):
            if row["source_item_id"] in self.items:
                yield self._link(row)
        for row in store.changes_of(self.tx, self.ids, since=self.since):
            if (row["item_id"] if row["item_id"] is not None else row["milestone_id"]) is not None:
                yield from self._change(row)
        for row in store.rule_versions(self.tx):
            yield _rule(row)

    def _project(self, id_: int) -> str | None:
        """A project as records name it: not at all where it is the only one."""
        return str(id_) if len(self.ids) > 1 else None

    def _tracker(self, id_: int) -> str | None:
        return str(id_) if len(self.trackers) > 1 else None

    def _trackers(self) -> Iterator[BaseModel]:
        for row in trackers.trackers(self.tx):
            if row.id in self.trackers:
                yield records.Tracker(
                    kind="tracker",
                    id=str(row.id),
                    tracker_kind=SPEAKS.get(row.kind, row.kind),
                    name=row.name,
                    url=row.base_url,
                    statuses=row.site.get("statuses", {}),
                )

    def _projects(self) -> Iterator[BaseModel]:
        for row in self.projects:
            known = row.known_from
            if self.since is not None and (known is None or known < self.since):
                known = self.since
            yield records.Project(
                kind="project",
                key=row.key,
                id=str(row.id),
                tracker=self._tracker(row.tracker_id),
                native=row.native_id,
                url=row.url,
                public=row.public,
                service_desk=row.service_desk,
                known_from=known,
                created_at=row.created_at,
            )

    def _person(self, row: Row, parts: Sequence[Row]) -> BaseModel:
        return records.Person(
            kind="person",
            id=str(row["id"]),
            login=row["login"],
            tracker=self._tracker(row["tracker_id"]),
            native=row["native_id"],
            bot=row["bot"],
            parts=[
                records.Membership(project=str(part["project_id"]), member=part["member"], as_of=part["as_of"])
                for part in parts
            ],
        )

    def _item(self, row: Row) -> BaseModel:
        traits, effort = row["traits"], row["effort"]
        shut = row["closed_at"] is not None or row["deleted_at"] is not None
        return Item(
            kind="item",
            id=str(row["id"]),
            key=row["key"],
            title=row["title"],
            created_at=row["created_at"],
            item_kind=row["kind"],
            project=self._project(row["project_id"]),
            number=row["number"],
            native=row["native_id"],
            body=row["body"],
            url=row["url"],
            author=_text(row["author_id"]),
            open=row["is_open"] if row["is_open"] == shut else None,
            status=row["status"],
            stage=row["stage"],
            closed_at=row["closed_at"],
            closed_as=row["closed_as"],
            locked=row["locked"],
            labels=row["labels"],
            assignees=[str(who) for who in row["assignee_ids"]],
            milestones=row["milestone_natives"],
            due=row["due"],
            estimate=row["estimate"],
            spent=row["spent"],
            planned=effort.get("planned"),
            left=effort.get("left"),
            type=traits.get("type") or "",
            bug=bool(traits.get("bug")),
            flagged=bool(traits.get("flagged")),
            priority=traits.get("priority"),
            components=list(traits.get("components", ())),
            secured=row["secured"],
            head_sha=row["head_sha"],
            head_ref=row["head_ref"],
            base_ref=row["base_ref"],
            pull=_pull(row["pull"]),
            reviews=[Review(who=who, state=state, at=at) for who, (state, at) in sorted(row["reviews"].items())],
            checks=[
                Check(name=name.removesuffix(f"@{sha}"), state=state, at=at, sha=sha)
                for name, (state, at, sha) in sorted(row["checks"].items())
            ],
            gap=row["gap"],
            deleted_at=row["deleted_at"],
            moved_to=row["moved_to"],
        )

    def _milestone(self, row: Row, dues: Sequence[Row]) -> BaseModel:
        leader = self.milestones.get(row["joined_to"])
        beside = leader is not None and leader["tracker_id"] != row["tracker_id"]
        gone, shut = row["deleted_at"] is not None, row["closed_at"] is not None
        return records.Milestone(
            kind="milestone",
            id=row["native_id"],
            milestone_kind=row["kind"],
            project=str(row["project_id"]) if row["project_id"] in self.ids else None,
            tracker=self._tracker(row["tracker_id"]),
            title=row["title"],
            number=row["number"],
            url=row["url"],
            created_at=row["created_at"],
            open=row["is_open"] if not gone and row["is_open"] == shut else None,
            closed_at=row["closed_at"],
            released=row["released"],
            start=row["start"],
            due=row["due"],
            dues=[records.Due(due=seen["due"], as_of=seen["as_of"]) for seen in dues],
            as_of=row["as_of"],
            board=row["board"],
            merged_into=row["merged_into"],
            joined_to=None if leader is None else leader["native_id"],
            joined_to_tracker=str(leader["tracker_id"]) if leader is not None and beside else None,
            home=_text(row["home_item_id"] if row["home_item_id"] in self.items else None),
            growth=row["growth"],
            kept=row["kept"],
            deleted_at=row["deleted_at"],
        )

    def _baseline(self, row: Row) -> BaseModel:
        of = self.milestones[row["milestone_id"]]
        return records.Baseline(
            kind="baseline",
            milestone=of["native_id"],
            as_of=row["as_of"],
            members={id_: estimate for id_, estimate in row["members"].items() if int(id_) in self.items},
            how=row["how"],
            tracker=self._tracker(of["tracker_id"]),
            author=row["author"],
            reason=row["reason"],
            created_at=row["created_at"],
        )

    def _link(self, row: Row) -> BaseModel:
        return records.Link(
            kind="link",
            source=str(row["source_item_id"]),
            link_kind=row["kind"],
            to=_text(row["target_item_id"] if row["target_item_id"] in self.items else None),
            target=row["target"],
            origin=row["origin"],
            at=row["as_of"],
        )

    def _change(self, row: Row) -> Iterator[BaseModel]:
        of = self.milestones.get(row["milestone_id"])
        if of is None and row["item_id"] not in self.items:
            return
        keeper = of["project_id"] if of is not None else self.items[row["item_id"]]
        yield records.Change(
            kind="change",
            at=row["at"],
            field=row["field"],
            item=None if of is not None else str(row["item_id"]),
            milestone=None if of is None else of["native_id"],
            tracker=None if of is None else self._tracker(of["tracker_id"]),
            project=None if row["project_id"] == keeper else str(row["project_id"]),
            who=_text(row["actor_id"]),
            before=row["before"],
            after=row["after"],
            url=row["url"],
            bulk=row["bulk"],
            key=row["natural_key"],
        )


def _pull(pull: Row | None) -> Pull | None:
    if pull is None:
        return None
    sizes, told, merges = pull.get("sizes", {}), pull.get("told", {}), pull.get("merges", {})
    return Pull(
        draft=bool(pull.get("draft")),
        merged=bool(pull.get("merged")),
        auto_merge=bool(pull.get("auto_merge")),
        from_fork=bool(pull.get("from_fork")),
        reviewers=[str(who) for who in pull.get("reviewers", ())],
        reviewer_teams=list(pull.get("reviewer_teams", ())),
        heads=[
            Head(
                sha=sha,
                lines=sizes.get(sha, (None,))[0],
                files=sizes[sha][1] if sha in sizes else None,
                first=sizes[sha][2] if sha in sizes else None,
                told=told.get(sha),
                mergeable=merges[sha][0] if sha in merges else None,
                mergeable_at=merges[sha][1] if sha in merges else None,
            )
            for sha in sorted({*sizes, *merges})
        ],
    )


def _rule(row: Row) -> BaseModel:
    scope = row["scope"]
    return records.RuleVersion(
        kind="rule",
        name=row["name"],
        rule_type=row["type"],
        version=row["version"],
        valid_from=row["valid_from"],
        removed_at=row["removed_at"],
        title=row["title"],
        params=row["params"],
        scope=records.RuleScope(
            projects=list(scope.get("projects", ())),
            kinds=list(scope.get("kinds", ())),
            condition=scope.get("condition"),
        ),
        severity=row["severity"],
        reach=row["reach"],
        mode=row["mode"],
        live_since=row["live_since"],
        author=row["author"],
    )


def _text(id_: int | None) -> str | None:
    return None if id_ is None else str(id_)
