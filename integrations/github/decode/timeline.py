"""An item's timeline as changes: the same parts, words and natural keys as the webhooks that told them at the time.

Pure. What a timeline cannot tell, and what only it can, is in `docs/two-ways.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integrations import read
from integrations.github.decode import keys, parts
from integrations.github.decode.actions import TICK, change
from integrations.github.decode.conversation import GHOST, said
from integrations.github.render import marker_in
from integrations.readings import ChangeSeen, CommentSeen, Field, ItemSeen, PersonSeen

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """What a timeline tells. `given` maps dismissed reviews' ids to the state they were given with."""

    changes: tuple[ChangeSeen, ...]
    comments: tuple[CommentSeen, ...]
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _At:
    """One entry, placed: `path` names it in errors."""

    entry: Entry
    path: str
    at: datetime
    actor: PersonSeen | None
    seen: ItemSeen
    milestones: Mapping[str, str]


def past(
    entries: list[Any], seen: ItemSeen, *, milestones: Mapping[str, str], since: datetime | None, path: str = "timeline"
) -> Past:
    """Read a timeline of `seen`. `milestones` maps titles to native ids; comments from `since` on are news."""
    names = {**milestones, **_own_title(entries, seen)}
    placed = sorted(_placed(entries, seen, names, path), key=lambda one: one.at)
    changes: list[ChangeSeen] = [*_opened(seen), *_turns(placed, seen)]
    comments: list[CommentSeen] = []
    given: dict[str, str] = {}
    for one in placed:
        name = str(one.entry.get("event"))
        if name == "commented":
            comment, written = _commented(one, since)
            comments.append(comment)
            changes.append(written)
        elif name == "review_dismissed":
            changes.extend(_dismissed(one, given))
        elif (told := _TOLD.get(name)) is not None:
            changes.extend(told(one))
    return Past(tuple({found.natural_key: found for found in changes}.values()), tuple(comments), given)


def _placed(entries: list[Any], seen: ItemSeen, milestones: Mapping[str, str], path: str) -> Iterable[_At]:
    for place, entry in enumerate(entries):
        here = f"{path}.{place}"
        if type(entry) is not dict:
            raise read.bad(path, str(place), entry, "an object")
        at = _instant(entry, here)
        if at is not None:
            actor = parts.opt_person(entry, "actor", here)
            yield _At(entry, here, at, actor, seen, milestones)


def _instant(entry: Entry, path: str) -> datetime | None:
    if entry.get("event") == "committed":
        return read.opt_instant(read.soft_obj(entry, "committer"), "date", f"{path}.committer")
    return read.opt_instant(entry, "created_at", path)


def _own_title(entries: list[Any], seen: ItemSeen) -> dict[str, str]:
    """The milestone an item is in, under the title it joined it by: timelines know only titles, and those change."""
    if seen.plan is None or not seen.plan.milestones:
        return {}
    last = next(
        (one for one in reversed(entries) if type(one) is dict and one.get("event") in ("milestoned", "demilestoned")),
        None,
    )
    title = None if last is None else read.soft_obj(last, "milestone").get("title")
    if last is None or last["event"] != "milestoned" or type(title) is not str:
        return {}
    return {read.clean(title): seen.plan.milestones[0].native_id}


def _opened(seen: ItemSeen) -> Iterable[ChangeSeen]:
    if seen.text is not None:
        text = seen.text
        yield change(Field.STATE, seen, what="opened", actor=text.author, at=text.created_at, after="open")


def _turns(placed: Iterable[_At], seen: ItemSeen) -> Iterable[ChangeSeen]:
    """Closings and reopenings; GitHub tells some closings twice (by a merge, a commit), and those of conversions not
    at all.
    """
    turns = [one for one in placed if one.entry.get("event") in _TURNS]
    merged = [one.at for one in turns if one.entry["event"] == "merged"]
    ended = seen.state.closed_at if seen.state is not None else None
    is_open = True
    for one in turns:
        opens = one.entry["event"] == "reopened"
        if opens is is_open:
            continue
        is_open = opens
        if opens:
            yield change(Field.STATE, seen, what="reopened", actor=one.actor, at=one.at, before="closed", after="open")
            continue
        at = ended if ended is not None and abs(ended - one.at) <= TICK else one.at
        word = "merged" if any(abs(when - one.at) <= TICK for when in merged) else "closed"
        yield change(Field.STATE, seen, what="closed", actor=one.actor, at=at, before="open", after=word)
    if is_open and ended is not None and seen.state is not None and not seen.state.open:
        yield change(Field.STATE, seen, what="closed", actor=None, at=ended, before="open", after=seen.state.status)


_TURNS = frozenset({"closed", "merged", "reopened", "converted_to_discussion"})


def _commented(one: _At, since: datetime | None) -> tuple[CommentSeen, ChangeSeen]:
    entry, path = one.entry, one.path
    author = parts.author(entry, path) or (one.actor or GHOST)
    native_id = str(read.whole(entry, "id", path))
    url = read.opt_text(entry, "html_url", path) or ""
    news = since is not None and one.at >= since
    comment = CommentSeen(
        item=one.seen.native_id,
        native_id=native_id,
        event="created" if news else "seen",
        body=read.opt_text(entry, "body", path) or "",
        marker=marker_in(read.opt_text(entry, "body", path)),
        author=author,
        actor=author,
        at=one.at,
        url=url,
    )
    of, text = one.seen.native_id, comment.body
    return comment, said(Field.COMMENT, native_id, of, actor=author, at=one.at, url=url, text=text)


def _dismissed(one: _At, given: dict[str, str]) -> Iterable[ChangeSeen]:
    review = read.soft_obj(one.entry, "dismissed_review")
    if type(review.get("review_id")) is not int:
        return
    native_id = str(read.whole(review, "review_id", f"{one.path}.dismissed_review"))
    state = review.get("state")
    if type(state) is str:
        given[native_id] = state.lower()
    key = keys.by_id("review", native_id) + ":dismissed"
    url = one.seen.text.url if one.seen.text is not None else None
    found = ChangeSeen(key, one.at, Field.REVIEW, one.actor, item=one.seen.native_id, after="dismissed", url=url)
    yield replace(found, url=f"{url}#pullrequestreview-{native_id}" if url else None)


def _made(
    one: _At, field: Field, *, what: str, before: str | None = None, after: str | None = None
) -> Iterable[ChangeSeen]:
    yield change(field, one.seen, what=what, actor=one.actor, at=one.at, before=before, after=after)


def _pair(one: _At, field: Field, token: str, *, on: bool, word: str) -> Iterable[ChangeSeen]:
    """Something put on or taken off."""
    sign = "+" if on else "-"
    yield from _made(one, field, what=f"{sign}{token}", before=None if on else word, after=word if on else None)


def _renamed(one: _At) -> Iterable[ChangeSeen]:
    names = read.obj(one.entry, "rename", one.path)
    before, after = read.opt_text(names, "from", one.path), read.opt_text(names, "to", one.path)
    yield from _made(one, Field.TITLE, what="", before=before, after=after)


def _labelled(one: _At) -> Iterable[ChangeSeen]:
    name = read.text(read.obj(one.entry, "label", one.path), "name", f"{one.path}.label")
    yield from _pair(one, Field.LABEL, name, on=one.entry["event"] == "labeled", word=name)


def _assigned(one: _At) -> Iterable[ChangeSeen]:
    who = parts.opt_person(one.entry, "assignee", one.path)
    if who is not None:
        # The one who assigned stands in `assigner`, where GitHub still knows; `actor` is then the assignee.
        by = parts.opt_person(one.entry, "assigner", one.path) or one.actor
        yield from _pair(
            replace(one, actor=by), Field.ASSIGNEE, who.native_id, on=one.entry["event"] == "assigned", word=who.login
        )


def _reviewer(one: _At) -> Iterable[ChangeSeen]:
    on = one.entry["event"] == "review_requested"
    who = parts.opt_person(one.entry, "requested_reviewer", one.path)
    if who is not None:
        yield from _pair(one, Field.REVIEWER, who.native_id, on=on, word=who.login)
        return
    team = read.opt_obj(one.entry, "requested_team", one.path)
    if team is not None:
        path = f"{one.path}.requested_team"
        word = read.opt_text(team, "slug", path) or read.text(team, "name", path)
        yield from _pair(one, Field.REVIEWER, f"team:{read.whole(team, 'id', path)}", on=on, word=word)


def _milestoned(one: _At) -> Iterable[ChangeSeen]:
    """A milestone known by its title then; one that no longer goes by it stands under that title."""
    title = read.text(read.obj(one.entry, "milestone", one.path), "title", f"{one.path}.milestone")
    word = one.milestones.get(title, title)
    yield from _pair(one, Field.MILESTONE, title, on=one.entry["event"] == "milestoned", word=word)


def _drafted(one: _At) -> Iterable[ChangeSeen]:
    draft = one.entry["event"] == "convert_to_draft"
    before, after = ("ready", "draft") if draft else ("draft", "ready")
    yield from _made(one, Field.DRAFT, what=after, before=before, after=after)


def _locked(one: _At) -> Iterable[ChangeSeen]:
    word = str(one.entry["event"])
    yield from _made(one, Field.LOCK, what=word, after=word)


def _queued(word: str, thing: str, *, on: bool) -> Callable[[_At], Iterable[ChangeSeen]]:
    return lambda one: _made(one, Field.QUEUE, what=word, before=None if on else thing, after=thing if on else None)


def _pushed(one: _At) -> Iterable[ChangeSeen]:
    """A commit that is in the pull request now, or a forced push. Commits from before it was opened are no pushes."""
    name = "sha" if one.entry["event"] == "committed" else "commit_id"
    sha = read.opt_text(one.entry, name, one.path)
    text = one.seen.text
    if not sha or text is None or one.at <= text.created_at:
        return
    key = keys.push(one.seen.number, sha)
    at = one.at if one.seen.as_of is None else min(one.at, one.seen.as_of)
    url = f"{text.url}/commits/{sha}"
    yield ChangeSeen(key, at, Field.PUSH, one.actor, item=one.seen.native_id, after=sha, url=url)


_TOLD: Mapping[str, Callable[[_At], Iterable[ChangeSeen]]] = {
    "renamed": _renamed,
    "labeled": _labelled,
    "unlabeled": _labelled,
    "assigned": _assigned,
    "unassigned": _assigned,
    "review_requested": _reviewer,
    "review_request_removed": _reviewer,
    "milestoned": _milestoned,
    "demilestoned": _milestoned,
    "convert_to_draft": _drafted,
    "ready_for_review": _drafted,
    "locked": _locked,
    "unlocked": _locked,
    "auto_merge_enabled": _queued("auto_merge_enabled", "auto_merge", on=True),
    "auto_squash_enabled": _queued("auto_merge_enabled", "auto_merge", on=True),
    "auto_rebase_enabled": _queued("auto_merge_enabled", "auto_merge", on=True),
    "auto_merge_disabled": _queued("auto_merge_disabled", "auto_merge", on=False),
    "added_to_merge_queue": _queued("enqueued", "merge_queue", on=True),
    "removed_from_merge_queue": _queued("dequeued", "merge_queue", on=False),
    "committed": _pushed,
    "head_ref_force_pushed": _pushed,
}
TOLD = frozenset({*_TOLD, *_TURNS, "commented", "review_dismissed"})
"""The entries of a timeline that become history here."""
