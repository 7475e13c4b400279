"""What a changelog says happened, for webhooks (`changelog`) and for the REST API's `histories` alike.

The fields of Jira itself are known by their id, or where none is told (Data Center) by their English name, which no
language setting changes; custom fields as the site's survey found them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations import read
from integrations.jira.decode import item, keys, milestones, sprints
from integrations.jira.site import Site
from integrations.readings import ChangeSeen, Field, PersonSeen

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """One entry of history: all that was changed at one go."""

    native_id: str
    at: datetime
    actor: PersonSeen | None
    item: str
    url: str | None
    site: Site
    logins: Mapping[str, str] = field(default_factory=dict)
    subtask: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """One changed field of a history."""

    of: History
    data: Payload
    path: str

    def text(self, key: str) -> str | None:
        """A value; nothing is None, however Jira writes it."""
        return read.opt_text(self.data, key, self.path) or None

    def ident(self, key: str) -> str | None:
        return None if self.data.get(key) in (None, "") else read.ident(self.data, key, self.path)


_Told = Iterator[ChangeSeen]


def changes(of: History, items: list[Payload], path: str) -> tuple[ChangeSeen, ...]:
    """The changes in one history; fields that are no history of ours give none."""
    found: dict[str, ChangeSeen] = {}
    for place, data in enumerate(items):
        entry = _Entry(of, data, f"{path}.{place}")
        reader = _reader(entry)
        for change in reader(entry) if reader is not None else ():
            found.setdefault(change.natural_key, change)
    return tuple(found.values())


def unclear(items: list[Payload], path: str, site: Site) -> str:
    """What a changelog says happened without saying to what: a sprint that it names, but not by its id."""
    for place, data in enumerate(items):
        entry = f"{path}.{place}"
        field_id, name = read.opt_text(data, "fieldId", entry), read.text(data, "field", entry)
        if site.is_sprint(field_id, name) and not (data.get("from") or data.get("to")):
            return f"{name} changed, but the changelog names no ids: only the issue itself tells its sprints"
    return ""


def first_status(items: list[Payload], path: str) -> str | None:
    """The status before this history, where it changed."""
    for place, data in enumerate(items):
        if _name(data, f"{path}.{place}") == "status":
            return read.opt_text(data, "fromString", f"{path}.{place}")
    return None


def _name(data: Payload, path: str) -> str:
    """The name of one of Jira's own fields, folded; empty for a custom field."""
    if read.opt_text(data, "fieldtype", path) == "custom":
        return ""
    return (read.opt_text(data, "fieldId", path) or read.text(data, "field", path)).casefold()


def _reader(entry: _Entry) -> Callable[[_Entry], _Told] | None:
    found = _READERS.get(_name(entry.data, entry.path))
    if found is not None:
        return found
    field_id, name = read.opt_text(entry.data, "fieldId", entry.path), read.text(entry.data, "field", entry.path)
    site = entry.of.site
    if site.is_sprint(field_id, name):
        return _sprint
    if site.is_epic(field_id, name):
        return _epic
    if site.is_flagged(field_id, name):
        return _plain(Field.FLAG, "flagged")
    if site.is_points(field_id, name):
        return _points
    return _READERS.get(name.casefold()) if entry.data.get("fieldtype") != "custom" else None


def _made(entry: _Entry, what: str, field: Field, before: str | None, after: str | None) -> ChangeSeen:
    of = entry.of
    key = keys.entry(of.native_id, what)
    return ChangeSeen(key, of.at, field, of.actor, item=of.item, before=before, after=after, url=of.url)


def _plain(field: Field, what: str) -> Callable[[_Entry], _Told]:
    """A field told by its words."""

    def told(entry: _Entry) -> _Told:
        yield _made(entry, what, field, entry.text("fromString"), entry.text("toString"))

    return told


def _body(entry: _Entry) -> _Told:
    """A description that was empty is told as such: None would mean that nobody knows what was there before."""
    yield _made(entry, "description", Field.BODY, entry.text("fromString") or "", entry.text("toString") or "")


def _due(entry: _Entry) -> _Told:
    days = [read.opt_date(entry.data, key, entry.path) for key in ("from", "to")]
    before, after = (None if day is None else day.isoformat() for day in days)
    yield _made(entry, "duedate", Field.DUE, before, after)


def _assignee(entry: _Entry) -> _Told:
    """By login where the payload shows the person, else by the name that Jira shows."""
    words = []
    for key, cloud in (("from", "tmpFromAccountId"), ("to", "tmpToAccountId")):
        native_id = entry.ident(cloud) or entry.ident(key)
        shown = entry.text(f"{key}String")
        words.append(entry.of.logins.get(native_id or "") or shown or native_id)
    yield _made(entry, "assignee", Field.ASSIGNEE, *words)


def _labels(entry: _Entry) -> _Told:
    """Jira tells the whole list before and after, parted by blanks."""
    old, new = ((entry.text(key) or "").split() for key in ("fromString", "toString"))
    for name in dict.fromkeys(one for one in old if one not in new):
        yield _made(entry, f"label:-{name}", Field.LABEL, name, None)
    for name in dict.fromkeys(one for one in new if one not in old):
        yield _made(entry, f"label:+{name}", Field.LABEL, None, name)


def _moved(entry: _Entry, native: str, *, joined: bool) -> ChangeSeen:
    kind, _, native_id = native.partition("/")
    what = f"{kind}:{'+' if joined else '-'}{native_id}"
    ends = (None, native) if joined else (native, None)
    return _made(entry, what, Field.MILESTONE, *ends)


def _sprint(entry: _Entry) -> _Told:
    for native, joined in sprints.moves(entry.text("from"), entry.text("to")):
        yield _moved(entry, native, joined=joined)


def _version(entry: _Entry) -> _Told:
    for key, joined in (("from", False), ("to", True)):
        if (native_id := entry.ident(key)) is not None:
            yield _moved(entry, f"version/{native_id}", joined=joined)


def _epic(entry: _Entry) -> _Told:
    """The epic it is in. Of a sub-task the parent changes, which is no epic."""
    if entry.of.subtask:
        yield from _plain(Field.LINK, "parent")(entry)
        return
    for key, joined in (("from", False), ("to", True)):
        if (native_id := entry.ident(key)) is not None:
            yield _moved(entry, milestones.epic_id(native_id), joined=joined)


def _link(entry: _Entry) -> _Told:
    """In Jira's words, such as "This issue blocks PAY-7"."""
    for key, sign in (("from", "-"), ("to", "+")):
        if (other := entry.text(key)) is not None:
            words = entry.text(f"{key}String") or other
            ends = (words, None) if sign == "-" else (None, words)
            yield _made(entry, f"link:{sign}{other}:{words}", Field.LINK, *ends)


def _points(entry: _Entry) -> _Told:
    before, after = (item.number(entry.data, key, entry.path) for key in ("fromString", "toString"))
    yield _made(entry, "points", Field.ESTIMATE, _figure(before), _figure(after))


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _hours(what: str) -> Callable[[_Entry], _Told]:
    """Seconds planned, left or spent; which of them, the words say."""

    def told(entry: _Entry) -> _Told:
        words = [None if (one := entry.ident(key)) is None else f"{what}:{one}" for key in ("from", "to")]
        yield _made(entry, what, Field.EFFORT, *words)

    return told


_READERS: Mapping[str, Callable[[_Entry], _Told]] = {
    "status": _plain(Field.STATE, "status"),
    "summary": _plain(Field.TITLE, "summary"),
    "description": _body,
    "issuetype": _plain(Field.TYPE, "issuetype"),
    "issue type": _plain(Field.TYPE, "issuetype"),
    "type": _plain(Field.TYPE, "issuetype"),
    "security": _plain(Field.SECURITY, "security"),
    "key": _plain(Field.PROJECT, "key"),
    "issuekey": _plain(Field.PROJECT, "key"),
    "parent": _plain(Field.LINK, "parent"),
    "parent issue": _plain(Field.LINK, "parent"),
    "issueparentassociation": _epic,
    "duedate": _due,
    "assignee": _assignee,
    "labels": _labels,
    "fix version": _version,
    "fixversions": _version,
    "link": _link,
    "issuelinks": _link,
    "timespent": _hours("timespent"),
    "timeestimate": _hours("timeestimate"),
    "timeoriginalestimate": _hours("timeoriginalestimate"),
}
