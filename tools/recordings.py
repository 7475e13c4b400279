"""Turn recorded GitHub timelines into the recording format of `integrations.sandbox.recording`.

Source: a folder with `secp256k1.compact.jsonl.gz` (items with their timelines), `secp256k1.history.jsonl.gz` (field
changes between hourly backups, for edited texts) and `secp256k1_milestone_states.tsv`. The folder is not part of this
repository. What the source does not hold is not invented, with these exceptions, all approximate:

- A push is known by its force-push, or else by the dates of the commits that survive in the branch; commits within
  a day before a force-push are taken as part of it, commits within an hour as one push.
- Sizes are final. A review comment appears when it was written, not when its review was sent.
- Labels carry their present names; labels the repository no longer has are left out.
- A due date counts as set when it was first seen, or at creation if seen within a day of it; a title as changed when
  an item first joined under it, or when it was first seen, whichever is earlier.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.sandbox.recording import Association, Entry, Header, Kind, Opening, Person, Recording
from tools.disguise import Disguise, Plain
from tools.milestones import MilestoneHistory, milestone_entries, milestone_history, read_states

Raw = dict[str, Any]

LABELS_RENAMED = {
    "Assurance": "assurance",
    "development": "meta/development",
    "documentation": "user-documentation",
    "refactor": "tweak/refactor",
    "refactor/smell": "tweak/refactor",
}
LABELS_DELETED = frozenset({"enhancement", "question"})
NOBODY = "ghost"
_ONE_TO_ONE: dict[str, Kind] = {
    "reopened": "reopened", "convert_to_draft": "drafted", "ready_for_review": "readied", "locked": "locked",
    "unlocked": "unlocked", "labeled": "labeled", "unlabeled": "unlabeled", "assigned": "assigned",
    "unassigned": "unassigned", "review_requested": "review_requested",
    "review_request_removed": "review_request_removed", "milestoned": "milestoned", "demilestoned": "demilestoned",
    "comment_deleted": "comment_deleted",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """The three files, read. `bodies` holds, per item, (when, before, after) of each edited text."""

    items: list[Raw]
    bodies: dict[int, list[tuple[datetime, str, str]]]
    milestones: MilestoneHistory


def load(folder: Path) -> Source:
    """Read the source files of `folder`; raises OSError where one is missing."""
    items = sorted(_lines(folder / "secp256k1.compact.jsonl.gz"), key=lambda item: int(item["number"]))
    bodies: dict[int, list[tuple[datetime, str, str]]] = {}
    for change in _lines(folder / "secp256k1.history.jsonl.gz"):
        if isinstance(change["change"], dict) and "body" in change["change"]:
            before, after = (text or "" for text in change["change"]["body"])
            bodies.setdefault(change["number"], []).append((instant(change["updated_at"]), before, after))
    return Source(items, bodies, milestone_history(items, read_states(folder / "secp256k1_milestone_states.tsv")))


def record(source: Source, *, until: datetime, numbers: Iterable[int] | None = None, disguise: Disguise | None = None,
           repository: str = "bitcoin-core/secp256k1") -> Recording:  # fmt: skip
    """The recording of the items in `numbers` (default: all) up to `until`, entries as a list.

    Without a `disguise` people and texts stay as they are (comments as far as the source holds them): for tests only.
    """
    wanted = None if numbers is None else set(numbers)
    chosen = [
        item for item in source.items
        if instant(item["created_at"]) <= until and (wanted is None or item["number"] in wanted)
    ]  # fmt: skip
    entries = [entry for entry in milestone_entries(source.milestones) if entry.at <= until]
    for item in chosen:
        entries += (entry for entry in item_entries(item, source) if entry.at <= until)
    # Stable: entries of one instant stay as they stand, milestones first, an item's own in their order.
    entries.sort(key=lambda entry: entry.at)
    people = _people(source.items, entries)
    labels = sorted({name for entry in entries for name in _labels_of(entry)})
    header = Header(repository=repository, until=until, people=people, labels=tuple(labels))
    return (disguise or Plain()).apply(Recording(header, entries))


def item_entries(item: Raw, source: Source) -> Iterator[Entry]:
    """The entries of one item, in time order. Ids depend on the item's own timeline alone."""
    number, created = int(item["number"]), instant(item["created_at"])
    timeline = sorted((event for event in item["events"] if event["at"]), key=lambda event: str(event["at"]))
    told = [
        replace(entry, at=max(entry.at, created))
        for place, event in enumerate(timeline)
        for entry in _told(item, event, number * 10_000 + place, source.milestones)
    ]
    edits = source.bodies.get(number, [])
    titles = [event["rename"]["from"] for event in timeline if event["event"] == "renamed"]
    author = item["author"] or NOBODY
    told += (Entry(at=max(at, created), kind="edited", number=number, by=author, body=after) for at, _, after in edits)
    pushes = sorted(_pushes(item, timeline), key=lambda entry: entry.at)
    told = sorted([*told, *(push for push in pushes if push.at > created)], key=lambda entry: entry.at)
    opening = Opening(
        title=titles[0] if titles else item["title"],
        body=edits[0][1] if edits else item["body"] or "",
        association=item["author_association"],
        pull=item["kind"] == "pull",
        draft=_draft_at_first(item, timeline),
        sha=f"{number:07x}" if item["kind"] == "pull" else "",
        additions=item["additions"] or 0,
        deletions=item["deletions"] or 0,
        changed_files=item["changed_files"] or 0,
        commits=item["commits"] or 0,
    )
    yield Entry(at=created, kind="opened", number=number, by=author, opening=opening)
    yield from _closed_once(told, instant(item["closed_at"]) if item["closed_at"] else None)


def instant(text: str) -> datetime:
    """GitHub's time stamp as an aware UTC instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def open_at(items: Iterable[Raw], when: datetime) -> set[int]:
    """Numbers of the items that were open at `when`, from the timelines alone."""
    found = set()
    for item in items:
        if instant(item["created_at"]) > when:
            continue
        turns = [event for event in item["events"] if event["event"] in ("closed", "reopened")]
        kinds = [turn["event"] for turn in turns if instant(turn["at"]) <= when]
        gone = bool(item["closed_at"]) and instant(item["closed_at"]) <= when
        if kinds[-1:] != ["closed"] and not gone:
            found.add(int(item["number"]))
    return found


def _told(item: Raw, event: Raw, identity: int, milestones: MilestoneHistory) -> Iterator[Entry]:
    """What one event of the timeline says; pushes are told apart, and what is no webhook is left out."""
    name, at, by = event["event"], instant(event["at"]), event["actor"] or NOBODY
    entry = Entry(at=at, kind="closed", number=int(item["number"]), by=by)
    if name in ("labeled", "unlabeled"):
        label = LABELS_RENAMED.get(str(event["label"]), str(event["label"]))
        if label not in LABELS_DELETED:
            yield replace(entry, kind=_ONE_TO_ONE[name], label=label)
    elif name in ("milestoned", "demilestoned"):
        yield replace(entry, kind=_ONE_TO_ONE[name], milestone=milestones.number_of[event["milestone"]])
    elif name in _ONE_TO_ONE:
        person = event.get("assignee") or event.get("requested_reviewer") or ""
        known = identity if name == "comment_deleted" else 0
        yield replace(entry, kind=_ONE_TO_ONE[name], person=person, id=known)
    elif name == "closed" or (name == "converted_to_discussion" and item["closed_at"]):
        yield replace(entry, merged=bool(item["merged"]) and item["merged_at"][:16] == event["at"][:16])
    elif name == "merged":
        yield replace(entry, merged=True)
    elif name == "renamed":
        yield replace(entry, kind="edited", title=event["rename"]["to"])
    elif name == "commented":
        yield replace(entry, kind="commented", id=identity, body=event["body"] or "")
    elif name == "reviewed":
        yield replace(entry, kind="reviewed", id=identity, state=event["state"].lower(), body=event.get("body") or "")
    elif name == "review_comment":
        yield replace(entry, kind="review_commented", id=identity, path=event["path"] or "", body=event["body"] or "")


def _closed_once(entries: Iterable[Entry], closed_at: datetime | None) -> Iterator[Entry]:
    """Drop what changes nothing (GitHub tells some closings twice); the closing bears the item's own instant."""
    is_open = True
    for entry in entries:
        if entry.kind in ("closed", "reopened"):
            if is_open == (entry.kind == "reopened"):
                continue
            is_open = entry.kind == "reopened"
            if closed_at and not is_open and abs(entry.at - closed_at) <= timedelta(seconds=2):
                entry = replace(entry, at=closed_at)
        yield entry


def _pushes(item: Raw, timeline: list[Raw]) -> Iterator[Entry]:
    """Pushes to a pull request as far as they can be told; see the head of this module."""
    number, author = int(item["number"]), item["author"] or NOBODY
    forced = [(instant(e["at"]), e["actor"] or author) for e in timeline if e["event"] == "head_ref_force_pushed"]
    ends = instant(item["closed_at"]) if item["closed_at"] else None
    commits = sorted(instant(event["at"]) for event in timeline if event["event"] == "committed")
    moments = list(forced)
    for nth, at in enumerate(commits):
        followed = nth + 1 < len(commits) and commits[nth + 1] - at <= timedelta(hours=1)
        swallowed = any(at <= push <= at + timedelta(days=1) for push, _ in forced)
        if not followed and not swallowed and (ends is None or at < ends):
            moments.append((at, author))
    for nth, (at, by) in enumerate(sorted(moments)):
        yield Entry(at=at, kind="pushed", number=number, by=by, sha=f"{number:05x}{nth + 1:05x}")


def _draft_at_first(item: Raw, timeline: list[Raw]) -> bool:
    turns = [event["event"] for event in timeline if event["event"] in ("convert_to_draft", "ready_for_review")]
    return turns[0] == "ready_for_review" if turns else bool(item["draft"])


def _people(items: Iterable[Raw], entries: Iterable[Entry]) -> tuple[Person, ...]:
    """Everybody in `entries`, the busiest first. Who merges or plans is a member, else the best word GitHub has."""
    ranks: list[Association] = ["NONE", "CONTRIBUTOR", "COLLABORATOR", "MEMBER", "OWNER"]
    best: dict[str, Association] = {}
    bots: set[str] = set()
    for item in items:
        claims = [(item["author"], item["author_association"])]
        claims += ((e["actor"], "MEMBER") for e in item["events"] if e["event"] in ("merged", "milestoned"))
        bots |= {event["actor"] for event in item["events"] if event.get("bot")}
        for login, association in claims:
            if login and ranks.index(association) > ranks.index(best.get(login, "NONE")):
                best[login] = association
    seen = Counter(login for entry in entries for login in (entry.by, entry.person) if login)
    return tuple(
        Person(login=login, association=best.get(login, "NONE"), bot=login in bots or login.endswith("[bot]"))
        for login, _ in sorted(seen.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _labels_of(entry: Entry) -> Iterator[str]:
    if entry.label:
        yield entry.label
    if entry.opening:
        yield from entry.opening.labels


def _lines(path: Path) -> Iterator[Raw]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line)
