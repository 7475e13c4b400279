"""What happened to an item.

The action of an `issues` or `pull_request` delivery as a change, and the snapshot with that action laid over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from integrations import read
from integrations.github.decode import item, keys, parts
from integrations.readings import ChangeSeen, Field, ItemSeen, MilestoneSeen, PersonSeen, PlanPart
from rules.facts import Kind


@dataclass(frozen=True, slots=True)
class Acted:
    """An item after an action. `unsure`: a read must tell the rest."""

    seen: ItemSeen
    changes: tuple[ChangeSeen, ...] = ()
    milestones: tuple[MilestoneSeen, ...] = ()
    unsure: bool = False


TICK = timedelta(seconds=2)
"""How far the instants that GitHub gives one and the same event may lie apart."""
Payload = Mapping[str, Any]
Act = Callable[[Payload, ItemSeen, PersonSeen | None, datetime], Acted]


def act(action: str, payload: Payload, seen: ItemSeen, *, actor: PersonSeen | None, at: datetime) -> Acted:
    """The item after `action`, with its changes.

    An action that is no history of ours (pinned, typed, …) gives the snapshot alone.
    """
    found = _ACTS.get(action)
    return Acted(seen) if found is None else found(payload, seen, actor, at)


def change(
    field: Field,
    seen: ItemSeen,
    *,
    what: str,
    actor: PersonSeen | None,
    at: datetime,
    before: str | None = None,
    after: str | None = None,
) -> ChangeSeen:
    """A change of `seen`; see `keys` for `what`."""
    url = None if seen.text is None else seen.text.url
    key = keys.of_item(field.value, seen.number, what, at)
    return ChangeSeen(key, at, field, actor, item=seen.native_id, before=before, after=after, url=url)


def _opened(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    born = at if seen.text is None else seen.text.created_at
    return Acted(seen, (change(Field.STATE, seen, what="opened", actor=actor, at=born, after="open"),))


def _closed(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    state = seen.state
    if state is not None and state.open:
        seen = replace(seen, state=replace(state, open=False, status="closed", closed_at=at))
    if state is not None and state.closed_at is not None:
        at = state.closed_at
    word = "closed" if seen.state is None else seen.state.status
    return Acted(seen, (change(Field.STATE, seen, what="closed", actor=actor, at=at, before="open", after=word),))


def _reopened(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    if seen.state is not None and not seen.state.open:
        seen = replace(seen, state=replace(seen.state, open=True, status="open", closed_at=None, reason=None))
    return Acted(seen, (change(Field.STATE, seen, what="reopened", actor=actor, at=at, before="closed", after="open"),))


def _edited(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    changed = read.soft_obj(payload, "changes")
    found = []
    for field in (Field.TITLE, Field.BODY):
        if field.value in changed and seen.text is not None:
            before = read.opt_text(read.soft_obj(changed, field.value), "from", f"changes.{field.value}")
            after = seen.text.title if field is Field.TITLE else seen.text.body
            found.append(change(field, seen, what="", actor=actor, at=at, before=before, after=after))
    return Acted(seen, tuple(found))


def _label(*, on: bool) -> Act:
    def labelled(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        label = read.opt_obj(payload, "label")
        if label is None:
            return Acted(item.with_label(seen, None, on=on), unsure=True)
        name = read.text(label, "name", "label")
        said = change(
            Field.LABEL,
            seen,
            what=f"{_sign(on=on)}{name}",
            actor=actor,
            at=at,
            before=None if on else name,
            after=name if on else None,
        )
        return Acted(item.with_label(seen, name, on=on), (said,))

    return labelled


def _assignee(*, on: bool) -> Act:
    def assigned(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        who = parts.opt_person(payload, "assignee", "")
        if who is None:
            return Acted(seen)
        said = change(
            Field.ASSIGNEE,
            seen,
            what=f"{_sign(on=on)}{who.native_id}",
            actor=actor,
            at=at,
            before=None if on else who.login,
            after=who.login if on else None,
        )
        return Acted(item.with_assignee(seen, who, on=on), (said,))

    return assigned


def _reviewer(*, on: bool) -> Act:
    def requested(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        who = parts.opt_person(payload, "requested_reviewer", "")
        team = read.opt_obj(payload, "requested_team")
        slug: str | None = None
        if who is not None:
            what, word = who.native_id, who.login
        elif team is None:
            return Acted(seen)
        else:
            what = f"team:{read.whole(team, 'id', 'requested_team')}"
            word = slug = read.opt_text(team, "slug", "requested_team") or read.text(team, "name", "requested_team")
        said = change(
            Field.REVIEWER,
            seen,
            what=_sign(on=on) + what,
            actor=actor,
            at=at,
            before=None if on else word,
            after=word if on else None,
        )
        return Acted(item.with_reviewer(seen, who, slug, on=on), (said,))

    return requested


def _milestone(*, on: bool) -> Act:
    def milestoned(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        data = read.opt_obj(payload, "milestone")
        if data is not None:
            one = parts.milestone(data, "milestone")
        elif on and seen.plan is not None and seen.plan.milestones:
            one = seen.plan.milestones[0]
        else:
            # An older payload that does not say which milestone was left; the snapshot is all there is.
            return Acted(seen)
        said = change(
            Field.MILESTONE,
            seen,
            what=f"{_sign(on=on)}{one.title}",
            actor=actor,
            at=at,
            before=None if on else one.native_id,
            after=one.native_id if on else None,
        )
        return Acted(item.with_milestone(seen, PlanPart((one,)), on=on), (said,), (one,))

    return milestoned


def _draft(*, draft: bool) -> Act:
    def drafted(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        if seen.pull is not None and seen.pull.draft is not draft:
            seen = replace(seen, pull=replace(seen.pull, draft=draft))
        before, after = ("ready", "draft") if draft else ("draft", "ready")
        return Acted(seen, (change(Field.DRAFT, seen, what=after, actor=actor, at=at, before=before, after=after),))

    return drafted


def _lock(*, locked: bool) -> Act:
    def lock(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        if seen.state is not None and seen.state.locked is not locked:
            seen = replace(seen, state=replace(seen.state, locked=locked))
        word = "locked" if locked else "unlocked"
        return Acted(seen, (change(Field.LOCK, seen, what=word, actor=actor, at=at, after=word),))

    return lock


def _queue(word: str) -> Act:
    def queued(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
        if seen.pull is not None and word.startswith("auto_merge"):
            seen = replace(seen, pull=replace(seen.pull, auto_merge=word == "auto_merge_enabled"))
        on = word in ("auto_merge_enabled", "enqueued")
        thing = "auto_merge" if word.startswith("auto_merge") else "merge_queue"
        return Acted(
            seen,
            (
                change(
                    Field.QUEUE,
                    seen,
                    what=word,
                    actor=actor,
                    at=at,
                    before=None if on else thing,
                    after=thing if on else None,
                ),
            ),
        )

    return queued


def _pushed(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    sha = read.opt_text(payload, "after") or ("" if seen.pull is None else seen.pull.head_sha)
    before = read.opt_text(payload, "before")
    url = None if seen.text is None else f"{seen.text.url}/commits/{sha}"
    key = keys.push(seen.number, sha)
    return Acted(
        seen, (ChangeSeen(key, at, Field.PUSH, actor, item=seen.native_id, before=before, after=sha, url=url),)
    )


def _deleted(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    return Acted(replace(seen, deleted=True))


def _transferred(payload: Payload, seen: ItemSeen, actor: PersonSeen | None, at: datetime) -> Acted:
    changes = read.obj(payload, "changes")
    to, there = read.obj(changes, "new_issue", "changes"), read.obj(changes, "new_repository", "changes")
    number = read.whole(to, "number", "changes.new_issue")
    return Acted(replace(seen, moved_to=item.native_id(str(read.whole(there, "id", "changes.new_repository")), number)))


def may_be_discussion(action: str, seen: ItemSeen) -> bool:
    """Whether an issue may just have been turned into a discussion: GitHub locks and closes it at one instant, and no
    documented webhook says why. (What is locked long after it was closed is somebody's tidying up.)
    """
    state = seen.state
    if action not in ("closed", "locked") or seen.kind is not Kind.ISSUE or state is None or not state.locked:
        return False
    return state.open or state.closed_at is None or seen.as_of is None or seen.as_of - state.closed_at <= TICK


def _sign(*, on: bool) -> str:
    return "+" if on else "-"


_ACTS: Mapping[str, Act] = {
    "opened": _opened,
    "closed": _closed,
    "merged": _closed,
    "reopened": _reopened,
    "edited": _edited,
    "labeled": _label(on=True),
    "unlabeled": _label(on=False),
    "assigned": _assignee(on=True),
    "unassigned": _assignee(on=False),
    "review_requested": _reviewer(on=True),
    "review_request_removed": _reviewer(on=False),
    "milestoned": _milestone(on=True),
    "demilestoned": _milestone(on=False),
    "ready_for_review": _draft(draft=False),
    "converted_to_draft": _draft(draft=True),
    "locked": _lock(locked=True),
    "unlocked": _lock(locked=False),
    "auto_merge_enabled": _queue("auto_merge_enabled"),
    "auto_merge_disabled": _queue("auto_merge_disabled"),
    "enqueued": _queue("enqueued"),
    "dequeued": _queue("dequeued"),
    "synchronize": _pushed,
    "deleted": _deleted,
    "transferred": _transferred,
}
